//! The sources of a restore, and its reasons.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::ids::{CheckpointId, SlotId};

/// The checkpoint of a session to restore.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum RestoreFrom {
    /// The newest committed checkpoint. If a session that is played goes back, the newest before the one that is taken
    /// of the line that it leaves.
    #[default]
    Latest,
    /// The checkpoint with this id.
    Checkpoint(CheckpointId),
    /// A checkpoint of one side of a fork. Two sides have those before they parted in common: the play of this side is
    /// what is left by it, and the other side stays as it is.
    OnSide {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// The newest checkpoint of the side.
        newest: CheckpointId,
    },
    /// The newest readable one on the line that was taken at this play time or before. If there is none, the oldest
    /// that can be read.
    PlayTime(Duration),
    /// The checkpoint that the newest rewind on the line went back from; see `RewindTo::BeforeRewind`.
    BeforeRewind,
    /// The checkpoint that the newest load on the line went back from; see `RewindTo::BeforeLoad`.
    BeforeLoad,
    /// The checkpoint in this slot.
    Slot(SlotId),
}

/// The reason for which a checkpoint was put back.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum RestoreReason {
    /// A closed session was continued.
    Continued,
    /// A session that crashed was recovered, or one that was closed went back to an earlier checkpoint.
    Recovered,
    /// The session that is being played went back to an earlier moment.
    Rewound,
    /// A slot was loaded.
    Loaded,
    /// The session went back to what a rewind or a load had left.
    Undone,
    /// A checkpoint became a session of its own.
    BranchedOff,
    /// A replay began at a checkpoint of a recording: the world is as it was recorded. No save has this reason.
    Replayed,
}

impl RestoreReason {
    const ALL: [Self; 7] = [
        Self::Continued,
        Self::Recovered,
        Self::Rewound,
        Self::Loaded,
        Self::Undone,
        Self::BranchedOff,
        Self::Replayed,
    ];

    /// The kind of the event that the restore is among a session's events.
    #[must_use]
    pub const fn event(self) -> &'static str {
        match self {
            Self::Continued => "continued",
            Self::Recovered => "recovered",
            Self::Rewound => "rewound",
            Self::Loaded => "loaded",
            Self::Undone => "undone",
            Self::BranchedOff => "branched_off",
            Self::Replayed => "replayed",
        }
    }

    /// The reason of a restore that is an event of this kind; `None` if that is no restore.
    pub(crate) fn of_event(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.event() == kind)
    }
}
