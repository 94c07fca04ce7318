//! Rounds: placed entities are despawned with their state, and start fresh with it.

use bevy::app::App;
use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::entity_disabling::Disabled;
use bevy::ecs::hierarchy::{ChildOf, Children};
use bevy::ecs::message::{MessageReader, Messages};
use bevy::ecs::query::{Allow, With};
use bevy::ecs::resource::Resource;
use bevy::ecs::schedule::IntoScheduleConfigs;
use bevy::ecs::system::{Query, ResMut};
use bevy::ecs::world::World;
use bevy::platform::collections::HashMap;
use bevy::state::state::{StateTransition, StateTransitionEvent, States};
use bevy::state::state_scoped::{DespawnOnEnter, DespawnOnExit};

use super::{Placed, SaveKey, SaveScope};
use crate::capture::BeforeExit;
use crate::saved::Saved;

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
    for (entity, key) in came {
        keys.left_with.remove(key);
        keys.entered_with.remove(key);
        match scope_of::<S>(world, *entity) {
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
fn scope_of<S: States>(world: &World, entity: Entity) -> Option<Scope<S>> {
    let mut seen = EntityHashSet::default();
    let mut next = Some(entity);
    while let Some(entity) = next.filter(|entity| seen.insert(*entity)) {
        let entity = world.get_entity(entity).ok()?;
        if entity.contains::<SaveScope>() {
            return None;
        }
        if let Some(scope) = entity.get::<DespawnOnExit<S>>() {
            return Some(Scope::LeftWith(scope.0.clone()));
        }
        if let Some(scope) = entity.get::<DespawnOnEnter<S>>() {
            return Some(Scope::EnteredWith(scope.0.clone()));
        }
        next = entity.get::<ChildOf>().map(ChildOf::parent);
    }
    None
}

type AnyEntity = Allow<Disabled>;

/// A state is left: its entities don't count as gone, and their keys start fresh.
fn end_round<S: States>(
    mut transitions: MessageReader<StateTransitionEvent<S>>,
    left_with: Query<(Entity, &DespawnOnExit<S>), AnyEntity>,
    entered_with: Query<(Entity, &DespawnOnEnter<S>), AnyEntity>,
    children: Query<&Children, AnyEntity>,
    placed_entities: Query<(), (With<Saved>, With<SaveKey>, AnyEntity)>,
    mut keys: ResMut<KeysOfState<S>>,
    mut placed: ResMut<Placed>,
) {
    let Some(transition) = transitions.read().last() else { return };
    let stays = transition.entered == transition.exited && !transition.allow_same_state_transitions;
    if stays {
        return;
    }
    let (exited, entered) = (transition.exited.as_ref(), transition.entered.as_ref());
    let leaving = left_with.iter().filter(|(_, scope)| Some(&scope.0) == exited);
    let roots = leaving.map(|(root, _)| root);
    let entering = entered_with.iter().filter(|(_, scope)| Some(&scope.0) == entered);
    let mut waiting: Vec<Entity> = roots.chain(entering.map(|(root, _)| root)).collect();
    let mut seen = EntityHashSet::default();
    while let Some(entity) = waiting.pop() {
        if !seen.insert(entity) {
            continue;
        }
        if placed_entities.contains(entity) {
            placed.clear_away(entity);
        }
        waiting.extend(children.get(entity).into_iter().flatten());
    }
    if !placed.is_recording() {
        return;
    }
    let left = keys.left_with.extract_if(|_, state| Some(&*state) == exited);
    left.for_each(|(key, _)| placed.start_fresh(key));
    let entered = keys.entered_with.extract_if(|_, state| Some(&*state) == entered);
    entered.for_each(|(key, _)| placed.start_fresh(key));
}
