//! A moment to which the game returns.

#[cfg(feature = "reflect")]
use bevy::reflect::Reflect;

use bevy_session_journal::Ticket;

/// A moment of the session that is played, to return to with
/// [`return_to`](crate::checkpoints::WorldForksExt::return_to).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(opaque, Clone, PartialEq, Hash, Debug))]
pub struct WorldFork(Ticket);

impl WorldFork {
    /// The ticket of the request that made it.
    #[must_use]
    pub fn ticket(self) -> Ticket {
        self.0
    }

    /// The fork that a request with this ticket makes.
    pub(in crate::lifecycle) fn asked_for(ticket: Ticket) -> Self {
        Self(ticket)
    }
}
