//! What references to entities lead to that wait for their level.
//!
//! In the world that is an entity which isn't there, as it is after a level was left in play. The encoder knows whose place it
//! takes, so checkpoints name the one that waits, and a restore in which that is there leads to it.

use std::collections::HashMap;

use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;
use bevy_session_journal::SaveId;

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
    let mut without = Vec::new();
    for rank in image.keys.keys() {
        let place = *rank as usize;
        let (Some(entity), Some(origin), Some(id)) =
            (entities.get_mut(place), origins.get_mut(place), image.ranks.ids().get(place))
        else {
            continue;
        };
        if matches!(origin, Origin::Staying | Origin::Placed) {
            continue;
        }
        *origin = Origin::Waiting;
        match before.get(id).filter(|before| world.get_entity(**before).is_err()) {
            Some(before) => *entity = *before,
            None => without.push(place),
        }
    }
    let new = Placed::reserve_stand_ins(world, without.len());
    for (place, stand_in) in without.into_iter().zip(new) {
        if let Some(entity) = entities.get_mut(place) {
            *entity = stand_in;
        }
    }
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
