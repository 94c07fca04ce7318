//! What references to entities lead to that wait for their level.
//!
//! In the world that is an entity which isn't there, as it is after a level was left in play. The encoder knows whose place it
//! takes, so checkpoints name the one that waits, and a restore in which that is there leads to it.

use std::collections::HashMap;

use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;
use bevy_session_journal::SaveId;

use super::image::WorldImage;
use super::replacement::{Origin, Replacement};
use crate::capture::Placed;

/// Lets references to those that wait lead to who they were `before`, as long as that isn't another by now, or else to entities
/// that are never spawned.
pub(super) fn stand_in_for_the_waiting(
    replacement: &mut Replacement,
    before: &HashMap<SaveId, Entity>,
    world: &mut World,
) {
    let Replacement { image, entities, origins, .. } = replacement;
    for rank in image.keys.keys() {
        if let Some(origin) = origins.get_mut(*rank as usize)
            && !matches!(origin, Origin::Staying | Origin::Placed)
        {
            *origin = Origin::Waiting;
        }
    }
    let without = lead_to_former(image, (entities, origins), before, world);
    let new = Placed::reserve_stand_ins(world, without.len());
    for (place, stand_in) in without.into_iter().zip(new) {
        if let Some(entity) = entities.get_mut(place) {
            *entity = stand_in;
        }
    }
}

/// For claims: those of which another is about to be claimed and that have left meanwhile are named by who they were,
/// which is written as their ids.
pub(super) fn name_the_absent(replacement: &mut Replacement, world: &World) {
    let Replacement { image, entities, origins, outside, .. } = replacement;
    lead_to_former(image, (entities, origins), outside, world);
}

/// Names those that wait by who they were. Returns the places of those of which that isn't known, or is another by now.
fn lead_to_former(
    image: &WorldImage,
    (entities, origins): (&mut [Entity], &[Origin]),
    before: &HashMap<SaveId, Entity>,
    world: &World,
) -> Vec<usize> {
    let mut without = Vec::new();
    let waiting = image.keys.keys().map(|rank| *rank as usize);
    for place in waiting.filter(|place| origins.get(*place) == Some(&Origin::Waiting)) {
        let former = image.ranks.ids().get(place).and_then(|id| before.get(id));
        let former = former.filter(|former| world.get_entity(**former).is_err());
        match (entities.get_mut(place), former) {
            (Some(entity), Some(former)) => *entity = *former,
            _ => without.push(place),
        }
    }
    without
}

/// What references to those that wait lead to, with their ids.
pub(super) fn absent(replacement: &Replacement) -> Vec<(Entity, SaveId)> {
    let Replacement { image, entities, origins, .. } = replacement;
    let waiting = image.keys.keys().filter_map(|rank| {
        let place = *rank as usize;
        let entity = *entities.get(place)?;
        let waits = origins.get(place) == Some(&Origin::Waiting) && entity != Entity::PLACEHOLDER;
        Some((entity, *image.ranks.ids().get(place)?)).filter(|_| waits)
    });
    waiting.collect()
}
