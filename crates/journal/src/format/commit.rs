//! The commit: the last frame of a group, which describes the checkpoint.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

use super::TypeList;
use super::type_list::at_most_types;
use crate::model::ids::{CheckpointId, RunId, SaveId};
use crate::model::session::{
    CheckpointSummary, EndReason, Fields, Leaving, ProcessDeath, SessionMetadata, SessionStatus,
    milliseconds,
};

/// The reason for which a checkpoint was taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
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
    /// Returns true if the checkpoint stands for its moment, so that no later one may take its place.
    #[must_use]
    pub fn keeps_its_moment(self) -> bool {
        matches!(self, Self::Manual | Self::Quick | Self::Exit | Self::State | Self::Rewind)
    }

    /// Returns true if a checkpoint of this kind with this label was asked for by the player or the game.
    #[doc(hidden)]
    pub fn is_named(self, label: Option<&str>) -> bool {
        match self {
            Self::Manual | Self::Quick => true,
            // A state's label only says which state it was.
            Self::State => false,
            _ => label.is_some(),
        }
    }
}

/// Commits a checkpoint. It exists only if this record and every frame of its group are whole.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Commit {
    /// The checkpoint's number.
    pub counter: u64,
    /// The checkpoint that this one is the difference to; `None` for a snapshot.
    pub base: Option<u64>,
    /// The reason for which it was taken.
    pub kind: CheckpointKind,
    /// The game's label for it.
    #[serde(default)]
    pub label: Option<String>,
    /// The time of its capture, by this machine's clock.
    pub time: Timestamp,
    /// Play time of the session at that moment, pauses excluded.
    #[serde(with = "milliseconds")]
    pub play_time: Duration,
    /// Saved entities at that moment.
    pub entities: u64,
    /// Every type that the game saved at that moment, also those without a row.
    pub types: TypeList,
    /// The rows of types that an earlier build wrote and the one that took the checkpoint could not use: they are
    /// carried along, by the name and version that they have.
    #[serde(default, skip_serializing_if = "TypeList::is_empty")]
    pub carried: TypeList,
    /// Types whose values are missing or old, because the game's own code failed to write them.
    #[serde(default, deserialize_with = "at_most_types")]
    pub incomplete: Vec<String>,
    /// The next id that a saved entity will get.
    pub next_save_id: SaveId,
    /// The summary that lists show: in each snapshot, and in a delta where it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Box<CheckpointSummary>>,
    /// The last journalled event that this checkpoint includes.
    #[serde(default)]
    pub events_through: u64,
    /// In an archive, the origin of the checkpoint. Elsewhere it is of the file's run, and this is `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Box<Origin>>,
    /// True if there is no world, and nothing can be restored: its session was archived with its summary alone, or is a
    /// draft. The group has no data then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_world: bool,
    /// True if something of the game's own code failed since the checkpoint before, and the game continued: the world
    /// may be in the middle of a step.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_failure: bool,
    /// Where the tape of its run goes on after it; `None` if the game records no frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tape: Option<TapePosition>,
}

/// The moment of a checkpoint on the tape of its run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TapePosition {
    /// Frames of the process up to the checkpoint: the next one has the number after that.
    pub frames: u64,
    /// True if the session was paused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_paused: bool,
    /// True if it was taken before the game's systems had run in the last of the frames.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_within_frame: bool,
}

/// The facts about a checkpoint in an archive that otherwise the header of its run holds, which may be gone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Origin {
    /// The run that took it.
    pub run: RunId,
    /// The nearest checkpoints on its line that were kept as well, the nearest first, one for each
    /// run.
    #[serde(default)]
    pub ancestors: Vec<CheckpointId>,
    /// Version of the game that took it.
    #[serde(default)]
    pub game_version: String,
    /// Fingerprint of the types that the game saved.
    #[serde(default)]
    pub schema: u64,
}

impl Commit {
    /// Returns true if the player or the game asked for the checkpoint.
    pub fn is_named(&self) -> bool {
        self.kind.is_named(self.label.as_deref())
    }
}

impl Record {
    /// That these heads were declined, of which no death is known.
    pub fn declined(heads: Vec<CheckpointId>) -> Self {
        Self::Declined { heads, deaths: Vec::new() }
    }
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
        /// The time.
        time: Timestamp,
        /// Play time at that moment.
        #[serde(with = "milliseconds")]
        play_time: Duration,
    },
    /// The run ended cleanly.
    End {
        /// The session's status from here on.
        status: SessionStatus,
        /// The reason for the session's end; `None` if it was closed and can be continued.
        reason: Option<EndReason>,
        /// The cause, and the game's words about it.
        #[serde(default, skip_serializing_if = "Leaving::is_default")]
        leaving: Leaving,
        /// The time.
        time: Timestamp,
        /// Play time at that moment.
        #[serde(with = "milliseconds")]
        play_time: Duration,
    },
    /// The custom fields of a checkpoint from here on, if they were changed while the session wasn't played. The
    /// checkpoint is in the header of this record's segment.
    Fields(Box<Fields>),
    /// The player doesn't want these heads back. They are kept until retention, and not offered
    /// again.
    Declined {
        /// The newest checkpoints of the lines that were declined.
        heads: Vec<CheckpointId>,
        /// The deaths of the processes that held them, the oldest first, as far as they were known.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        deaths: Vec<ProcessDeath>,
    },
    /// The session is being deleted; everything that is still here goes with it.
    Forgotten,
    /// The part of the lineage that the run's header has no room for: further ancestors of it, and further checkpoints
    /// that it supersedes.
    Lineage {
        /// See `SegmentHeader::ancestors`.
        #[serde(default)]
        ancestors: Vec<CheckpointId>,
        /// See `SegmentHeader::supersedes`.
        #[serde(default)]
        supersedes: Vec<CheckpointId>,
    },
}
