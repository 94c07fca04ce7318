//! What references to entities lead to that wait for their level.
//!
//! In the world that is an entity which isn't there, as it is after a level was left in play. The encoder knows whose place it
//! takes, so checkpoints name the one that waits, and a restore in which that is there leads to it.

use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;
use bevy_session_journal::SaveId;

use super::replacement::{Origin, Replacement};

/// Lets references to those that wait lead to entities that are never spawned. All of them have one index, which nobody else
/// gets, and differ in their generation.
pub(super) fn stand_in_for_the_waiting(replacement: &mut Replacement, world: &World) {
    let waiting = replacement.entities.iter_mut().zip(&replacement.origins);
    let mut waiting = waiting.filter(|(_, origin)| **origin == Origin::Waiting).peekable();
    if waiting.peek().is_none() {
        return;
    }
    let first = world.entity_allocator().alloc();
    for (version, (entity, _)) in (0..).zip(waiting) {
        let generation = first.generation().after_versions(version);
        *entity = Entity::from_index_and_generation(first.index(), generation);
    }
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
