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
    /// Rows whose value the entity doesn't have, to insert.
    pub written: Ragged<RowOfEntity>,
    /// Rows whose value it didn't have, and which were written over it.
    pub overwritten: Ragged<RowOfEntity>,
    /// Components that the entity has and the checkpoint doesn't, and what they alone have brought along.
    pub removed: Ragged<ComponentId>,
    /// When it was taken.
    pub since: Tick,
}

impl Difference {
    /// The entities that aren't as the checkpoint says, ascending.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let Self { written, overwritten, removed, .. } = self;
        let mut ranks = [written.filled(), overwritten.filled(), removed.filled()].concat();
        ranks.sort_unstable();
        ranks.dedup();
        ranks
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
