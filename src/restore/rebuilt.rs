//! Components that the game makes anew, with the world at hand.

use bevy::ecs::component::{Component, ComponentId};
use bevy::ecs::entity::Entity;
use bevy::ecs::world::{EntityRef, World};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::components::is_written_as;
use super::decoded::{ComponentRows, WrittenAgain};
use super::references::{Names, References};
use super::spawn::WholeEntity;
use crate::capture::{Codec, DecodeError, RebuiltCodec};

/// Descriptions of components, and the components that the game made of them.
pub(crate) struct RebuiltComponents<T, P> {
    codec: RebuiltCodec<T, P>,
    described: Vec<P>,
    rebuilt: Vec<Option<T>>,
}

impl<T, P> RebuiltComponents<T, P> {
    /// No rows.
    pub(crate) fn new(codec: RebuiltCodec<T, P>) -> Self {
        Self { codec, described: Vec::new(), rebuilt: Vec::new() }
    }
}

impl<T, P> ComponentRows for RebuiltComponents<T, P>
where
    T: Component,
    P: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    fn decode(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        self.described.push(self.codec.decode(bytes)?);
        Ok(())
    }

    fn component(&self, world: &mut World) -> ComponentId {
        world.register_component::<T>()
    }

    fn is_relationship(&self) -> bool {
        T::relationship_accessor().is_some()
    }

    fn rebuild(&mut self, world: &mut World) -> Vec<(u32, String)> {
        let mut failed = Vec::new();
        let described = std::mem::take(&mut self.described);
        self.rebuilt = (0_u32..)
            .zip(described)
            .map(|(row, description)| match self.codec.rebuild(description, world) {
                Ok(component) => Some(component),
                Err(message) => {
                    failed.push((row, message));
                    None
                }
            })
            .collect();
        failed
    }

    fn push(&mut self, row: u32, _: &mut References<'_>, entity: &mut WholeEntity<'_>) {
        if let Some(component) = self.rebuilt.get_mut(row as usize).and_then(Option::take) {
            entity.push(component);
        }
    }

    fn link(
        &mut self,
        row: u32,
        _: &mut References<'_>,
        world: &mut World,
        entity: Entity,
    ) -> bool {
        if let Some(component) = self.rebuilt.get_mut(row as usize).and_then(Option::take)
            && let Ok(mut entity) = world.get_entity_mut(entity)
        {
            entity.insert(component);
        }
        true
    }

    fn is_as_saved(
        &self,
        saved: &[u8],
        entity: EntityRef<'_>,
        names: &mut Names<'_>,
        scratch: &mut Vec<u8>,
    ) -> bool {
        entity
            .get::<T>()
            .is_some_and(|component| is_written_as(&self.codec, component, saved, names, scratch))
    }

    fn write_again(
        &self,
        saved: &[u8],
        _: &mut References<'_>,
        world: &mut World,
        entity: Entity,
    ) -> WrittenAgain {
        let rebuilt =
            self.codec.decode(saved).map(|described| self.codec.rebuild(described, world));
        match rebuilt {
            Ok(Ok(component)) => WrittenAgain::write(world, entity, component),
            _ => WrittenAgain::Not,
        }
    }
}
