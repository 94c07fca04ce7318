//! Rounds: placed entities are despawned with their state, and start fresh with it.

use bevy::app::App;
use bevy::ecs::entity::Entity;
use bevy::ecs::entity_disabling::Disabled;
use bevy::ecs::message::{MessageCursor, Messages};
use bevy::ecs::query::{Allow, QueryState};
use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::IntoScheduleConfigs;
use bevy::ecs::system::Local;
use bevy::ecs::world::World;
use bevy::platform::collections::HashMap;
use bevy::state::state::{StateTransition, StateTransitionEvent, States};
use bevy::state::state_scoped::{DespawnOnEnter, DespawnOnExit};

use super::{Placed, SaveKey, SaveScope};
use crate::capture::BeforeExit;
use crate::capture::record::{Related, going_with, links_that_despawn};

/// Keys whose entities are despawned with a state, themselves or with an ancestor.
///
/// An entity stays listed here when it is taken, so that its key is forgotten when the round ends
/// even if nothing of the round is left.
#[derive(Resource)]
struct KeysOfState<S: States> {
    left_with: HashMap<SaveKey, S>,
    entered_with: HashMap<SaveKey, S>,
}

/// Notes the state of entities that arrived.
pub(super) type BindKeys = fn(&mut World, &[(Entity, SaveKey)]);

/// Forgets keys when their state is left, if the app has that state.
pub(crate) fn follow_state_scopes<S: States>(app: &mut App) {
    let world = app.world();
    let is_added = world.contains_resource::<Messages<StateTransitionEvent<S>>>();
    if !is_added || world.contains_resource::<KeysOfState<S>>() {
        return;
    }
    let (left_with, entered_with) = Default::default();
    app.insert_resource(KeysOfState::<S> { left_with, entered_with })
        .add_systems(StateTransition, end_round::<S>.in_set(BeforeExit::EndRound));
    app.world_mut().get_resource_or_init::<Placed>().bind_with(bind_keys::<S>);
}

fn bind_keys<S: States>(world: &mut World, came: &[(Entity, SaveKey)]) {
    let Some(mut keys) = world.remove_resource::<KeysOfState<S>>() else { return };
    let links = links_that_despawn(world);
    for (entity, key) in came {
        keys.left_with.remove(key);
        keys.entered_with.remove(key);
        match scope_of::<S>(world, &links, *entity) {
            Some(Scope::LeftWith(state)) => drop(keys.left_with.insert(key.clone(), state)),
            Some(Scope::EnteredWith(state)) => drop(keys.entered_with.insert(key.clone(), state)),
            None => {}
        }
    }
    world.insert_resource(keys);
}

/// The moment at which an entity is despawned with a state.
enum Scope<S> {
    LeftWith(S),
    EnteredWith(S),
}

/// The state with which an entity is despawned. Below a [`SaveScope`], it has none.
fn scope_of<S: States>(world: &World, links: &[Related<'_>], entity: Entity) -> Option<Scope<S>> {
    let found = going_with(links, entity).filter_map(|entity| world.get_entity(entity).ok());
    for found in found {
        if found.contains::<SaveScope>() {
            return None;
        }
        if let Some(scope) = found.get::<DespawnOnExit<S>>() {
            return Some(Scope::LeftWith(scope.0.clone()));
        }
        if let Some(scope) = found.get::<DespawnOnEnter<S>>() {
            return Some(Scope::EnteredWith(scope.0.clone()));
        }
    }
    None
}

/// The entities that Bevy despawns at a transition, with the states that they are of.
type Roots<T> = QueryState<(Entity, &'static T), Allow<Disabled>>;

/// A state is left: its entities don't count as gone, and their keys start fresh.
///
/// With a root goes all that hangs from it, also what the game has disabled in its own way, so only the roots are found by
/// queries.
fn end_round<S: States>(
    world: &mut World,
    left_with: &mut Roots<DespawnOnExit<S>>,
    entered_with: &mut Roots<DespawnOnEnter<S>>,
    mut transitions: Local<MessageCursor<StateTransitionEvent<S>>>,
) {
    let Some(messages) = world.get_resource::<Messages<StateTransitionEvent<S>>>() else { return };
    let Some(transition) = transitions.read(messages).last().cloned() else { return };
    let stays = transition.entered == transition.exited && !transition.allow_same_state_transitions;
    if stays {
        return;
    }
    let (exited, entered) = (transition.exited.as_ref(), transition.entered.as_ref());
    let leaving = left_with.iter(world).filter(|(_, scope)| Some(&scope.0) == exited);
    let roots: Vec<Entity> = leaving.map(|(root, _)| root).collect();
    let entering = entered_with.iter(world).filter(|(_, scope)| Some(&scope.0) == entered);
    let roots: Vec<Entity> = entering.map(|(root, _)| root).chain(roots).collect();
    Placed::clear_away(world, &roots);
    let Some(mut keys) = world.remove_resource::<KeysOfState<S>>() else { return };
    if let Some(mut placed) = world.get_resource_mut::<Placed>() {
        keys.begin_afresh(&mut placed, (exited, entered));
    }
    world.insert_resource(keys);
}

impl<S: States> KeysOfState<S> {
    /// The keys of entities that go with a transition start fresh.
    fn begin_afresh(&mut self, placed: &mut Placed, (exited, entered): (Option<&S>, Option<&S>)) {
        if !placed.is_recording() {
            return;
        }
        let left = self.left_with.extract_if(|_, state| Some(&*state) == exited);
        left.for_each(|(key, _)| placed.start_fresh(key));
        let entered = self.entered_with.extract_if(|_, state| Some(&*state) == entered);
        entered.for_each(|(key, _)| placed.start_fresh(key));
    }
}
