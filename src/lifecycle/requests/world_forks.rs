//! Forks of the world as methods of `Commands`: to try something out, or to plan ahead.

use bevy::prelude::*;
use bevy_session_journal::Ticket;

use super::{CurrentRequest, RewindTo, SessionCommandsExt, WorldFork};

/// Forks of the world, as methods of `Commands`.
pub trait WorldForksExt {
    /// Keeps this moment of the session that is played, to return to it.
    ///
    /// It takes a checkpoint, so it costs the frame a copy of what changed since the last one;
    /// retention may remove it like others. Even if nothing has changed, it is a separate
    /// checkpoint, with its own clocks. A session has at most ten forks. Beyond that the oldest is
    /// removed. All of them end with the session, or the process.
    ///
    /// [`RequestDone`](crate::RequestDone) follows once it is durable, with [`WorldFork::ticket`],
    /// or [`RequestRejected`](crate::RequestRejected) with
    /// [`NoSession`](crate::RequestError::NoSession),
    /// [`RestoreUnderWay`](crate::RequestError::RestoreUnderWay),
    /// [`WriterBehind`](crate::RequestError::WriterBehind), or
    /// [`UnknownCheckpoint`](crate::RequestError::UnknownCheckpoint) if a gate is closed and there
    /// is no checkpoint to use.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session::checkpoints::{WorldFork, WorldForksExt};
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

    /// Restores the world as it was when it was forked, in place unless a request says otherwise
    /// ([`restoring`](crate::SessionCommands::restoring), with [`RewindTo::Fork`]). The play since
    /// then is left, and no rewind restores it. The exception is a restore that may wait and be
    /// cancelled meanwhile: in a game with saved states, a loading screen or a gate
    /// ([`restore_session_when`](crate::SessionHooksExt::restore_session_when)), it is saved as by
    /// an autosave. The fork stays, so that the game can return again.
    ///
    /// [`SessionRestored`](crate::SessionRestored) follows, or
    /// [`RequestRejected`](crate::RequestRejected) as for
    /// [`rewind`](crate::SessionCommands::rewind): with
    /// [`UnknownCheckpoint`](crate::RequestError::UnknownCheckpoint) if the fork is gone, its
    /// checkpoint was given up, or it is another session's, and with
    /// [`CheckpointPruned`](crate::RequestError::CheckpointPruned) if retention has removed the
    /// moment.
    fn return_to(&mut self, fork: WorldFork) -> Ticket;
}

impl WorldForksExt for Commands<'_, '_> {
    fn fork_world(&mut self) -> WorldFork {
        WorldFork::asked_for(self.session().request(CurrentRequest::Fork))
    }

    fn return_to(&mut self, fork: WorldFork) -> Ticket {
        self.session().rewind(RewindTo::Fork(fork))
    }
}
