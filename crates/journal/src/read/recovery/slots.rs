//! The slots, as a list shows them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use crate::disk::{SlotFile, SlotShelf, UnreadSlot};
use crate::format::Validity;
use crate::model::ids::{CheckpointId, SessionId, SlotId};
use crate::model::session::{CheckpointSummary, SessionMetadata, SlotError, SlotKind};

/// The name of the attachment that listings look for.
pub const THUMBNAIL: &str = "thumbnail";

/// A slot, as a list shows it.
#[derive(Clone, PartialEq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct SlotEntry {
    /// Its identity, for `SlotCommands::load` and
    /// [`RestoreFrom::Slot`](crate::RestoreFrom::Slot).
    pub id: SlotId,
    /// The name that the player gave it; empty for a quick slot, and the session's name for an exit slot.
    pub name: String,
    /// Its kind.
    pub kind: SlotKind,
    /// The session that it was saved in, with its metadata at that time.
    pub session: SessionMetadata,
    /// The checkpoint that it is a copy of.
    pub checkpoint: CheckpointId,
    /// The time at which that was captured, by the clock of the machine that it was captured on.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    pub time: Timestamp,
    /// Play time at that moment.
    pub play_time: Duration,
    /// The number of entities in it.
    pub entities: u64,
    /// Custom fields and states at that moment.
    pub summary: CheckpointSummary,
    /// The version of the game that captured it.
    pub game_version: String,
    /// Bytes of its file.
    pub bytes: u64,
    /// True if it has an attachment named `thumbnail`.
    pub thumbnail: bool,
    /// True if it is neither overwritten nor deleted, see `SlotCommands::protect`.
    pub protected: bool,
    /// The state of its file, as far as it is known. A listing reads no more than the header.
    pub validity: Validity,
    /// The path of its file.
    pub path: PathBuf,
}

/// A file among the slots that can't be used.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct UnreadableSlot {
    /// A number that stands for the file, for `SlotCommands::delete`.
    pub id: SlotId,
    /// The path of the file.
    pub path: PathBuf,
    /// The size of the file in bytes.
    pub bytes: u64,
    /// The reason that the file can't be used.
    pub error: SlotError,
}

/// Everything among the slots, the one that was captured last first.
#[derive(Clone, PartialEq, Debug, Default)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub struct SlotListing {
    /// The slots that can be loaded.
    pub slots: Vec<SlotEntry>,
    /// Files that are slots by name and can't be read.
    pub unreadable: Vec<UnreadableSlot>,
}

impl SlotListing {
    /// Describes all slots that were found.
    pub fn of(shelf: &SlotShelf) -> Self {
        let mut slots: Vec<SlotEntry> =
            shelf.slots().into_iter().filter_map(SlotEntry::of).collect();
        slots.sort_by(SlotEntry::newest_first);
        let mut unreadable: Vec<UnreadableSlot> = shelf.unread().map(UnreadableSlot::of).collect();
        unreadable.sort_by(|a, b| a.path.cmp(&b.path));
        Self { slots, unreadable }
    }
}

impl SlotEntry {
    /// `None` if the file is no slot.
    #[doc(hidden)]
    pub fn of(file: &SlotFile) -> Option<Self> {
        let (header, slot) = (&file.header, &file.slot);
        Some(Self {
            id: slot.id,
            name: slot.name.clone(),
            kind: slot.kind,
            session: header.metadata.clone(),
            checkpoint: header.slot_checkpoint()?,
            time: slot.time,
            play_time: slot.play_time,
            entities: slot.entities,
            summary: slot.summary.clone(),
            game_version: header.game_version.clone(),
            bytes: file.bytes,
            thumbnail: slot.attachments.iter().any(|name| name == THUMBNAIL),
            protected: slot.protected,
            validity: file.validity,
            path: file.path.to_path_buf(),
        })
    }

    /// The order of lists.
    #[doc(hidden)]
    pub fn newest_first(&self, other: &Self) -> std::cmp::Ordering {
        (other.time, other.id).cmp(&(self.time, self.id))
    }
}

impl UnreadableSlot {
    fn of(file: &UnreadSlot) -> Self {
        let UnreadSlot { id, path, bytes, error } = file.clone();
        Self { id, path, bytes, error }
    }
}

/// The slots of one session, the one that was captured last first.
pub(super) fn slots_of(shelf: &SlotShelf, session: SessionId) -> Vec<SlotEntry> {
    let files = shelf.slots().into_iter().filter(|file| file.header.session == session);
    let mut slots: Vec<SlotEntry> = files.filter_map(SlotEntry::of).collect();
    slots.sort_by(SlotEntry::newest_first);
    slots
}

/// Finds the files of a slot, or returns its error.
pub fn find_slot(shelf: &SlotShelf, slot: SlotId) -> Result<Vec<SlotFile>, SlotError> {
    let files = shelf.files_of(slot);
    if !files.is_empty() {
        return Ok(files);
    }
    Err(shelf.unread_file(slot).map_or(SlotError::Unknown, |file| file.error.clone()))
}

/// The error for a file that turned out to be damaged.
pub fn damaged(path: &Path) -> SlotError {
    SlotError::Damaged { path: path.to_owned() }
}
