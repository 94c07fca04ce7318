//! What a developer hears while the game runs, without asking for it.

use std::collections::HashMap;
use std::sync::Arc;

use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::{Entity, EntityHashMap};
use bevy::ecs::reflect::AppTypeRegistry;
use bevy::ecs::system::Local;
use bevy::ecs::world::World;

use super::references::unmapped_fields;
use crate::capture::SavedTypes;
use crate::lifecycle::{Runtime, give_hint};
use crate::saved::STATE_SCOPES;
use crate::values::Reflected;
use crate::{Saved, SessionHint};

/// Entities of one archetype that are looked at each time.
const SAMPLE: usize = 2;
/// Values of one type after which it is taken to be in order.
const ENOUGH: u32 = 64;

/// What was looked at so far.
#[derive(Default)]
pub(crate) struct Looked {
    /// Components and resources that are saved, with their names.
    saved: HashMap<ComponentId, Arc<str>>,
    /// How many values of each were looked at.
    values: HashMap<ComponentId, u32>,
    /// How many components the world knew.
    known: usize,
}

/// Looks at a few values of each saved type for entities that aren't mapped, and for instances of
/// generic types that aren't saved. Run after each checkpoint of a game in development.
pub(crate) fn look_while_playing(world: &mut World, mut looked: Local<Looked>) {
    let types = Runtime::with(world, |parts, _| Arc::clone(&parts.types));
    let Some(types) = types else { return };
    if looked.saved.is_empty() {
        let saved = types.components(world).into_iter();
        looked.saved = saved.map(|(type_path, component)| (component, type_path)).collect();
    }
    for type_path in looked.new_instances(world, &types) {
        give_hint(world, SessionHint::InstanceNotRegistered { type_path });
    }
    for (type_path, field) in looked.unmapped(world) {
        give_hint(world, SessionHint::EntityNotMapped { type_path, field });
    }
}

impl Looked {
    /// Instances of saved generic types that came up since the last look and aren't saved.
    fn new_instances(&mut self, world: &World, types: &SavedTypes) -> Vec<String> {
        let count = world.components().len();
        if std::mem::replace(&mut self.known, count) == count {
            return Vec::new();
        }
        // Those of states are saved for the states that are, and for no others.
        let own = types.own_components().filter(|path| !path.starts_with(STATE_SCOPES));
        let generics: Vec<&str> = own.filter_map(generic).collect();
        let all = world.components().iter_registered();
        let unsaved = all.filter(|info| !self.saved.contains_key(&info.id()));
        // Without Bevy's feature `debug` it is no name, and like none that is saved.
        let names = unsaved.map(|info| info.name().to_string());
        names.filter(|name| generic(name).is_some_and(|path| generics.contains(&path))).collect()
    }

    /// Fields that hold entities which aren't mapped, with their types.
    fn unmapped(&mut self, world: &World) -> Vec<(String, String)> {
        let registry = world.get_resource::<AppTypeRegistry>().cloned().unwrap_or_default();
        let registry = registry.read();
        let known = EntityHashMap::default();
        let reflected = Reflected { world, known: &known };
        let mut found = Vec::new();
        for (component, entity) in self.sample(world) {
            let fields = unmapped_fields(&reflected, &registry, component, entity);
            found.extend(fields);
        }
        found
    }

    /// Values that are worth a look, each with the entity that has it.
    fn sample(&mut self, world: &World) -> Vec<(ComponentId, Entity)> {
        let Self { saved, values, .. } = self;
        let mut sample = Vec::new();
        let mut add = |component: ComponentId, entity: Entity| {
            let looked_at = values.entry(component).or_default();
            if *looked_at < ENOUGH {
                *looked_at += 1;
                sample.push((component, entity));
            }
        };
        for component in saved.keys() {
            if let Some(entity) = world.resource_entities().get(*component) {
                add(*component, entity);
            }
        }
        let marker = world.component_id::<Saved>();
        let archetypes = world.archetypes().iter();
        for archetype in archetypes.filter(|known| marker.is_some_and(|id| known.contains(id))) {
            for component in archetype.components().iter().filter(|id| saved.contains_key(*id)) {
                for entity in archetype.entities().iter().take(SAMPLE) {
                    add(*component, entity.id());
                }
            }
        }
        sample
    }
}

/// The path of a generic type without its arguments.
fn generic(type_path: &str) -> Option<&str> {
    type_path.split_once('<').map(|(path, _)| path)
}
