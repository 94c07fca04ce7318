//! Entities that belong to the player's progress and don't have the marker yet.

use bevy::ecs::component::ComponentId;
use bevy::ecs::world::World;

use crate::saved::Latecomers;

/// Marks the entities of types that were spawned before their marker could be made to come with
/// them. A capture does the same, but those that were spawned since the last one would belong to
/// none.
pub(super) fn mark_late(world: &mut World, adopted: &[ComponentId]) {
    for component in adopted {
        Latecomers::with(*component, world).mark(world);
    }
    world.flush();
}
