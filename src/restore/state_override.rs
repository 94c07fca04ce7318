//! A state that is entered instead of the saved one.

use std::any::TypeId;
use std::sync::Arc;

use bevy::ecs::world::World;
use bevy::state::state::{FreelyMutableState, NextState, State};

use crate::engine;

/// A state that is entered instead of the saved one, such as a loading screen.
#[derive(Clone)]
pub(crate) struct StateOverride {
    state: TypeId,
    set: Arc<dyn Fn(&mut World) + Send + Sync>,
    current: fn(&World) -> Option<StateOverride>,
}

impl StateOverride {
    pub(crate) fn new<S: FreelyMutableState>(state: S) -> Self {
        // Whoever loads a level does so in `OnEnter`, even if it is entered once more.
        Self::entered_by(NextState::Pending, state)
    }

    fn entered_by<S: FreelyMutableState>(how: fn(S) -> NextState<S>, state: S) -> Self {
        let set = move |world: &mut World| {
            if let Some(mut next) = world.get_resource_mut::<NextState<S>>() {
                *next = how(state.clone());
            }
        };
        Self { state: TypeId::of::<S>(), set: Arc::new(set), current: Self::of_now::<S> }
    }

    /// The world's own state of the same type, to return to it.
    pub(super) fn current(&self, world: &World) -> Option<Self> {
        (self.current)(world)
    }

    fn of_now<S: FreelyMutableState>(world: &World) -> Option<Self> {
        let state = world.get_resource::<State<S>>()?.get().clone();
        Some(Self::entered_by(engine::pending_if_different, state))
    }

    /// Returns true if this takes the place of a state.
    pub(super) fn replaces(&self, state: TypeId) -> bool {
        self.state == state
    }

    pub(super) fn set(&self, world: &mut World) {
        (self.set)(world);
    }
}
