//! A state that is entered instead of the saved one.

use std::any::TypeId;
use std::sync::Arc;

use bevy::ecs::world::World;
use bevy::state::state::{FreelyMutableState, NextState, State};

use crate::capture::leads_out;
use crate::engine;

/// A state that is entered instead of the saved one, such as a loading screen.
#[derive(Clone)]
pub(crate) struct StateOverride {
    state: TypeId,
    set: Arc<dyn Fn(&mut World) + Send + Sync>,
    current: fn(&World) -> Option<StateOverride>,
    hold: fn(&mut World) -> Option<HeldState>,
}

/// A state that the game wants to enter, and that is held back.
pub(crate) struct HeldState(Box<dyn FnOnce(&mut World) + Send + Sync>);

impl HeldState {
    /// Lets the game enter it.
    pub(crate) fn release(self, world: &mut World) {
        (self.0)(world);
    }
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
        let (current, hold) = (Self::of_now::<S>, hold::<S>);
        Self { state: TypeId::of::<S>(), set: Arc::new(set), current, hold }
    }

    /// The world's own state of the same type, to return to it.
    pub(super) fn current(&self, world: &World) -> Option<Self> {
        (self.current)(world)
    }

    fn of_now<S: FreelyMutableState>(world: &World) -> Option<Self> {
        let state = world.get_resource::<State<S>>()?.get().clone();
        Some(Self::entered_by(engine::pending_if_different, state))
    }

    /// Holds back the state of the same type that the game wants to enter next, if there is one.
    pub(crate) fn hold(&self, world: &mut World) -> Option<HeldState> {
        (self.hold)(world)
    }

    /// Returns true if this takes the place of a state.
    pub(super) fn replaces(&self, state: TypeId) -> bool {
        self.state == state
    }

    pub(super) fn set(&self, world: &mut World) {
        (self.set)(world);
    }
}

fn hold<S: FreelyMutableState>(world: &mut World) -> Option<HeldState> {
    // The way to the menu is open: what was to be brought back isn't wanted any more.
    if leads_out::<S>(world) {
        return None;
    }
    let mut next = world.get_resource_mut::<NextState<S>>()?;
    if matches!(engine::pending(&next), engine::Pending::No) {
        return None;
    }
    let held = std::mem::take(&mut *next);
    Some(HeldState(Box::new(move |world| {
        // What the game has asked for since then is newer.
        let next = world.get_resource_mut::<NextState<S>>();
        if let Some(mut next) = next.filter(|it| matches!(engine::pending(it), engine::Pending::No))
        {
            *next = held;
        }
    })))
}
