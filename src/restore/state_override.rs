//! A state that is entered in place of the saved one.

use std::any::TypeId;
use std::sync::Arc;

use bevy::ecs::world::World;
use bevy::state::state::{FreelyMutableState, NextState};

/// A state that is entered in place of the saved one, such as a loading screen.
#[derive(Clone)]
pub(crate) struct StateOverride {
    state: TypeId,
    set: Arc<dyn Fn(&mut World) + Send + Sync>,
}

impl StateOverride {
    pub(crate) fn new<S: FreelyMutableState>(state: S) -> Self {
        let set = move |world: &mut World| {
            if let Some(mut next) = world.get_resource_mut::<NextState<S>>() {
                // Whoever loads a level does so in `OnEnter`, even if it is entered once more.
                *next = NextState::Pending(state.clone());
            }
        };
        Self { state: TypeId::of::<S>(), set: Arc::new(set) }
    }

    /// Whether this takes the place of a state.
    pub(super) fn replaces(&self, state: TypeId) -> bool {
        self.state == state
    }

    pub(super) fn set(&self, world: &mut World) {
        (self.set)(world);
    }
}
