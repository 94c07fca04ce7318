//! The recording of a session, from checkpoint to checkpoint: enough to play it again.

use std::time::Duration;

use super::event_line::line_of;
use super::event_walk::{EventWalk, Step, Stretch};
use crate::disk::{Disk, EventFiles, StoreError, StoredSession};
use crate::format::{
    CheckpointKind, EventFrame, EventPrivacy, EventSource, EventStretch, RecordedEvent,
};
use crate::model::ids::{CheckpointId, SaveId};
use crate::model::session::{LifecycleEvent, RestoreReason};

/// Bytes of events that go with a report at the most: its checkpoint is the newest, so they are those of seconds.
const MOST_OF_REPORT: usize = 512 << 10;

/// The recording of a session's newest line, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    /// The checkpoints that can be restored.
    pub keyframes: Vec<Keyframe>,
    /// The events before, between and after them.
    pub events: Vec<RecordedEvent>,
    /// Events that are missing: damaged, private, or more than there is room for.
    pub missing: u64,
}

/// A checkpoint at which a replay can begin, and with which it can be compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Keyframe {
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// The reason for which it was taken.
    pub kind: CheckpointKind,
    /// The game's label for it.
    pub label: Option<String>,
    /// Play time at that moment.
    pub play_time: Duration,
    /// The last event that it holds.
    pub events_through: u64,
    /// Entities with this id and higher ones are younger.
    pub next_save_id: SaveId,
    /// The reason for which the game restored an earlier checkpoint when it took this one, which is then the first after
    /// that; `None` if it was taken while the game was played.
    pub restored: Option<RestoreReason>,
}

impl Tape {
    /// Reads all of a session.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if its directory can't be listed.
    pub fn of_session(disk: &dyn Disk, stored: &StoredSession) -> Result<Self, StoreError> {
        let files = EventFiles::open(disk, stored.directory(), stored.id())?;
        let line = line_of(stored.index(), &files, None).unwrap_or_default();
        let stretches: Vec<Stretch> = line
            .into_iter()
            .map(|EventStretch { run, through }| Stretch { run, low: 0, high: through })
            .collect();
        let mut tape = Self { keyframes: keyframes(stored), ..Self::default() };
        tape.read(&files, &stretches, usize::MAX, |_| true);
        Ok(tape)
    }

    /// Reads what may leave the machine of what was recorded after a checkpoint, by the run that took it.
    pub(crate) fn after(
        disk: &dyn Disk,
        stored: &StoredSession,
        checkpoint: CheckpointId,
    ) -> Result<Self, StoreError> {
        let files = EventFiles::open(disk, stored.directory(), stored.id())?;
        let Some(keyframe) = keyframe(stored, checkpoint) else { return Ok(Self::default()) };
        let low = keyframe.events_through.saturating_add(1);
        let stretch = Stretch { run: checkpoint.run, low, high: u64::MAX };
        let mut tape = Self { keyframes: vec![keyframe], ..Self::default() };
        tape.read(&files, &[stretch], MOST_OF_REPORT, is_played_again);
        let before = tape.events.len();
        tape.events.retain(|event| event.event_type.privacy == EventPrivacy::Shared);
        tape.missing += (before - tape.events.len()) as u64;
        Ok(tape)
    }

    /// A checkpoint of a file that stands alone, and what was recorded after it.
    pub(crate) fn of_checkpoint(
        stored: &StoredSession,
        checkpoint: CheckpointId,
        events: Vec<RecordedEvent>,
        missing: u64,
    ) -> Self {
        Self { keyframes: keyframe(stored, checkpoint).into_iter().collect(), events, missing }
    }

    fn read(
        &mut self,
        files: &EventFiles,
        stretches: &[Stretch],
        room: usize,
        is_wanted: fn(&RecordedEvent) -> bool,
    ) {
        let mut walk = EventWalk::new(files, stretches, false);
        let mut bytes = 0;
        while let Some(step) = walk.step() {
            let Step::Frame(walked) = step else { continue };
            let Ok(frame) = EventFrame::decode(&walked.payload) else { continue };
            for event in frame.events(|_| true) {
                if !walk.admit(&walked, event.sequence) || !is_wanted(&event) {
                    continue;
                }
                bytes += event.data.len() + size_of::<RecordedEvent>();
                match bytes > room {
                    true => self.missing += 1,
                    false => self.events.push(event),
                }
            }
        }
        self.missing += walk.damaged_frames();
    }
}

/// Returns true if an event decides what an exact replay does. Of what happened to the session that is a pause and its
/// end; the end of a process that died, with its backtrace, is masked elsewhere and has no place here.
fn is_played_again(event: &RecordedEvent) -> bool {
    let is_pause = || {
        let happened = event.decode::<LifecycleEvent>();
        happened.is_ok_and(|it| matches!(&*it.subtype, "paused" | "resumed"))
    };
    match event.event_type.source {
        EventSource::Input => true,
        EventSource::Lifecycle => event.event_type.is_of_frames() || is_pause(),
        _ => false,
    }
}

/// The checkpoints on the newest line that can be restored.
fn keyframes(stored: &StoredSession) -> Vec<Keyframe> {
    let Some(head) = stored.index().newest_head() else { return Vec::new() };
    let mut line = stored.index().line(head.id);
    line.reverse();
    line.into_iter().filter_map(|checkpoint| keyframe(stored, checkpoint)).collect()
}

fn keyframe(stored: &StoredSession, checkpoint: CheckpointId) -> Option<Keyframe> {
    let index = stored.index();
    let commit = index.commit(checkpoint)?;
    if index.is_without_world(checkpoint) || index.plan(checkpoint).is_none() {
        return None;
    }
    Some(Keyframe {
        checkpoint,
        kind: commit.kind,
        label: commit.label.clone(),
        play_time: commit.play_time,
        events_through: commit.events_through,
        next_save_id: commit.next_save_id,
        restored: restored_for(stored, checkpoint, commit.kind),
    })
}

/// The reason for the restore after which a checkpoint is the first.
fn restored_for(
    stored: &StoredSession,
    checkpoint: CheckpointId,
    kind: CheckpointKind,
) -> Option<RestoreReason> {
    // A slot, and what is left of a thinned run, have no earlier one of it either.
    let opens_run = kind == CheckpointKind::Opening;
    stored.index().begun(checkpoint).filter(|_| opens_run).map(|begun| begun.reason)
}
