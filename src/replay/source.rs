//! The source of a replay: a file or a directory, opened for reading.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bevy::app::App;
use bevy_session_journal::internal::disk::{
    ArchivesDisk, Disk, ReadOnlyDisk, RealDisk, StoredSession, session_of_file,
};
use bevy_session_journal::internal::read::recovery::Tape;
use bevy_session_journal::internal::read::report::open_of_any_game;
use bevy_session_journal::internal::write::slot_bytes;
use bevy_session_journal::{CheckpointKind, EventSource, RecordedEvent, SessionContext, SessionId};
use tracing::warn;

use super::playback::{Playback, ReplayManner};
use super::played::{Build, Played};
use super::{Keyframe, ReplayError};
use crate::SessionPlugin;

/// The studio's name in an app that plays a tape.
pub(super) const STUDIO: &str = "bevy_session";
pub(super) const GAME: &str = "replay";
/// The most directories between a game's directory and a session.
const DEPTH: usize = 5;

/// A recorded session, opened for replay.
pub struct Replay {
    path: PathBuf,
    disk: Arc<dyn Disk>,
    stored: StoredSession,
    tape: Tape,
    /// True if it may end with a crash: a session, or the report of a run that ended.
    is_of_run: bool,
}

impl fmt::Debug for Replay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Replay")
            .field("path", &self.path)
            .field("keyframes", &self.tape.keyframes.len())
            .field("events", &self.tape.events.len())
            .finish_non_exhaustive()
    }
}

impl Replay {
    /// Opens a report, the file of a slot or an archive, the directory of a session, or a directory
    /// in which a game keeps its sessions: of several, the one that was played last. Nothing is
    /// changed.
    ///
    /// A report has the newest checkpoint before the process ended, and the recording after it. A
    /// slot or an archive has only checkpoints, of which only those moments can be shown.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] if there is no such file or session, or no checkpoint of it can be read.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ReplayError> {
        Self::open_on(Arc::new(RealDisk), &path.into())
    }

    /// Opens a recording on a disk.
    pub(super) fn open_on(disk: Arc<dyn Disk>, path: &Path) -> Result<Self, ReplayError> {
        let path = path.to_owned();
        let disk: Arc<dyn Disk> = Arc::new(ReadOnlyDisk::new(Arc::new(ArchivesDisk::new(disk))));
        let is_directory = disk.list(&path).is_ok();
        let (disk, stored, tape, is_of_run) = match is_directory {
            true => {
                let stored = newest_session(&*disk, &path)?;
                let tape = Tape::of_session(&*disk, &stored);
                let tape = tape.map_err(|error| unreadable(&path, error))?;
                (disk, stored, tape, true)
            }
            false => match open_of_any_game(&*disk, &path) {
                Ok(opened) => {
                    let disk: Arc<dyn Disk> = Arc::new(opened.disk);
                    (disk, opened.stored, opened.tape, opened.is_of_last_run)
                }
                Err(error) => {
                    let session = session_of_file(&*disk, &path).map_err(|_| error)?;
                    let stored = StoredSession::of_file(&*disk, &path, session);
                    let tape = Tape::of_file(&stored);
                    (disk, stored, tape, false)
                }
            },
        };
        if tape.keyframes.is_empty() {
            return Err(ReplayError::NoCheckpoint { path });
        }
        Ok(Self { path, disk, stored, tape, is_of_run })
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.stored.id()
    }

    /// What recorded it: the game, its version and the engine's. An exact replay needs that build; it isn't checked.
    #[must_use]
    pub fn context(&self) -> Option<&SessionContext> {
        self.stored.index().newest_head().map(|head| &head.metadata.context)
    }

    /// The checkpoints that can be restored, oldest first. There is at least one.
    #[must_use]
    pub fn keyframes(&self) -> &[Keyframe] {
        &self.tape.keyframes
    }

    /// The recorded events, oldest first: inputs, messages, events, and the session's own. A report
    /// has only those that an exact replay needs.
    pub fn events(&self) -> impl Iterator<Item = &RecordedEvent> {
        self.tape.events.iter().filter(|event| !event.event_type.is_of_frames())
    }

    /// The number of missing events, since they are private, damaged or too many. If inputs are
    /// missing, the replay diverges from there on.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.tape.missing
    }

    /// Returns true if inputs were recorded, so that it can be played exactly.
    #[must_use]
    pub fn has_inputs(&self) -> bool {
        self.tape.events.iter().any(|event| event.event_type.source == EventSource::Input)
    }

    /// Starts the replay, at the first checkpoint.
    ///
    /// `build` makes the game's app as for [`TestGame`](crate::testing::TestGame), with the given
    /// plugin in place of its own. It should leave out systems that start or resume sessions. The
    /// app's inputs come from the tape: inputs of recorded types that the game's own systems write
    /// are dropped.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] if the checkpoint can't be read or the game doesn't restore it.
    pub fn play(
        self,
        build: impl Fn(SessionPlugin) -> App + 'static,
        manner: ReplayManner,
    ) -> Result<Playback, ReplayError> {
        let build: Build = Arc::new(build);
        let played = Played::new(&build);
        let mut playback = Playback::new(self, build, played, manner);
        playback.rewind()?;
        Ok(playback)
    }

    /// Play time at the end of what was recorded.
    pub(super) fn last_moment(&self) -> Duration {
        let events = self.tape.events.iter().map(|event| event.moment.play_time);
        let keyframes = self.tape.keyframes.iter().map(|keyframe| keyframe.play_time);
        events.chain(keyframes).max().unwrap_or_default()
    }

    /// Returns true if the recording of a run has no last checkpoint, as one has that was left. A slot is no recording.
    pub(super) fn breaks_off(&self) -> bool {
        let was_left =
            self.tape.keyframes.last().is_some_and(|last| last.kind == CheckpointKind::Exit);
        self.is_of_run && !was_left && !self.tape.events.is_empty()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn stored(&self) -> &StoredSession {
        &self.stored
    }

    pub(super) fn tape(&self) -> &Tape {
        &self.tape
    }

    /// The newest keyframe that isn't later; the first, if all are.
    pub(super) fn keyframe_at(&self, play_time: Duration) -> usize {
        let keyframes = &self.tape.keyframes;
        let newest = keyframes.iter().rposition(|keyframe| keyframe.play_time <= play_time);
        newest.unwrap_or_default()
    }

    /// A checkpoint as the file of a slot.
    pub(super) fn slot(&self, keyframe: &Keyframe) -> Result<Vec<u8>, ReplayError> {
        let checkpoint = keyframe.checkpoint;
        let game = format!("{STUDIO}/{GAME}");
        let bytes = slot_bytes(&*self.disk, &self.stored, checkpoint, &game);
        bytes.map_err(|error| ReplayError::Checkpoint { checkpoint, error })
    }
}

