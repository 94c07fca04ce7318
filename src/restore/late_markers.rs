//! Entities that should have the marker and don't yet.

use bevy::ecs::component::ComponentId;
use bevy::ecs::world::World;

use crate::saved::Latecomers;

/// Marks the entities of types that were spawned before they could require the marker. A capture
/// does the same, but entities that were spawned since the last one would be missed.
pub(super) fn mark_late(world: &mut World, adopted: &[ComponentId]) {
    for component in adopted {
        Latecomers::with(*component, world).mark(world);
    }
    world.flush();
}
