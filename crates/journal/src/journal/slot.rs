//! What the header of a slot says beside that of a segment.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CheckpointId, milliseconds, random_u64};

/// Identifies a slot, whatever its file is called.
///
/// It is drawn when something is saved and kept when the slot is renamed. A slot that is overwritten
/// is another one from then on, and so is a copy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SlotId(pub(crate) u64);

impl SlotId {
    /// Draws a new id.
    #[doc(hidden)]
    pub fn random() -> Self {
        Self(random_u64())
    }
}

impl fmt::Display for SlotId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl fmt::Debug for SlotId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SlotId({self})")
    }
}

/// How a slot came about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
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

/// What the header of a slot says beside that of a segment: all that a listing shows.
///
/// The header's run is the one that took the checkpoint, and its ancestors are that run's.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SlotHeader {
    /// The slot's identity.
    pub id: SlotId,
    /// Counts how often the slot was written anew, as for another name. Of two files of one slot, the
    /// one with the higher number is what it became.
    #[serde(default)]
    pub revision: u32,
    /// What the player calls it; empty for a quick slot.
    pub name: String,
    /// How it came about.
    pub kind: SlotKind,
    /// The game that wrote it.
    #[serde(default)]
    pub game: String,
    /// The checkpoint's number in its run.
    pub counter: u64,
    /// When the checkpoint was captured.
    pub time: Timestamp,
    /// Play time at that moment.
    #[serde(with = "milliseconds")]
    pub play_time: Duration,
    /// Saved entities at that moment.
    #[serde(default)]
    pub entities: u64,
    /// The names of the attachments that are in the file.
    #[serde(default)]
    pub attachments: Vec<String>,
}

impl super::SegmentHeader {
    /// The checkpoint that a slot holds; `None` for a segment.
    pub fn slot_checkpoint(&self) -> Option<CheckpointId> {
        let slot = self.slot.as_ref()?;
        Some(CheckpointId { run: self.run, counter: slot.counter })
    }
}
