//! Systems of the game that the plugin runs at certain moments.

use bevy::ecs::system::{BoxedSystem, RunSystemError, SystemInput};
use bevy::prelude::*;

/// A system of the game that the plugin runs.
pub(crate) struct HookSystem<I: SystemInput + 'static, Out: 'static> {
    system: BoxedSystem<I, Out>,
    is_initialized: bool,
}

impl<I: SystemInput + 'static, Out: 'static> HookSystem<I, Out> {
    pub(in crate::lifecycle) fn new<M>(system: impl IntoSystem<I, Out, M> + 'static) -> Self {
        Self { system: Box::new(IntoSystem::into_system(system)), is_initialized: false }
    }

    /// The system's name in logs.
    pub(in crate::lifecycle) fn name(&self) -> String {
        self.system.name().to_string()
    }

    /// Runs it, with the commands that it queues.
    pub(in crate::lifecycle) fn run(
        &mut self,
        input: I::Inner<'_>,
        world: &mut World,
    ) -> Result<Out, RunSystemError> {
        if !std::mem::replace(&mut self.is_initialized, true) {
            self.system.initialize(world);
        }
        self.system.run(input, world)
    }
}
