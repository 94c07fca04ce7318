//! Copying single entities, between two captures.

use bevy::ecs::entity::Entity;
use bevy::ecs::world::World;

use super::columns::{CapturedColumn, RecordColumn};
use crate::capture::types::SavedTypes;
use crate::saved::unfiltered;

/// Copies entities that are about to leave the world.
pub(crate) struct Copier {
    columns: Vec<Box<dyn RecordColumn>>,
}

impl Copier {
    /// A copier for `world`.
    pub(crate) fn new(world: &mut World, types: &SavedTypes) -> Self {
        unfiltered(world, |world| Self {
            columns: types.columns().map(|saved_type| saved_type.recorder(world)).collect(),
        })
    }

    /// Copies everything that is saved of some entities: one column for each saved type.
    pub(crate) fn copy(
        &self,
        world: &World,
        entities: &[Entity],
    ) -> Vec<Option<Box<dyn CapturedColumn>>> {
        self.columns.iter().map(|column| column.copy(world, entities)).collect()
    }
}
