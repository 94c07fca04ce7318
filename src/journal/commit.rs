//! What the last frame of a group says: the checkpoint itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::{CheckpointId, SaveId};
use crate::session::{EndReason, SessionMetadata, SessionStatus};

/// Why a checkpoint was taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CheckpointKind {
    /// The autosave interval had passed.
    Auto,
    /// The game asked for it by name.
    Manual,
    /// The player asked for a quick save.
    Quick,
    /// The game changed its state.
    State,
    /// The session was paused.
    Pause,
    /// The session was left: closed, ended, or the game exited.
    Exit,
    /// The first of a run: what a start or a restore put into the world.
    Opening,
    /// The session went back to an earlier checkpoint or slot of its own: what had been played until
    /// then.
    Rewind,
}

impl CheckpointKind {
    /// Whether the checkpoint stands for its moment, so that no later one may take its place.
    #[must_use]
    pub fn keeps_its_moment(self) -> bool {
        matches!(self, Self::Manual | Self::Quick | Self::Exit | Self::State | Self::Rewind)
    }
}

/// One type's part in a checkpoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TypeSummary {
    /// The type's path.
    pub path: String,
    /// The type's version.
    #[serde(default)]
    pub version: u32,
    /// How many rows the type has at the checkpoint.
    pub rows: u64,
}

/// Commits a checkpoint. It exists only if this record and every frame of its group are whole.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Commit {
    /// The checkpoint's number.
    pub counter: u64,
    /// The checkpoint that this one is the difference to; `None` for a snapshot.
    pub base: Option<u64>,
    /// Why it was taken.
    pub kind: CheckpointKind,
    /// What the game called it.
    #[serde(default)]
    pub label: Option<String>,
    /// When it was captured, by this machine's clock.
    pub time: Timestamp,
    /// Play time of the session at that moment, pauses excluded.
    #[serde(with = "milliseconds")]
    pub play_time: Duration,
    /// Saved entities at that moment.
    pub entities: u64,
    /// Every type that the game saved at that moment, also those without a row.
    pub types: Vec<TypeSummary>,
    /// What an earlier build wrote and the one that took the checkpoint could not use: the rows that
    /// are carried along, by the name and version that they have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carried: Vec<TypeSummary>,
    /// Types whose values are missing or old, because the game's own code failed to write them.
    #[serde(default)]
    pub incomplete: Vec<String>,
    /// The next id that a saved entity will get.
    pub next_save_id: SaveId,
    /// The last journalled event that this checkpoint includes.
    #[serde(default)]
    pub events_through: u64,
}

/// A statement about the session that stands by itself, outside of any checkpoint.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Record {
    /// The session's description changed. The newest one holds.
    Metadata(Box<SessionMetadata>),
    /// The session's status changed within the run.
    Status {
        /// The new status.
        status: SessionStatus,
        /// When.
        time: Timestamp,
        /// Play time at that moment.
        #[serde(with = "milliseconds")]
        play_time: Duration,
    },
    /// The run ended cleanly.
    End {
        /// The session's status from here on.
        status: SessionStatus,
        /// Why the session ended; `None` if it was closed and can be continued.
        reason: Option<EndReason>,
        /// When.
        time: Timestamp,
        /// Play time at that moment.
        #[serde(with = "milliseconds")]
        play_time: Duration,
    },
    /// The player doesn't want these heads back. They are kept until retention, and not offered
    /// again.
    Declined {
        /// The newest checkpoints of the lines that were declined.
        heads: Vec<CheckpointId>,
    },
    /// The session is being deleted; whatever is still here goes with it.
    Forgotten,
}

/// Durations as whole milliseconds, which every MessagePack reader understands.
pub(crate) mod milliseconds {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
