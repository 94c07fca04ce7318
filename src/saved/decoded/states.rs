//! A decoded state.

use std::any::TypeId;

use bevy::ecs::world::World;
use bevy::state::state::{FreelyMutableState, NextState, State};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StateValue;
use crate::engine;
use crate::saved::{Codec, DecodeError, PendingState, SavedState, StateCodec};

/// A decoded state.
pub(crate) struct DecodedState<S: FreelyMutableState> {
    codec: StateCodec<S>,
    state: Option<SavedState<S>>,
    /// The world's own state, while another one is restored.
    kept: Option<S>,
    kept_pending: NextState<S>,
}

impl<S: FreelyMutableState> DecodedState<S> {
    /// No value yet.
    pub(crate) fn new(codec: StateCodec<S>) -> Self {
        Self { codec, state: None, kept: None, kept_pending: NextState::Unchanged }
    }
}

impl<S: FreelyMutableState + Serialize + DeserializeOwned> StateValue for DecodedState<S> {
    fn state_type(&self) -> TypeId {
        TypeId::of::<S>()
    }

    fn decode(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        self.state = Some(self.codec.decode(bytes)?);
        Ok(())
    }

    fn set(&self, world: &mut World) -> bool {
        let current = self.state.as_ref().and_then(|state| state.current.clone());
        let (Some(current), Some(mut next)) = (current, world.get_resource_mut::<NextState<S>>())
        else {
            return false;
        };
        // Entering the state that is current already would despawn what belongs to it. A transition
        // that the game has pending is replaced, where `set_if_neq` might keep it.
        *next = engine::pending_if_different(current);
        true
    }

    fn set_pending(&self, world: &mut World) {
        let (Some(state), Some(mut next)) = (&self.state, world.get_resource_mut::<NextState<S>>())
        else {
            return;
        };
        *next = match state.pending.clone() {
            PendingState::Unchanged => NextState::Unchanged,
            PendingState::Set(state) => NextState::Pending(state),
            PendingState::SetIfDifferent(state) => engine::pending_if_different(state),
        };
    }

    fn keep(&mut self, world: &World) {
        self.kept = current(world).cloned();
        let pending = world.get_resource::<NextState<S>>();
        self.kept_pending = pending.cloned().unwrap_or_default();
    }

    fn was_left(&self, world: &World) -> bool {
        self.kept.as_ref() != current(world)
    }

    fn give_back(&self, world: &mut World) {
        if let (Some(kept), Some(mut next)) = (&self.kept, world.get_resource_mut::<NextState<S>>())
        {
            *next = engine::pending_if_different(kept.clone());
        }
    }

    fn give_back_pending(&self, world: &mut World) {
        if let Some(mut next) = world.get_resource_mut::<NextState<S>>() {
            *next = self.kept_pending.clone();
        }
    }
}

/// The world's state.
fn current<S: FreelyMutableState>(world: &World) -> Option<&S> {
    world.get_resource::<State<S>>().map(State::get)
}
