//! One of two worlds that are compared.

use std::collections::HashMap;
use std::sync::Arc;

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::{Entity, EntityHashMap};
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::world::World;
use bevy::reflect::TypeRegistry;
use bevy_session_journal::SaveId;

use super::saved_rows::{Outsiders, SavedRows};
use crate::SaveKey;
use crate::capture::SavedTypes;
use crate::values::{Reflected, Tree};

/// One of two worlds that are compared.
pub(super) struct Side<'a> {
    pub world: &'a World,
    pub saved: SavedRows,
    /// The ids of all entities that are restored.
    pub known: EntityHashMap<SaveId>,
    entities: HashMap<SaveId, Entity>,
    components: HashMap<Arc<str>, ComponentId>,
}

impl<'a> Side<'a> {
    /// Reads a world, in which some entities have an id already, and the others get theirs from
    /// `next` on.
    pub(super) fn of(
        world: &'a mut World,
        types: &Arc<SavedTypes>,
        known: &EntityHashMap<SaveId>,
        next: SaveId,
    ) -> Self {
        let saved = SavedRows::of(world, types, known, next, Outsiders::AreNoOneIfDead);
        let components = types.components(world);
        let known = saved.known();
        let entities = known.iter().map(|(entity, id)| (*id, *entity)).collect();
        Self { world, saved, known, entities, components }
    }

    /// The entity with an id; `None` for resources and states.
    pub(super) fn entity(&self, id: SaveId) -> Option<Entity> {
        self.entities.get(&id).copied()
    }

    /// The entity that has a key.
    pub(super) fn entity_with_key(&self, key: &SaveKey) -> Option<Entity> {
        let mut known = self.known.keys().copied();
        known.find(|entity| self.world.get::<SaveKey>(*entity) == Some(key))
    }

    /// Returns true if a saved type is a component or resource.
    pub(super) fn has_component(&self, type_path: &str) -> bool {
        self.components.contains_key(type_path)
    }

    /// A value as reflection shows it, if it knows the type.
    pub(super) fn tree(
        &self,
        type_path: &str,
        id: SaveId,
        registry: &TypeRegistry,
    ) -> Option<Tree> {
        let component = *self.components.get(type_path)?;
        let entity = match id {
            SaveId::WORLD => self.world.resource_entities().get(component)?,
            id => self.entity(id)?,
        };
        let type_id = self.world.components().get_info(component)?.type_id()?;
        let reflected = registry.get_type_data::<ReflectComponent>(type_id)?;
        let value = reflected.reflect(self.world.get_entity(entity).ok()?)?;
        let reflected = Reflected { world: self.world, known: &self.known };
        Some(reflected.tree(value.as_partial_reflect()))
    }
}
