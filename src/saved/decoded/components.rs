//! Decoded components of one type.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bevy::ecs::component::{Component, ComponentId};
use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::world::{EntityRef, EntityWorldMut, World};
use bevy_session_journal::SaveId;

use super::kept::{KeptComponents, Others, names_are_there};
use super::references::{Incomplete, Missing, Names, NamesEntities, References, with_placeholders};
use super::spawn::{WholeEntity, overwrite};
use super::{ComponentRows, WrittenAgain};
use crate::saved::{ComponentCodec, CopyCodec, DecodeError};

/// Decoded components of one type.
pub(crate) struct DecodedComponents<C: CopyCodec> {
    codec: C,
    values: Vec<Option<C::Value>>,
    names_entities: bool,
    kept: KeptComponents<C>,
}

impl<C: ComponentCodec> DecodedComponents<C> {
    /// No rows.
    pub(crate) fn new(codec: C) -> Self {
        let kept = KeptComponents::default();
        Self { codec, values: Vec::new(), names_entities: false, kept }
    }

    /// All rows that weren't taken.
    pub(crate) fn values(&self) -> impl Iterator<Item = &C::Value> {
        self.values.iter().flatten()
    }

    /// Takes a row, with the restored entities instead of their ids.
    fn take(&mut self, row: u32, references: &mut References<'_>) -> Option<C::Component> {
        let mut value = self.values.get_mut(row as usize)?.take()?;
        self.codec.map_entities(&mut value, references);
        Some(self.codec.rebuild(value))
    }
}

/// The value in `bytes`, ready to be inserted.
pub(crate) fn rebuild<C: ComponentCodec>(
    codec: &C,
    bytes: &[u8],
    references: &mut References<'_>,
) -> Option<C::Component> {
    let mut value = codec.decode(bytes).ok()?;
    codec.map_entities(&mut value, references);
    Some(codec.rebuild(value))
}

/// Returns true if a component is written as these bytes, which may refer to entities. One whose own
/// code panics when it is copied or written isn't: no checkpoint has such a value.
pub(crate) fn is_written_as<C: CopyCodec>(
    codec: &C,
    component: &C::Component,
    (bytes, may_name): (&[u8], bool),
    names: &mut Names<'_>,
) -> bool {
    let compared = catch_unwind(AssertUnwindSafe(|| {
        // Where they name none, a component that does is written otherwise, whoever that is.
        if !may_name && let Some(value) = codec.as_value(component) {
            return codec.is_written_as(value, bytes, &mut names.written);
        }
        let mut value = codec.copy(component);
        codec.map_entities(&mut value, names);
        codec.is_written_as(&value, bytes, &mut names.written)
    }));
    compared.unwrap_or(false)
}

impl<C: ComponentCodec> ComponentRows for DecodedComponents<C> {
    fn decode(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let mut value = self.codec.decode(bytes)?;
        if !self.names_entities {
            let mut names = NamesEntities::default();
            self.codec.map_entities(&mut value, &mut names);
            self.names_entities = names.0;
        }
        self.values.push(Some(value));
        Ok(())
    }

    fn component(&self, world: &mut World) -> ComponentId {
        world.register_component::<C::Component>()
    }

    fn is_relationship(&self) -> bool {
        C::Component::relationship_accessor().is_some()
    }

    fn names_entities(&self) -> bool {
        self.names_entities
    }

    fn incomplete(
        &mut self,
        row: u32,
        saved: &[u8],
        is_there: &dyn Fn(SaveId) -> bool,
    ) -> Option<Incomplete> {
        let value = self.values.get_mut(row as usize)?.as_mut()?;
        let mut missing =
            Missing { is_there, are_replaced: false, highest: None, are_several: false };
        // The game's own code, beside which the writer goes on.
        let look = AssertUnwindSafe(|| self.codec.map_entities(value, &mut missing));
        catch_unwind(look).ok()?;
        let (highest, is_only_one) = (missing.highest?, !missing.are_several);
        let written = self.with_placeholders(saved, is_there)?;
        Some(Incomplete { missing: highest, is_only_one, written })
    }

