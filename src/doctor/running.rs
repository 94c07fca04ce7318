//! Checks that run during play, without being asked for.

use std::any::TypeId;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bevy::ecs::archetype::Archetype;
use bevy::ecs::component::{ComponentId, ComponentInfo};
use bevy::ecs::entity::{Entity, EntityHashMap};
use bevy::ecs::reflect::{AppTypeRegistry, ReflectComponent};
use bevy::ecs::system::Local;
use bevy::ecs::world::World;
use bevy::reflect::TypeRegistry;

use super::ownership::own_crates;
use super::references::unmapped_fields;
use crate::Saved;
use crate::capture::{SavedTypes, crate_of};
use crate::engine;
use crate::hints::SessionHint;
use crate::lifecycle::{IgnoredTypes, Runtime, give_hint};
use crate::saved::{Contents, STATE_SCOPES};
use crate::values::{Reflected, is_large};

/// The number of entities of one archetype that are looked at each time.
const SAMPLE: usize = 2;
/// The number of values that are looked at each time.
const AT_ONCE: usize = 32;
/// The number of values of one type after which it is taken to be in order.
const ENOUGH: u32 = 256;
/// The weight of a value that had an entity, which most fields have only now and then.
const TELLING: u32 = 4;
/// The number of parts beyond which a value is too large to be looked at during play.
const LARGE: usize = 1_024;

/// The progress of these checks.
#[derive(Default)]
pub(crate) struct Looked {
    /// Components and resources that are saved.
    saved: HashMap<ComponentId, Arc<str>>,
    /// Types that may hold entities, and aren't known to be in order.
    suspects: Vec<Suspect>,
    /// The number of components that the world had.
    known: usize,
    /// Generic components of the game's own that reflection doesn't know, with their names.
    unregistered: Vec<(ComponentId, String)>,
    /// The crates of the game.
    crates: BTreeSet<String>,
}

/// A saved type that may hold entities.
struct Suspect {
    component: ComponentId,
    looked_at: u32,
}

/// Looks at a few values of each saved type that may hold unmapped entities, and for unsaved
/// instances of generic types. Runs after each checkpoint, also in a release, so it is bounded: a
/// game in which no saved type holds entities pays for two comparisons.
pub(crate) fn look_while_playing(world: &mut World, mut looked: Local<Looked>) {
    let types = Runtime::with(world, |parts, _| Arc::clone(&parts.types));
    let Some(types) = types else { return };
    if looked.saved.is_empty() {
        looked.begin(world, &types);
    }
    for type_path in looked.new_instances(world, &types) {
        give_hint(world, SessionHint::InstanceNotRegistered { type_path });
    }
    for (type_path, field) in looked.unmapped(world) {
        give_hint(world, SessionHint::EntityNotMapped { type_path, field });
    }
}

impl Looked {
    fn begin(&mut self, world: &mut World, types: &SavedTypes) {
        let saved = types.components(world).into_iter();
        self.saved = saved.map(|(type_path, component)| (component, type_path)).collect();
        let registry = world.get_resource::<AppTypeRegistry>().cloned().unwrap_or_default();
        let registry = registry.read();
        self.crates = own_crates(&registry, types);
        let known = self.saved.keys().filter_map(|component| {
            Some((*component, world.components().get_info(*component)?.type_id()?))
        });
        let suspects = known.filter(|(_, type_id)| may_hold_entities(&registry, *type_id));
        let suspects = suspects.filter(|(_, type_id)| !IgnoredTypes::has(world, *type_id));
        self.suspects =
            suspects.map(|(component, _)| Suspect { component, looked_at: 0 }).collect();
        self.suspects.sort_unstable_by_key(|suspect| suspect.component);
    }

    /// Instances of generic types that are new since the last look and aren't saved, although
    /// others of the type are, or although they are on saved entities.
    fn new_instances(&mut self, world: &World, types: &SavedTypes) -> Vec<String> {
        let count = world.components().len();
        let before = std::mem::replace(&mut self.known, count);
        let mut found = Vec::new();
        if before != count {
            // Those of states are saved for the states that are, and for no others.
            let own = types.own_components().filter(|path| !path.starts_with(STATE_SCOPES));
            let generics: Vec<&str> = own.filter_map(generic).collect();
            let new = engine::registered(world.components()).skip(before);
            for (id, info) in new.filter(|(id, _)| !self.saved.contains_key(id)) {
                // Without Bevy's feature `debug` it is no name, and like none that is saved.
                let name = info.name().to_string();
                match generic(&name) {
                    Some(path) if generics.contains(&path) => found.push(name),
                    Some(_) if self.is_unknown(world, info, &name) => {
                        self.unregistered.push((id, name));
                    }
                    _ => {}
                }
            }
        }
        let unregistered = std::mem::take(&mut self.unregistered);
        for (component, name) in unregistered {
            if is_on_saved_entities(world, component) {
                found.push(name);
            } else {
                self.unregistered.push((component, name));
            }
        }
        found
    }

