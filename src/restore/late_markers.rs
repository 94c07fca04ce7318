//! Entities that belong to the player's progress and don't have the marker yet.

use crate::saved::{Saved, unmarked};
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;

/// Marks the entities of types that were spawned before their marker could be made to come with
/// them. A capture does the same, but those that were spawned since the last one would be nobody's.
pub(super) fn mark_late(world: &mut World, adopted: &[ComponentId]) {
    for component in adopted {
        let late: Vec<Entity> = unmarked(world, *component).iter(world).collect();
        world.insert_batch(late.into_iter().map(|entity| (entity, Saved)));
    }
    world.flush();
}