    fn with_placeholders(
        &self,
        saved: &[u8],
        is_there: &dyn Fn(SaveId) -> bool,
    ) -> Option<Vec<u8>> {
        with_placeholders(&self.codec, saved, is_there)
    }

    fn push(&mut self, row: u32, references: &mut References<'_>, entity: &mut WholeEntity<'_>) {
        if let Some(component) = self.take(row, references) {
            entity.push(component);
        }
    }

    fn can_overwrite(&self) -> bool {
        !self.names_entities
    }

    fn overwrite(&mut self, row: u32, entity: &mut EntityWorldMut<'_>) {
        if let Some(value) = self.values.get_mut(row as usize).and_then(Option::take)
            && let Err(component) = overwrite(entity, self.codec.rebuild(value))
        {
            entity.insert(component);
        }
    }

    fn link(
        &mut self,
        row: u32,
        references: &mut References<'_>,
        world: &mut World,
        entity: Entity,
    ) -> bool {
        let Some(component) = self.take(row, references) else { return true };
        if !take_targets_are_there(references, world) {
            return false;
        }
        if let Ok(mut entity) = world.get_entity_mut(entity) {
            entity.insert(component);
        }
        true
    }

    fn names(&self, saved: &[u8], references: &mut References<'_>) -> Vec<Entity> {
        let Ok(mut value) = self.codec.decode(saved) else { return Vec::new() };
        self.codec.map_entities(&mut value, references);
        let named = references.named().to_vec();
        references.take_missing();
        named
    }

    fn is_as_saved(&self, saved: &[u8], entity: EntityRef<'_>, names: &mut Names<'_>) -> bool {
        let saved = (saved, self.names_entities);
        entity
            .get::<C::Component>()
            .is_some_and(|component| is_written_as(&self.codec, component, saved, names))
    }

    fn write_again(
        &self,
        saved: &[u8],
        references: &mut References<'_>,
        world: &mut World,
        entity: Entity,
    ) -> WrittenAgain {
        let Some(component) = rebuild(&self.codec, saved, references) else {
            return WrittenAgain::Not;
        };
        let targets_are_there = take_targets_are_there(references, world);
        if self.is_relationship() && !targets_are_there {
            return WrittenAgain::Not;
        }
        WrittenAgain::write(world, entity, component)
    }

    fn link_again(&self, world: &mut World, entity: Entity) {
        let Ok(mut entity) = world.get_entity_mut(entity) else { return };
        if let Some(link) = entity.get::<C::Component>() {
            let link = self.codec.rebuild(self.codec.copy(link));
            entity.insert(link);
        }
    }

    fn keep(&mut self, world: &mut World, entities: &EntityHashSet) {
        self.kept = KeptComponents::of(&self.codec, world, entities);
    }

    fn put_back(&self, world: &mut World, others: &Others) -> Vec<WrittenAgain> {
        let changed = self.kept.changed(&self.codec, world, others);
        let removed = changed.remove_added(world);
        let written = changed.values.into_iter().map(|(entity, mut value)| {
            if self.is_relationship() && !names_are_there(&self.codec, &mut value, world) {
                return WrittenAgain::Not;
            }
            WrittenAgain::write(world, entity, self.codec.rebuild(value))
        });
        let written: Vec<WrittenAgain> = written.collect();
        removed.into_iter().chain(written).collect()
    }
}

/// Returns true if all entities that were just named are in the world. A relationship to one that
/// isn't would panic, or be dropped by Bevy with a warning.
fn take_targets_are_there(references: &mut References<'_>, world: &World) -> bool {
    let are_there = references.named().iter().all(|target| world.get_entity(*target).is_ok());
    references.take_missing().is_none() && are_there
}
