//! Components that the game rebuilds, with the world at hand.

use bevy::ecs::component::{Component, ComponentId};
use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::world::{EntityRef, World};

use super::components::is_written_as;
use super::kept::{KeptComponents, Others};
use super::references::{Names, References};
use super::spawn::WholeEntity;
use super::{ComponentRows, WrittenAgain};
use crate::saved::{Codec, CopyCodec, DecodeError, Proxy, RebuiltCodec};

/// Descriptions of components, and the components that the game rebuilt from them.
pub(crate) struct RebuiltComponents<T: Component, P: Proxy> {
    codec: RebuiltCodec<T, P>,
    described: Vec<P>,
    rebuilt: Vec<Option<T>>,
    kept: KeptComponents<RebuiltCodec<T, P>>,
}

impl<T: Component, P: Proxy> RebuiltComponents<T, P> {
    /// No rows.
    pub(crate) fn new(codec: RebuiltCodec<T, P>) -> Self {
        let kept = KeptComponents::default();
        Self { codec, described: Vec::new(), rebuilt: Vec::new(), kept }
    }
}

impl<T: Component, P: Proxy> ComponentRows for RebuiltComponents<T, P> {
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

    fn names_entities(&self) -> bool {
        false
    }

    fn rebuild(
        &mut self,
        is_written: &dyn Fn(u32) -> bool,
        world: &mut World,
    ) -> Vec<(u32, String)> {
        let mut failed = Vec::new();
        let described = std::mem::take(&mut self.described);
        self.rebuilt = (0_u32..)
            .zip(described)
            .map(|(row, description)| {
                if !is_written(row) {
                    return None;
                }
                match self.codec.rebuild(description, world) {
                    Ok(component) => Some(component),
                    Err(message) => {
                        failed.push((row, message));
                        None
                    }
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

    fn names(&self, _: &[u8], _: &mut References<'_>) -> Vec<Entity> {
        Vec::new()
    }

    fn is_as_saved(&self, saved: &[u8], entity: EntityRef<'_>, names: &mut Names<'_>) -> bool {
        let saved = (saved, true);
        entity
            .get::<T>()
            .is_some_and(|component| is_written_as(&self.codec, component, saved, names))
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

    fn link_again(&self, world: &mut World, entity: Entity) {
        let link = world.get::<T>(entity).map(|link| self.codec.copy(link));
        let link = link.and_then(|described| self.codec.rebuild(described, world).ok());
        if let (Some(link), Ok(mut entity)) = (link, world.get_entity_mut(entity)) {
            entity.insert(link);
        }
    }

    fn keep(&mut self, world: &mut World, entities: &EntityHashSet) {
        self.kept = KeptComponents::of(&self.codec, world, entities);
    }

    fn put_back(&self, world: &mut World, others: &Others) -> Vec<WrittenAgain> {
        let changed = self.kept.changed(&self.codec, world, others);
        let mut done = changed.remove_added(world);
        for (entity, described) in changed.values {
            if let Ok(component) = self.codec.rebuild(described, world) {
                done.push(WrittenAgain::write(world, entity, component));
            }
        }
        done
    }
}
