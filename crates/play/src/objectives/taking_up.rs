//! Gives a session that begins, or comes back, the objectives of this build.

use bevy::platform::collections::HashMap;

use bevy::prelude::*;
use bevy_session::recovery::RestoreReason;
use bevy_session::{CurrentSession, SessionRestored, SessionStarted};

use super::change::ObjectiveChange;
use super::changing::AheadOfObjectives;
use super::following::follow_world;
use super::key::ObjectiveKey;
use super::objective::{OBJECTIVES, Objective};
use super::problem::{ObjectiveProblem, ObjectiveProblems, found};
use super::progress::{ObjectiveProgress, Origin};
use super::registry::Registry;
use super::settling::settle;
use super::tree::Objectives;
use crate::line::{pass_over, rest_after_restore};

/// An objective that a session has and this build doesn't register any more. It keeps what it holds, in every
/// checkpoint, and doesn't count; a build that registers it again finds it as it was.
#[derive(Component, Reflect, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[reflect(Component, Clone, PartialEq, Debug, Default)]
pub struct ObjectiveRetired;

/// A session begins: those of the one before go, and those of this build come.
pub(crate) fn begin_with_session(_: On<SessionStarted>, mut commands: Commands) {
    commands.queue(|world: &mut World| {
        begin_session(world);
        remove_those_of_before(world);
        world.insert_resource(AheadOfObjectives::default());
        let objectives: Vec<Objective> = registered(world);
        spawn(world, objectives, Origin::Registered);
        spawn_those_of_session(world);
        follow_world(world);
        // The session's first checkpoint is about to be taken.
        let now = world.get_resource::<CurrentSession>().map(CurrentSession::play_time);
        settle(world, now.unwrap_or_default());
        pass_over::<ObjectiveChange>(world);
    });
}

/// A session comes back: what it has gets the definitions of this build, and what it lacks comes.
pub(crate) fn take_up_with_session(restored: On<SessionRestored>, mut commands: Commands) {
    let is_from_file = restored.reason == RestoreReason::BranchedOff;
    commands.queue(move |world: &mut World| {
        begin_session(world);
        take_up_registered(world);
        if is_from_file {
            spawn_those_of_session(world);
        }
        rest_after_restore::<ObjectiveChange>(world);
        follow_world(world);
        world.get_resource_or_init::<Objectives>().add_up();
    });
}

fn begin_session(world: &mut World) {
    let of_registry = world.get_resource_or_init::<Registry>().problems();
    world.get_resource_or_init::<ObjectiveProblems>().begin_session(of_registry);
}

fn registered(world: &mut World) -> Vec<Objective> {
    world.get_resource_or_init::<Registry>().iter().cloned().collect()
}

fn spawn(world: &mut World, objectives: Vec<Objective>, origin: Origin) {
    for objective in objectives {
        world.spawn((objective, ObjectiveProgress::of(origin)));
    }
}

/// Despawns the objectives of the session before, except those that the game itself has spawned.
fn remove_those_of_before(world: &mut World) {
    let mut all = world.query::<(Entity, &ObjectiveProgress)>();
    let before = all.iter(world).filter(|(_, progress)| progress.origin != Origin::Game);
    let before: Vec<Entity> = before.map(|(entity, _)| entity).collect();
    for entity in before {
        world.despawn(entity);
    }
}

/// Spawns those of the session's own list that the world lacks.
fn spawn_those_of_session(world: &mut World) {
    let Some(session) = world.get_resource::<CurrentSession>() else { return };
    if !session.fields().contains(OBJECTIVES) {
        return;
    }
    let Some(listed) = session.get::<Vec<Objective>>(OBJECTIVES) else {
        return found(world, ObjectiveProblem::UnreadableList);
    };
    let there = by_key(world);
    let lacking = listed.into_iter().filter(|objective| !there.contains_key(objective.key()));
    spawn(world, lacking.collect(), Origin::Session);
}

/// The entities of the objectives, the oldest of each key.
fn by_key(world: &mut World) -> HashMap<ObjectiveKey, (Entity, Origin)> {
    let mut all = world.query::<(Entity, &Objective, &ObjectiveProgress)>();
    let mut all: Vec<_> = all.iter(world).collect();
    all.sort_by_key(|(_, _, progress)| progress.number);
    let mut found = HashMap::new();
    for (entity, objective, progress) in all {
        found.entry(objective.key().clone()).or_insert((entity, progress.origin));
    }
    found
}

fn take_up_registered(world: &mut World) {
    let mut there = by_key(world);
    for objective in registered(world) {
        let former = objective.former_keys().iter();
        let known = std::iter::once(objective.key()).chain(former);
        match known.filter_map(|key| there.remove(key)).next() {
            Some((entity, _)) => define(world, entity, objective),
            None => spawn(world, vec![objective], Origin::Registered),
        }
    }
    for (key, (entity, origin)) in there {
        if origin == Origin::Registered && !world.get_resource_or_init::<Registry>().has(&key) {
            world.entity_mut(entity).insert(ObjectiveRetired);
            found(world, ObjectiveProblem::Retired { key });
        }
    }
}

/// Gives an objective the definition of this build.
fn define(world: &mut World, entity: Entity, objective: Objective) {
    let Ok(mut entity) = world.get_entity_mut(entity) else { return };
    entity.remove::<ObjectiveRetired>();
    if entity.get::<Objective>() != Some(&objective) {
        entity.insert(objective);
    }
    if let Some(mut progress) = entity.get_mut::<ObjectiveProgress>()
        && progress.origin != Origin::Registered
    {
        progress.origin = Origin::Registered;
    }
}