    /// Returns true if a component is the game's own, has a value, and was never registered, so
    /// that it may have been forgotten.
    fn is_unknown(&self, world: &World, info: &ComponentInfo, name: &str) -> bool {
        let registry = world.get_resource::<AppTypeRegistry>();
        let is_registered =
            |type_id| registry.is_some_and(|registry| registry.read().contains(type_id));
        let type_id = info.type_id();
        info.layout().size() > 0
            && self.crates.contains(crate_of(name))
            && type_id.is_some_and(|id| !is_registered(id) && !IgnoredTypes::has(world, id))
    }

    /// Fields that hold entities which aren't mapped, with their types.
    fn unmapped(&mut self, world: &World) -> Vec<(String, String)> {
        if self.suspects.is_empty() {
            return Vec::new();
        }
        let registry = world.get_resource::<AppTypeRegistry>().cloned().unwrap_or_default();
        let registry = registry.read();
        let known = EntityHashMap::default();
        let reflected = Reflected { world, known: &known };
        let mut found = Vec::new();
        let mut left = AT_ONCE;
        for suspect in &mut self.suspects {
            for holder in sample(world, suspect.component, left) {
                left -= 1;
                let component = suspect.component;
                if is_too_large(world, &registry, component, holder) {
                    suspect.looked_at += 1;
                    continue;
                }
                let fields = unmapped_fields(&reflected, &registry, component, holder);
                let has_entities = fields.is_some();
                suspect.looked_at += if has_entities { TELLING } else { 1 };
                found.extend(fields.into_iter().flatten());
            }
        }
        self.suspects.retain(|suspect| suspect.looked_at < ENOUGH);
        // Those that had no turn come first the next time.
        if left == 0 && !self.suspects.is_empty() {
            self.suspects.rotate_left(1);
        }
        found
    }
}

/// A few entities that have a saved component, or the entity of a resource.
fn sample(world: &World, component: ComponentId, most: usize) -> Vec<Entity> {
    if let Some(entity) = world.resource_entities().get(component) {
        return Vec::from_iter(Some(entity).filter(|_| most > 0));
    }
    let archetypes = saved_archetypes(world, component);
    let entities = archetypes.flat_map(|archetype| archetype.entities().iter().take(SAMPLE));
    entities.map(|entity| entity.id()).take(most).collect()
}

/// The archetypes of saved entities that have a component.
pub(super) fn saved_archetypes(
    world: &World,
    component: ComponentId,
) -> impl Iterator<Item = &Archetype> {
    let marker = world.component_id::<Saved>();
    let with_it = world.archetypes().component_index().get(&component);
    let archetypes = with_it.into_iter().flat_map(|archetypes| archetypes.keys());
    archetypes
        .filter_map(|id| world.archetypes().get(*id))
        .filter(move |archetype| marker.is_some_and(|marker| archetype.contains(marker)))
}

fn is_on_saved_entities(world: &World, component: ComponentId) -> bool {
    saved_archetypes(world, component).any(|archetype| !archetype.is_empty())
}

fn may_hold_entities(registry: &TypeRegistry, type_id: TypeId) -> bool {
    Contents::of(registry, type_id).is_some_and(|contents| contents.entities)
}

/// Returns true if looking at a value would take a noticeable part of the frame.
fn is_too_large(
    world: &World,
    registry: &TypeRegistry,
    component: ComponentId,
    holder: Entity,
) -> bool {
    let info = world.components().get_info(component);
    let type_id = info.and_then(ComponentInfo::type_id);
    let functions = type_id.and_then(|id| registry.get_type_data::<ReflectComponent>(id));
    let value = functions.and_then(|functions| functions.reflect(world.get_entity(holder).ok()?));
    value.is_none_or(|value| is_large(value.as_partial_reflect(), LARGE))
}

/// The path of a generic type without its arguments.
fn generic(type_path: &str) -> Option<&str> {
    type_path.split_once('<').map(|(path, _)| path)
}
