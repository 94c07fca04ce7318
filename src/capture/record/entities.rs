//! The entities that are saved, and those that lost something.

use bevy::ecs::entity::Entity;

use super::spare_room::SpareRoom;

/// The saved entities of a capture.
#[derive(Default)]
pub(crate) struct CapturedEntities {
    /// All of them, or those that became saved since the base.
    pub saved: Vec<Entity>,
    /// The number of saved entities in the world.
    pub live: u64,
    /// Entities that may have been saved and are no longer in the world.
    pub despawned: Vec<Entity>,
    /// Entities that are in the world and have lost their marker.
    pub unmarked: Vec<Entity>,
    pub(super) spare_room: SpareRoom,
}

/// Entities that may have lost a component.
pub(crate) struct RemovedRows {
    /// The place of the type in [`Capture::columns`].
    pub column: usize,
    pub entities: Vec<Entity>,
}
