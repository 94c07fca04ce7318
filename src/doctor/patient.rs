//! The game that is looked at.

use std::any::TypeId;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::{Entity, EntityHashMap};
use bevy::ecs::reflect::AppTypeRegistry;
use bevy::ecs::world::World;
use bevy_session_journal::SaveId;

use super::Doctor;
use crate::SaveKey;
use crate::capture::{CaptureScope, Recorder, SavedTypes, crate_of, type_path_of};

/// The game that is looked at.
pub(super) struct Patient<'a> {
    pub doctor: &'a Doctor,
    pub world: &'a World,
    pub registry: AppTypeRegistry,
    /// All saved entities, ascending.
    pub saved: Vec<Entity>,
    /// Entities that are restored: the saved ones, and unsaved ones with a key.
    pub known: EntityHashMap<SaveId>,
    pub anchors: Vec<(Entity, SaveKey)>,
    /// The saved components and resources, with their names in a session.
    pub components: HashMap<ComponentId, Arc<str>>,
    crates: BTreeSet<String>,
}

impl<'a> Patient<'a> {
    pub(super) fn new(doctor: &'a Doctor, world: &'a mut World, types: &SavedTypes) -> Self {
        let capture = Recorder::new(world, types).look(world, CaptureScope::Full);
        let components = types.components(world);
        let components = components.into_iter().map(|(path, component)| (component, path));
        let registry = world.get_resource::<AppTypeRegistry>().cloned().unwrap_or_default();
        let crates = doctor.crates_of(world, types);
        let mut saved = capture.entities.saved;
        saved.sort_unstable();
        let anchors = capture.placed.anchors.unwrap_or_default();
        let known = saved.iter().copied().chain(anchors.iter().map(|(entity, _)| *entity));
        Self {
            doctor,
            world,
            registry,
            known: known.map(|entity| (entity, SaveId::FIRST)).collect(),
            saved,
            anchors,
            components: components.collect(),
            crates,
        }
    }

    /// The type of a component or resource.
    pub(super) fn type_id(&self, component: ComponentId) -> Option<TypeId> {
        self.world.components().get_info(component)?.type_id()
    }

    /// The path of a type that the game may have forgotten to save: its own, and not ignored.
    pub(super) fn forgotten(&self, component: ComponentId) -> Option<String> {
        if self.components.contains_key(&component) || self.doctor.ignores(self.type_id(component))
        {
            return None;
        }
        let type_path = type_path_of(self.world, &self.registry.read(), component)?;
        self.crates.contains(crate_of(&type_path)).then_some(type_path)
    }
}
