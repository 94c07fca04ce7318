//! What is restored, and why.

use crate::ids::{CheckpointId, SlotId};

/// Which of a session's checkpoints to restore.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum RestoreFrom {
    /// The newest committed checkpoint. Where a session that is played goes back, the newest before
    /// the one that is taken of what it leaves.
    #[default]
    Latest,
    /// This one.
    Checkpoint(CheckpointId),
    /// This slot.
    Slot(SlotId),
}

/// Why a checkpoint was put back.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
}
