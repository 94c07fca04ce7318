//! The difference between a checkpoint and the entities that stay.

use bevy::ecs::change_detection::Tick;
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;

use super::ragged::Ragged;
use super::rows_by_entity::RowOfEntity;

/// The difference between a checkpoint and the entities that stay, by rank.
#[derive(Default)]
pub(super) struct Difference {
    /// Rows to insert, since the entity has another value or none.
    pub written: Ragged<RowOfEntity>,
    /// Rows whose value the entity didn't have, and that were written in place.
    pub overwritten: Ragged<RowOfEntity>,
    /// Components that the entity has and the checkpoint doesn't, with those that they alone
    /// required.
    pub removed: Ragged<ComponentId>,
    /// The tick at which it was computed.
    pub since: Tick,
}

impl Difference {
    /// The entities that aren't as in the checkpoint, ascending.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let Self { written, overwritten, removed, .. } = self;
        let mut ranks = [written.filled(), overwritten.filled(), removed.filled()].concat();
        ranks.sort_unstable();
        ranks.dedup();
        ranks
    }
}

/// Removes components from an entity, all at once.
pub(super) fn take_away(world: &mut World, entity: Entity, components: &[ComponentId]) {
    if let Ok(mut entity) = world.get_entity_mut(entity)
        && !components.is_empty()
    {
        entity.remove_by_ids(components);
    }
}
