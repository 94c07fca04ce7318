//! Systems of the game that run when a session is left.

use std::task::Poll;

use bevy::prelude::*;
use tracing::error;

use super::HookSystem;

/// A system that runs when a session is left.
pub(crate) struct EndHook {
    pub name: String,
    pub run: Box<dyn FnMut(&mut World) -> bool + Send + Sync>,
}

impl EndHook {
    pub(super) fn new<Out: EndStep + 'static, M>(
        system: impl IntoSystem<(), Out, M> + 'static,
    ) -> Self {
        let mut system = HookSystem::new(system);
        let name = system.name();
        let run = move |world: &mut World| match system.run((), world) {
            Ok(step) => step.into_poll().is_ready(),
            Err(error) => {
                error!(system = %system.name(), %error, "a system of the session's end can't run");
                true
            }
        };
        Self { name, run: Box::new(run) }
    }
}

/// The output of a system of [`on_session_end`](crate::SessionHooksExt::on_session_end): `()` if it
/// is done at once, or [`Poll::Pending`] to be run again in the next frame.
pub trait EndStep {
    /// Converts the output: [`Poll::Ready`] if the system is done.
    fn into_poll(self) -> Poll<()>;
}

impl EndStep for () {
    fn into_poll(self) -> Poll<()> {
        Poll::Ready(())
    }
}

impl EndStep for Poll<()> {
    fn into_poll(self) -> Poll<()> {
        self
    }
}
