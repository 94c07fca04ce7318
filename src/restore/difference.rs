//! What of a checkpoint differs from the entities that stay.

use bevy::ecs::change_detection::Tick;
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;

use super::ragged::Ragged;
use super::rows_by_entity::RowOfEntity;

/// What of a checkpoint differs from the entities that stay, by rank.
#[derive(Default)]
pub(super) struct Difference {
    /// Rows whose value the entity doesn't have.
    pub written: Ragged<RowOfEntity>,
    /// Components that the entity has and the checkpoint doesn't, and what they alone have brought along.
    pub removed: Ragged<ComponentId>,
    /// When it was taken.
    pub since: Tick,
}

impl Difference {
    /// Whether an entity is as the checkpoint says.
    pub(super) fn is_none_of(&self, rank: u32) -> bool {
        self.written.of(rank).is_empty() && self.removed.of(rank).is_empty()
    }
}

/// Takes components away from an entity, all at once.
pub(super) fn take_away(world: &mut World, entity: Entity, components: &[ComponentId]) {
    if let Ok(mut entity) = world.get_entity_mut(entity)
        && !components.is_empty()
    {
        entity.remove_by_ids(components);
    }
}
