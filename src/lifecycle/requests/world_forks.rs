//! Moments to which the game returns as often as it likes: to try something out, or to plan ahead.

use bevy::prelude::*;
use bevy_session_journal::Ticket;

use super::{CurrentRequest, RewindTo, SessionCommandsExt};

/// A moment of the session that is played, to which [`return_to`](WorldForksExt::return_to) leads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug))]
pub struct WorldFork(Ticket);

impl WorldFork {
    /// The ticket of the request with which it was made.
    #[must_use]
    pub fn ticket(self) -> Ticket {
        self.0
    }

    /// The one that a request with this ticket makes.
    pub(in crate::lifecycle) fn asked_for(ticket: Ticket) -> Self {
        Self(ticket)
    }
}

/// Forks of the world, as methods of `Commands`.
pub trait WorldForksExt {
    /// Keeps this moment of the session that is played, to return to it.
    ///
    /// It costs a frame what changed since the last checkpoint. The moment is kept as the checkpoint before a rewind is: the
    /// newest ten of both together stay. A session has at most ten forks; the oldest goes where there are more, and all
    /// of them go with the session, or the process.
    ///
    /// [`RequestDone`](crate::RequestDone) follows once it is there, with [`WorldFork::ticket`], or
    /// [`RequestRejected`](crate::RequestRejected) with [`NoSession`](crate::RequestError::NoSession),
    /// [`RestoreUnderWay`](crate::RequestError::RestoreUnderWay), [`WriterBehind`](crate::RequestError::WriterBehind), or
    /// [`UnknownCheckpoint`](crate::RequestError::UnknownCheckpoint) where a gate is closed, behind which there is no checkpoint.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::WorldFork;
    /// use bevy_session::prelude::*;
    ///
    /// #[derive(Resource)]
    /// struct BeforeTheMove(WorldFork);
    ///
    /// fn think(mut commands: Commands) {
    ///     let fork = commands.fork_world();
    ///     commands.insert_resource(BeforeTheMove(fork));
    /// }
    ///
    /// fn try_another(fork: Res<BeforeTheMove>, mut commands: Commands) {
    ///     commands.return_to(fork.0);
    /// }
    /// # bevy::ecs::system::assert_is_system(think);
    /// # bevy::ecs::system::assert_is_system(try_another);
    /// ```
    fn fork_world(&mut self) -> WorldFork;

    /// Makes the world what it was when it was forked, in place unless a request says otherwise
    /// ([`restoring`](crate::SessionCommands::restoring) and [`RewindTo::Fork`]). What was played since is left, and no rewind
    /// brings it back. The fork stays, so that the game can return again.
    ///
    /// [`SessionRestored`](crate::SessionRestored) follows, or [`RequestRejected`](crate::RequestRejected) as of
    /// [`rewind`](crate::SessionCommands::rewind): with [`UnknownCheckpoint`](crate::RequestError::UnknownCheckpoint) for a fork
    /// that is gone or another session's, and with [`CheckpointPruned`](crate::RequestError::CheckpointPruned) if retention has
    /// removed the moment.
    fn return_to(&mut self, fork: WorldFork) -> Ticket;
}

impl WorldForksExt for Commands<'_, '_> {
    fn fork_world(&mut self) -> WorldFork {
        WorldFork(self.session().request(CurrentRequest::Fork))
    }

    fn return_to(&mut self, fork: WorldFork) -> Ticket {
        self.session().rewind(RewindTo::Fork(fork))
    }
}
