//! The header of a slot, beside that of a segment.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::ids::{CheckpointId, SlotId};
use crate::model::session::{CheckpointSummary, SlotKind, milliseconds};

/// The header of a slot, beside that of a segment: all that a listing shows.
///
/// The header's run is the one that took the checkpoint, and its ancestors are that run's.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SlotHeader {
    /// The slot's identity.
    pub id: SlotId,
    /// Counts how often the slot was written again, as for another name. Of two files of one slot, the
    /// one with the higher number is what it became.
    #[serde(default)]
    pub revision: u32,
    /// The name that the player gave it; empty for a quick slot.
    pub name: String,
    /// Its kind.
    pub kind: SlotKind,
    /// The game that wrote it.
    #[serde(default)]
    pub game: String,
    /// The checkpoint's number in its run.
    pub counter: u64,
    /// The time at which the checkpoint was captured.
    pub time: Timestamp,
    /// Play time at that moment.
    #[serde(with = "milliseconds")]
    pub play_time: Duration,
    /// Saved entities at that moment.
    #[serde(default)]
    pub entities: u64,
    /// The summary of the checkpoint, for lists.
    #[serde(default)]
    pub summary: CheckpointSummary,
    /// The names of the attachments that are in the file.
    #[serde(default)]
    pub attachments: Vec<String>,
    /// True if the slot is neither overwritten nor deleted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub protected: bool,
}

impl super::SegmentHeader {
    /// The checkpoint that a slot holds; `None` for a segment.
    pub fn slot_checkpoint(&self) -> Option<CheckpointId> {
        let slot = self.slot()?;
        Some(CheckpointId { run: self.run, counter: slot.counter })
    }
}
