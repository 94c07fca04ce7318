//! The one way in which objectives change, while they are played and after a crash.

use std::time::Duration;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::change::{ObjectiveChange, ObjectiveStep};
use super::notifications::announce_change;
use super::progress::ObjectiveProgress;
use super::settling::unlock;
use super::tree::{Changed, Objectives};
use crate::line;

/// Changes that were handed out for objectives that aren't there: those that the game spawned after the checkpoint, and
/// will spawn again. They are kept until the objectives come.
#[derive(Resource, TypePath, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[type_path = "bevy_session_play"]
pub(crate) struct AheadOfObjectives(Vec<ObjectiveChange>);

/// Makes a change, and has it recorded.
pub(crate) fn make(world: &mut World, place: usize, step: ObjectiveStep, at: Duration) {
    let mut objectives = world.get_resource_or_init::<Objectives>();
    let Some(key) = objectives.node(place).map(|node| node.definition.key().clone()) else {
        return;
    };
    let change = ObjectiveChange { key, at, step };
    if let Some(changed) = objectives.follow(place, &change) {
        save(world, changed);
        world.write_message(change.clone());
        announce_change(world, change);
    }
}

/// Writes what became of an objective, in the tree already, onto its entity.
pub(crate) fn save(world: &mut World, (entity, progress): Changed) {
    if let Some(mut saved) = world.get_mut::<ObjectiveProgress>(entity) {
        *saved = progress;
    }
}

/// Takes over what no checkpoint held when the game crashed. It is recorded already, and the game hears of it now.
pub(crate) fn take_handed_out(world: &mut World) {
    for change in line::take_handed_out::<ObjectiveChange>(world) {
        take_over(world, change);
    }
}

fn take_over(world: &mut World, change: ObjectiveChange) {
    let mut objectives = world.get_resource_or_init::<Objectives>();
    let Some(place) = objectives.place(&change.key) else {
        return world.get_resource_or_init::<AheadOfObjectives>().0.push(change);
    };
    let at = change.at;
    if let Some(changed) = objectives.follow(place, &change) {
        save(world, changed);
        announce_change(world, change);
        // What came next may be about one that could be gone about because of this.
        unlock(world, &[place], at);
    }
}

/// Takes over what waited for objectives that are there now.
pub(crate) fn claim_what_waits(world: &mut World) {
    let Some(waiting) = world.get_resource::<AheadOfObjectives>() else { return };
    if waiting.0.is_empty() {
        return;
    }
    let changes = std::mem::take(&mut world.get_resource_or_init::<AheadOfObjectives>().0);
    for change in changes {
        take_over(world, change);
    }
}
