//! A decoded resource.

use bevy::ecs::component::ComponentId;
use bevy::ecs::world::World;
use bevy_session_journal::SaveId;

use super::components::{is_written_as, rebuild};
use super::references::{Names, NamesEntities, References, with_placeholders};
use super::{ResourceValue, WrittenAgain};
use crate::saved::{Codec, ComponentCodec, DecodeError};

/// A decoded resource.
pub(crate) struct DecodedResource<C: Codec> {
    codec: C,
    value: Option<C::Value>,
    names_entities: bool,
    /// The world's own value, while something else is restored.
    kept: Option<C::Value>,
}

impl<C: ComponentCodec> DecodedResource<C> {
    /// No value yet.
    pub(crate) fn new(codec: C) -> Self {
        Self { codec, value: None, names_entities: false, kept: None }
    }
}

impl<C: ComponentCodec> ResourceValue for DecodedResource<C> {
    fn decode(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let mut value = self.codec.decode(bytes)?;
        let mut names = NamesEntities::default();
        self.codec.map_entities(&mut value, &mut names);
        (self.value, self.names_entities) = (Some(value), names.0);
        Ok(())
    }

    fn component(&self, world: &mut World) -> ComponentId {
        world.register_component::<C::Component>()
    }

    fn insert(&mut self, saved: &[u8], references: &mut References<'_>, world: &mut World) {
        let resource = match self.value.take() {
            Some(mut value) => {
                self.codec.map_entities(&mut value, references);
                Some(self.codec.rebuild(value))
            }
            // It was inserted before, and has to be once more.
            None => rebuild(&self.codec, saved, references),
        };
        let Some(resource) = resource else { return };
        let component = self.component(world);
        let entity = world.resource_entities().get(component);
        match entity.and_then(|entity| world.get_entity_mut(entity).ok()) {
            Some(mut entity) => {
                entity.insert(resource);
            }
            // A component that requires `IsResource` becomes a resource where it is spawned.
            None => {
                world.spawn(resource);
            }
        }
    }

    fn write_again(
        &self,
        saved: &[u8],
        references: &mut References<'_>,
        world: &mut World,
    ) -> WrittenAgain {
        let Some(resource) = rebuild(&self.codec, saved, references) else {
            return WrittenAgain::Not;
        };
        write::<C>(world, resource)
    }

    fn keep(&mut self, world: &World) {
        self.kept = there::<C>(world).map(|resource| self.codec.copy(resource));
    }

    fn put_back(&self, world: &mut World) -> WrittenAgain {
        let (mut was, mut is) = (Vec::new(), Vec::new());
        let Some(kept) = &self.kept else { return WrittenAgain::Not };
        let now = there::<C>(world).map(|resource| self.codec.copy(resource));
        let can_be_compared = self.codec.encode(kept, &mut was).is_ok();
        let is_unchanged =
            now.is_some_and(|now| self.codec.encode(&now, &mut is).is_ok() && was == is);
        if is_unchanged || !can_be_compared {
            return WrittenAgain::Not;
        }
        match self.codec.decode(&was) {
            Ok(value) => write::<C>(world, self.codec.rebuild(value)),
            Err(_) => WrittenAgain::Not,
        }
    }

    fn give_back(&mut self, world: &mut World) {
        match self.kept.take() {
            Some(kept) => drop(write::<C>(world, self.codec.rebuild(kept))),
            None => {
                let component = self.component(world);
                world.remove_resource_by_id(component);
            }
        }
    }

    fn names_entities(&self) -> bool {
        self.names_entities
    }

    fn is_as_saved(&self, saved: &[u8], world: &World, names: &mut Names<'_>) -> bool {
        let saved = (saved, self.names_entities);
        there::<C>(world).is_some_and(|resource| is_written_as(&self.codec, resource, saved, names))
    }

    fn with_placeholders(
        &self,
        saved: &[u8],
        is_there: &dyn Fn(SaveId) -> bool,
    ) -> Option<Vec<u8>> {
        with_placeholders(&self.codec, saved, is_there)
    }
}

/// The world's resource.
fn there<C: ComponentCodec>(world: &World) -> Option<&C::Component> {
    let component = world.component_id::<C::Component>()?;
    world.get::<C::Component>(world.resource_entities().get(component)?)
}

/// Writes a resource in place, or inserts it.
fn write<C: ComponentCodec>(world: &mut World, resource: C::Component) -> WrittenAgain {
    let component = world.register_component::<C::Component>();
    match world.resource_entities().get(component) {
        Some(entity) => WrittenAgain::write(world, entity, resource),
        None => {
            world.spawn(resource);
            WrittenAgain::Inserted
        }
    }
}
