//! What references to entities lead to that wait for their level.
//!
//! In the world that is an entity which isn't there, as it is after a level was left in play. The encoder knows whose place it
//! takes, so checkpoints name the one that waits, and a restore in which that is there leads to it.

use std::collections::HashMap;

use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;
use bevy_session_journal::SaveId;

use super::replacement::{Origin, Replacement};

/// Lets references to those that wait lead to who they were `before`, as long as that isn't another by now, or else to entities
/// that are never spawned. All of these have one index, which nobody else gets, and differ in their generation.
pub(super) fn stand_in_for_the_waiting(
    replacement: &mut Replacement,
    before: &HashMap<SaveId, Entity>,
    world: &World,
) {
    let Replacement { image, entities, origins, .. } = replacement;
    let mut next = None;
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
        let before = before.get(id).filter(|before| world.get_entity(**before).is_err());
        let stand_in = before.copied().unwrap_or_else(|| {
            let new = next.unwrap_or_else(|| world.entity_allocator().alloc());
            next = Some(of_next_generation(new));
            new
        });
        (*entity, *origin) = (stand_in, Origin::Waiting);
    }
}

fn of_next_generation(entity: Entity) -> Entity {
    Entity::from_index_and_generation(entity.index(), entity.generation().after_versions(1))
}

/// What references to those that wait lead to, with their ids.
pub(super) fn absent(replacement: &Replacement) -> Vec<(Entity, SaveId)> {
    let Replacement { image, entities, origins, .. } = replacement;
    let waiting = entities.iter().zip(image.ranks.ids()).zip(origins);
    let waiting = waiting.filter(|((entity, _), origin)| {
        **origin == Origin::Waiting && **entity != Entity::PLACEHOLDER
    });
    waiting.map(|((entity, id), _)| (*entity, *id)).collect()
}
