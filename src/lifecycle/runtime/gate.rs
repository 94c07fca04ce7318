//! The gate of the checkpoints, as it was when the game's conditions were last asked.

use bevy_session_journal::CheckpointId;

/// Whether checkpoints may be taken of the present world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gate {
    Open,
    /// The world is no longer the session's, since it was left.
    Shut {
        /// The checkpoint of the world as it was left, if one was taken then.
        left: Option<CheckpointId>,
    },
}

impl Gate {
    /// Follows the conditions. Behind a gate that stays shut, what was left stays that.
    pub(in crate::lifecycle) fn turn(&mut self, is_open: bool) {
        match (is_open, *self) {
            (true, _) => *self = Self::Open,
            (false, Self::Open) => *self = Self::Shut { left: None },
            (false, Self::Shut { .. }) => {}
        }
    }

    pub(crate) fn is_open(self) -> bool {
        self == Self::Open
    }

    /// The gate was shut just now, and this checkpoint has the world that was left.
    pub(in crate::lifecycle) fn note_left(&mut self, checkpoint: CheckpointId) {
        if let Self::Shut { left } = self {
            *left = Some(checkpoint);
        }
    }

    /// The checkpoint of the world that was left as the gate was shut.
    pub(in crate::lifecycle) fn left(self) -> Option<CheckpointId> {
        match self {
            Self::Open => None,
            Self::Shut { left } => left,
        }
    }
}
