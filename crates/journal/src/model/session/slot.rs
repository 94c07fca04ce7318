//! Slots: what is asked for, and what can be wrong with it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{FailureCause, ReportError, WrittenBy};
use crate::model::ids::{SlotId, limits};

/// The origin of a slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum SlotKind {
    /// The player saved under a name. Each name of a player is one slot.
    Manual,
    /// The player's one quick slot.
    Quick,
    /// The session was left, and `SessionSettings::exit_slot`
    /// asks for it. One for each session.
    Exit,
}

/// A slot to save into.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub struct SaveSlot {
    #[doc(hidden)]
    pub name: String,
    #[doc(hidden)]
    pub kind: SlotKind,
    #[doc(hidden)]
    pub overwrite: bool,
}

impl SaveSlot {
    /// A slot with this name, which may be any text that isn't blank. Two names are the same only if
    /// they are so letter by letter.
    #[must_use]
    pub fn manual(name: impl Into<String>) -> Self {
        Self { name: name.into(), kind: SlotKind::Manual, overwrite: false }
    }

    /// Replaces the player's slot of this name, if there is one, instead of being rejected. The old
    /// one stays intact until the new one is durable.
    #[must_use]
    pub fn overwrite(mut self) -> Self {
        self.overwrite = true;
        self
    }

    /// The player's quick slot, which is always replaced.
    #[doc(hidden)]
    pub fn quick() -> Self {
        Self { name: String::new(), kind: SlotKind::Quick, overwrite: true }
    }

    /// The slot that is left behind when the session of this name is left.
    #[doc(hidden)]
    pub fn exit(session_name: &str) -> Self {
        Self { name: session_name.to_owned(), kind: SlotKind::Exit, overwrite: true }
    }

    /// The name; empty for a quick slot.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> SlotKind {
        self.kind
    }
}

/// Checks a name that a player chose.
pub fn check_slot_name(name: &str) -> Result<(), SlotError> {
    let (bytes, limit) = (name.len(), limits::STRING_BYTES);
    if name.trim().is_empty() {
        return Err(SlotError::EmptyName);
    }
    if bytes > limit { Err(SlotError::NameTooLong { bytes, limit }) } else { Ok(()) }
}

/// An error of an operation on a slot. No slot is lost by it, unless it was to be replaced and a new one has taken its
/// place.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(opaque, Clone, Debug, PartialEq))]
#[non_exhaustive]
pub enum SlotError {
    /// The name is blank.
    #[error("a slot needs a name")]
    EmptyName,
    /// The name is longer than the format allows.
    #[error("a name of {bytes} bytes is over the limit of {limit}")]
    NameTooLong {
        /// Its size in bytes.
        bytes: usize,
        /// The largest size allowed.
        limit: usize,
    },
    /// The player has a slot of this name already. [`SaveSlot::overwrite`] replaces it.
    #[error("there is a slot of this name already: `SaveSlot::overwrite` replaces it")]
    NameTaken {
        /// The slot that has it.
        slot: SlotId,
    },
    /// The slot is protected, so it is neither overwritten nor deleted. `SlotCommands::unprotect` lifts that.
    #[error("the slot is protected")]
    Protected {
        /// The slot.
        slot: SlotId,
    },
    /// There is no such slot.
    #[error("there is no such slot")]
    Unknown,
    /// The player has no quick slot.
    #[error("there is no quick slot")]
    NoQuickSlot,
    /// The file is damaged. It stays where it is.
    #[error("{path} is damaged")]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// A newer release of this crate wrote the file; update the game. If it can be shown in a list, it can be deleted,
    /// but not loaded, copied, renamed or added to.
    #[error("a newer release wrote {path} ({written_by}): update the game")]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// The version that wrote it.
        written_by: WrittenBy,
    },
    /// The file can't be read now. It may be readable later.
    #[error(transparent)]
    Unreadable(FailureCause),
    /// Another game saved it.
    #[error("the slot is of another game, {game}")]
    OtherGame {
        /// Studio and name of that game.
        game: String,
    },
    /// It is another player's, and this one is in the middle of a session. Close it first.
    #[error("the slot is another player's")]
    OtherPlayer {
        /// The session's player, if it has one.
        player: Option<String>,
    },
    /// The checkpoint that was to be imported is on the shelf already.
    #[error("this save is a slot already")]
    AlreadyThere {
        /// The slot.
        slot: SlotId,
    },
    /// The file that was to be imported can't be used.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// Another process works on the slots, and doesn't finish.
    #[error("another process is changing the slots")]
    InUse,
    /// The checkpoint that was to be copied could not be written, see `CheckpointFailed`.
    #[error("the checkpoint could not be written")]
    CheckpointNotSaved,
    /// The disk refused an operation on the slot. The checkpoint is safe in its session. The old slot
    /// is intact, or, where only the last sync failed, the new one has taken its place.
    #[error(transparent)]
    Disk(FailureCause),
    /// The slot is larger than the format allows.
    #[error(transparent)]
    TooLarge(FailureCause),
}
