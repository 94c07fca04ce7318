//! One saved state, with the transition that is pending.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

use bevy::ecs::resource::Resource;
use bevy::ecs::world::World;
use bevy::state::state::{FreelyMutableState, NextState, State, States};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::columns::{Captured, RecordColumn};
use super::moment::{Extent, Moment};
use super::resources::CapturedWorldValue;
use crate::engine::{self, Pending};
use crate::saved::{PendingState, SavedState, StateCodec};

/// States that are being left at this moment: the world still belongs to them, and the current
/// states are already the next ones.
#[derive(Resource, Default)]
pub(crate) struct StatesBeingLeft(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl StatesBeingLeft {
    /// Notes the former state.
    pub(crate) fn note<S: States>(&mut self, exited: Option<S>) {
        self.0.insert(TypeId::of::<S>(), Box::new(exited));
    }

    /// Returns true if no state is being left.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The transition is over.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    fn get<S: States>(&self) -> Option<&Option<S>> {
        self.0.get(&TypeId::of::<S>())?.downcast_ref()
    }
}

/// States in which the session is closed.
#[derive(Resource)]
pub(crate) struct ClosingStates<S>(pub Vec<S>);

/// Asks each saved state whether a transition is pending to one in which the session is closed.
#[derive(Resource, Default)]
pub(crate) struct WaysOut(pub Vec<fn(&World) -> bool>);

/// Returns true if the game is about to leave the session: what is pending isn't part of it.
pub(crate) fn is_about_to_leave(world: &World) -> bool {
    let ways = world.get_resource::<WaysOut>();
    ways.is_some_and(|ways| ways.0.iter().any(|leads_out| leads_out(world)))
}

/// Returns true if a transition of this state is pending that closes the session.
pub(crate) fn leads_out<S: FreelyMutableState>(world: &World) -> bool {
    let (Some(next), Some(closing)) =
        (world.get_resource::<NextState<S>>(), world.get_resource::<ClosingStates<S>>())
    else {
        return false;
    };
    // Where a sub-state doesn't exist, its transition doesn't either.
    let Some(current) = world.get_resource::<State<S>>() else { return false };
    match engine::pending(next) {
        Pending::No => false,
        Pending::IfDifferent(state) if state == current.get() => false,
        Pending::Always(state) | Pending::IfDifferent(state) => closing.0.contains(state),
    }
}

impl<S> Default for ClosingStates<S> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<S: FreelyMutableState> SavedState<S> {
    /// The state in `world`; `None` if the game hasn't added it.
    pub(crate) fn of(world: &World) -> Option<Self> {
        let left = world.get_resource::<StatesBeingLeft>().and_then(StatesBeingLeft::get::<S>);
        if let Some(current) = left {
            return Some(Self { current: current.clone(), pending: PendingState::Unchanged });
        }
        let next = world.get_resource::<NextState<S>>()?;
        let current = world.get_resource::<State<S>>().map(|state| state.get().clone());
        let pending = match engine::pending(next) {
            _ if is_about_to_leave(world) => PendingState::Unchanged,
            Pending::No => PendingState::Unchanged,
            Pending::Always(state) => PendingState::Set(state.clone()),
            Pending::IfDifferent(state) => PendingState::SetIfDifferent(state.clone()),
        };
        Some(Self { current, pending })
    }
}

/// Maps a state to the one that is saved.
pub(crate) type StateMapping<S> = Arc<dyn Fn(S) -> S + Send + Sync>;

/// Copies one state. States are compared, since `NextState` changes without being changed.
pub(crate) struct StateRecorder<S: FreelyMutableState> {
    last: Option<SavedState<S>>,
    mapping: Option<StateMapping<S>>,
}

impl<S: FreelyMutableState> StateRecorder<S> {
    /// A recorder that saves states as mapped by `mapping`.
    pub(crate) fn new(mapping: Option<StateMapping<S>>) -> Self {
        Self { last: None, mapping }
    }

    /// A state as it is saved.
    pub(crate) fn mapped(&self, state: SavedState<S>) -> SavedState<S> {
        let Some(mapping) = &self.mapping else { return state };
        let pending = match state.pending {
            PendingState::Unchanged => PendingState::Unchanged,
            PendingState::Set(state) => PendingState::Set(mapping(state)),
            PendingState::SetIfDifferent(state) => PendingState::SetIfDifferent(mapping(state)),
        };
        SavedState { current: state.current.map(|state| mapping(state)), pending }
    }
}

impl<S> RecordColumn for StateRecorder<S>
where
    S: FreelyMutableState + Serialize + DeserializeOwned,
{
    fn record(&mut self, world: &World, moment: &Moment<'_>, buffer: Option<Captured>) -> Captured {
        let state = SavedState::<S>::of(world).map(|state| self.mapped(state));
        let is_sent = matches!(moment.extent, Extent::All) || state != self.last;
        let presence = [self.last.is_some(), state.is_some()];
        self.last.clone_from(&state);
        let value = state.filter(|_| is_sent);
        let codec = StateCodec::default();
        CapturedWorldValue::fill(buffer, &codec, value, presence, moment.extent)
    }

    fn restart(&mut self) {
        self.last = None;
    }
}