/// The session that was played last, of all in a directory and below it.
fn newest_session(disk: &dyn Disk, path: &Path) -> Result<StoredSession, ReplayError> {
    let (mut newest, mut failed) = (None, None);
    let mut waiting = vec![(path.to_owned(), 0)];
    while let Some((directory, depth)) = waiting.pop() {
        let called = directory.file_name().and_then(|name| name.to_str()?.parse().ok());
        if let Some(session) = called {
            let stored = match StoredSession::open(disk, directory.clone(), session) {
                Ok(stored) => stored,
                Err(error) => {
                    warn!(path = %directory.display(), %error, "a session can't be read");
                    failed = failed.or_else(|| Some(unreadable(&directory, error)));
                    continue;
                }
            };
            let index = stored.index();
            let head = index.newest_head().and_then(|head| index.commit(head.id));
            if let Some(time) = head.map(|commit| commit.time)
                && newest.as_ref().is_none_or(|(newest, _)| *newest < time)
            {
                newest = Some((time, stored));
            }
        } else if depth <= DEPTH {
            let entries = disk.list(&directory).unwrap_or_default();
            let below = entries.into_iter().filter(|entry| entry.is_dir);
            waiting.extend(below.map(|entry| (directory.join(entry.name), depth + 1)));
        }
    }
    let none = || failed.unwrap_or_else(|| ReplayError::NoSession { path: path.to_owned() });
    newest.map(|(_, stored)| stored).ok_or_else(none)
}

fn unreadable(path: &Path, error: impl std::error::Error + Send + Sync + 'static) -> ReplayError {
    let cause = bevy_session_journal::FailureCause::new(error.to_string());
    ReplayError::Unreadable { path: path.to_owned(), cause }
}
