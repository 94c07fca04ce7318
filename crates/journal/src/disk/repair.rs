//! Copies what can be read of a damaged session, as a session that has no damage.
//!
//! Files in which nothing is damaged are copied byte by byte. Of the others the good frames are, in the same
//! order and with the payloads that they have, under a header that says what the old one said. A checkpoint that
//! can't be restored isn't copied, so that the newest of the copy is the newest that the index finds in the
//! original.

mod bridge;
mod choosing;
mod copying;
mod small_files;

use std::fmt;
use std::path::Path;

use super::{Disk, EventFiles, StoreError, StoredSession};
use crate::format::{EncodeError, FileProblemKind, ReadError, SessionIndex};
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::WrittenBy;
use bridge::Bridge;
use choosing::Choice;
use copying::Copied;

/// The part of a session that can be kept, found without writing anything.
pub struct SessionRepair {
    stored: StoredSession,
    files: Vec<(RepairedFile, Copied)>,
    bridge: Option<Bridge>,
    summary: RepairedSession,
}

/// The part of a session that can be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RepairedSession {
    /// The session.
    pub session: SessionId,
    /// The newest checkpoint that can be restored, by which the copy is played on; `None` if there is none.
    pub newest: Option<CheckpointId>,
    /// The number that it has in the copy, if that had to be another one: so that it is the newest there.
    pub newest_is_called: Option<CheckpointId>,
    /// The checkpoints that can be restored, the newest first.
    pub kept: Vec<CheckpointId>,
    /// Those that can't, the newest first.
    pub lost: Vec<CheckpointId>,
}

/// A file of a session, and what can be kept of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RepairedFile {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: RepairedKind,
    /// Its bytes.
    pub bytes: u64,
    /// The fate of its content.
    pub fate: Fate,
    /// The problems with it.
    pub problems: Vec<FileProblemKind>,
    /// The error that reading it ended with.
    pub error: Option<String>,
    /// The checkpoints in it that can't be restored.
    pub lost: Vec<CheckpointId>,
}

/// The kind of a session's file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RepairedKind {
    /// A segment of a run.
    Journal,
    /// Named checkpoints of older generations.
    Archive,
    /// Recorded events.
    Events,
    /// Bytes of the game's own beside a checkpoint.
    Attachment,
    /// A slot of the session.
    Slot,
}

/// The fate of a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fate {
    /// All that it holds is kept.
    Whole,
    /// Its good part is kept.
    InPart,
    /// Nothing in it can be read.
    Lost,
    /// It holds nothing of the session.
    LeftOut,
}

/// The reason that a session can't be repaired.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RepairError {
    /// A newer version wrote some of it, and what that means isn't known here.
    #[error("a newer version wrote the session: {written_by}")]
    NewerFormat {
        /// The version.
        written_by: WrittenBy,
    },
    /// The files can't be listed, or the copy can't be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A part that was read before can't be read any more.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The copy can't be encoded.
    #[error("failed to encode the copy")]
    Encode(#[from] EncodeError),
}

impl fmt::Debug for SessionRepair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SessionRepair")
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}

impl SessionRepair {
    /// Reads all of a session on `disk`, and those of `slots` that are its own.
    ///
    /// # Errors
    ///
    /// [`RepairError`]. That something is damaged or can't be read is none.
    pub fn of(
        disk: &dyn Disk,
        mut stored: StoredSession,
        slots: Option<&Path>,
    ) -> Result<Self, RepairError> {
        if let Some(written_by) = stored.newer_format() {
            return Err(RepairError::NewerFormat { written_by: written_by.clone() });
        }
        let choice = Choice::of(&mut stored);
        let mut files = choice.files(&stored);
        files.extend(choosing::unread_files(&stored));
        let events = EventFiles::open(disk, stored.directory(), stored.id())?;
        files.extend(choosing::event_files(&events));
        files.extend(small_files::attachments(disk, &stored));
        if let Some(slots) = slots {
            files.extend(small_files::slots(disk, slots, stored.id())?);
        }
        let newest = newest_of(stored.index());
        let copy = choice.index_of_copy(&stored);
        let bridge = match newest.filter(|newest| newest_of(&copy) != Some(*newest)) {
            Some(newest) => Bridge::to(&stored, newest),
            None => None,
        };
        let summary = RepairedSession {
            session: stored.id(),
            newest,
            newest_is_called: bridge.as_ref().map(Bridge::checkpoint),
            kept: choice.kept(&stored),
            lost: choice.lost(&stored),
        };
        Ok(Self { stored, files, bridge, summary })
    }

    /// The part of the session that can be kept.
    pub fn summary(&self) -> &RepairedSession {
        &self.summary
    }

    /// Its files, with the fate of each.
    pub fn files(&self) -> impl Iterator<Item = &RepairedFile> {
        self.files.iter().map(|(file, _)| file)
    }

    /// Returns true if anything that was written is lost.
    pub fn is_loss(&self) -> bool {
        let is_lost = |file: &RepairedFile| matches!(file.fate, Fate::InPart | Fate::Lost);
        !self.summary.lost.is_empty() || self.files().any(is_lost)
    }

    /// Writes the copy: the session's files into `directory`, its slots into `slots`. Both are created, and
    /// nothing that is there is replaced. All of it is durable when this returns.
    ///
    /// # Errors
    ///
    /// [`RepairError`]. Files that were written so far stay.
    pub fn write(&self, to: &dyn Disk, directory: &Path, slots: &Path) -> Result<(), RepairError> {
        copying::write(self, to, directory, slots)
    }
}

/// The newest checkpoint that can be restored, as a recovery would look for it: on the line that is meant where
/// none is named, else on the next one. One whose world was never kept counts, since nothing of it is missing.
pub(super) fn newest_of(index: &SessionIndex) -> Option<CheckpointId> {
    let mut heads = index.heads().iter().map(|head| head.id);
    heads.find_map(|head| match index.is_without_world(head) {
        true => Some(head),
        false => Some(index.newest_intact(head)?.checkpoint),
    })
}
