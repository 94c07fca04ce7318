//! Follows what the world has of objectives, which the game may spawn, change and despawn at any time.

use bevy::prelude::*;

use super::changing::claim_what_waits;
use super::departures::SomeWent;
use super::objective::Objective;
use super::problem::found_in_tree;
use super::progress::ObjectiveProgress;
use super::registry::{Criteria, Registry};
use super::taking_up::ObjectiveRetired;
use super::tree::{Objectives, Seed, grow, problems_of};

/// Objectives that came or were changed, and what became of them.
pub(crate) type Changes<'w, 's> = (
    &'w mut QueryState<(), Changed<Objective>>,
    &'s mut QueryState<(Entity, &'static ObjectiveProgress), Changed<ObjectiveProgress>>,
);

/// Brings the tree up to date with the world.
pub(crate) fn follow_changes(world: &mut World, (objectives, progress): Changes) {
    if SomeWent::take(world) || objectives.iter(world).next().is_some() {
        // What changed of their progress is found by that as well.
        return follow_world(world);
    }
    let changed: Vec<(Entity, ObjectiveProgress)> = {
        let Some(tree) = world.get_resource::<Objectives>() else { return };
        let differs = |entity: Entity, progress: &ObjectiveProgress| {
            let node = tree.place_of(entity).and_then(|place| tree.node(place));
            node.is_some_and(|node| node.progress != *progress)
        };
        let changed = progress.iter(world).filter(|(entity, progress)| differs(*entity, progress));
        changed.map(|(entity, progress)| (entity, progress.clone())).collect()
    };
    if changed.is_empty() {
        return;
    }
    let mut tree = world.get_resource_or_init::<Objectives>();
    for (entity, saved) in changed {
        if let Some(place) = tree.place_of(entity) {
            tree.change(place, |progress| {
                *progress = saved;
                true
            });
        }
    }
}

/// Grows the tree from what is in the world.
pub(crate) fn follow_world(world: &mut World) {
    let seeds = seeds(world);
    let (mut tree, mut problems) = grow(seeds);
    tree.tie(world.get_resource_or_init::<Registry>().former());
    tree.touch_all();
    let mut criteria = world.get_resource_or_init::<Criteria>();
    for criterion in criteria.bypass_change_detection().0.iter_mut() {
        criterion.place = tree.place(&criterion.key);
    }
    problems.extend(problems_of(&tree, &mut criteria.0.iter().map(|criterion| &criterion.key)));
    world.insert_resource(tree);
    found_in_tree(world, problems);
    claim_what_waits(world);
}

/// The objectives that may count, by age. Those that weren't seen before get a number.
fn seeds(world: &mut World) -> Vec<Seed> {
    let mut all = world
        .query_filtered::<(Entity, &Objective, &ObjectiveProgress), Without<ObjectiveRetired>>();
    let seed = |(entity, definition, progress): (Entity, &Objective, &ObjectiveProgress)| Seed {
        entity,
        definition: definition.clone(),
        progress: progress.clone(),
    };
    let mut seeds: Vec<Seed> = all.iter(world).map(seed).collect();
    let newest = seeds.iter().map(|seed| seed.progress.number).max().unwrap_or_default();
    // Those without a number are the youngest, in the order of their ids.
    seeds.sort_by_key(|seed| (seed.progress.number.wrapping_sub(1), seed.entity.index_u32()));
    let unseen = seeds.iter_mut().filter(|seed| seed.progress.number == 0);
    for (number, seed) in (newest + 1..).zip(unseen) {
        seed.progress.number = number;
        if let Some(mut progress) = world.get_mut::<ObjectiveProgress>(seed.entity) {
            progress.number = number;
        }
    }
    seeds
}
