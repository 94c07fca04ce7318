//! Compares the unsaved components of entities before and after a restore.

use std::collections::{BTreeMap, BTreeSet};

use bevy::ecs::archetype::Archetype;
use bevy::ecs::component::ComponentId;
use bevy::ecs::entity::Entity;
use bevy::ecs::hierarchy::Children;
use bevy::ecs::relationship::RelationshipAccessor;
use bevy::ecs::resource::IS_RESOURCE;
use bevy::ecs::resource::Resource;
use bevy::ecs::world::{EntityRef, World};
use bevy::transform::components::Transform;
use bevy_session_journal::SaveId;

use super::image::WorldImage;
use crate::capture::SaveKey;
use crate::saved::{DecodedColumn, STATE_SCOPES, Saved};

/// The number of entities of one archetype that are looked at.
const SAMPLE: usize = 4;
/// The number of restored entities that are looked at.
const RESTORED: usize = 1_024;

/// The unsaved components of the entities that a restore has replaced, and the ones that took their
/// place. It stays in the world until they are compared, once the game has had time to add what
/// isn't saved.
#[derive(Resource, Debug)]
pub(crate) struct Reappearance {
    sorts: Vec<Sort>,
}

/// Entities on which the same types of the game are saved.
#[derive(Debug)]
struct Sort {
    saved: Vec<ComponentId>,
    before: Before,
    restored: Vec<Entity>,
}

/// The unsaved components that all entities of a sort were spawned with.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Before {
    components: BTreeSet<ComponentId>,
    /// True if they had a position which isn't saved.
    stood_somewhere: bool,
}

/// Components that all entities of a sort have lost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NotPutBack {
    /// The types of the game that are saved on them.
    pub saved: Vec<ComponentId>,
    /// The components that they had.
    pub components: Vec<ComponentId>,
}

/// A world whose saved entities are about to be replaced.
pub(super) struct WorldBefore {
    /// The types of the game that are saved on entities.
    own: BTreeSet<ComponentId>,
    sorts: BTreeMap<Vec<ComponentId>, Before>,
}

impl WorldBefore {
    /// Looks at a few entities of each archetype. Entities with a [`SaveKey`] stay.
    pub(super) fn of(world: &mut World, image: &WorldImage) -> Self {
        let (mut own, mut saved) = (BTreeSet::new(), BTreeSet::new());
        for column in &image.columns {
            let DecodedColumn::Component(rows) = &column.decoded else { continue };
            let component = rows.component(world);
            saved.insert(component);
            if !column.is_built_in() && !column.type_path.starts_with(STATE_SCOPES) {
                own.insert(component);
            }
        }
        let mut before = Self { own, sorts: BTreeMap::new() };
        let [marker, key] = [world.component_id::<Saved>(), world.component_id::<SaveKey>()];
        let has = |archetype: &Archetype, id: Option<ComponentId>| {
            id.is_some_and(|id| archetype.contains(id))
        };
        let archetypes = world.archetypes().iter().filter(|archetype| {
            has(archetype, marker) && !has(archetype, key) && !archetype.contains(IS_RESOURCE)
        });
        for archetype in archetypes {
            let entities = archetype.entities().iter().take(SAMPLE);
            for entity in entities.filter_map(|entity| world.get_entity(entity.id()).ok()) {
                before.note(world, entity, &saved);
            }
        }
        before
    }

    fn note(&mut self, world: &World, entity: EntityRef<'_>, saved: &BTreeSet<ComponentId>) {
        let sort = self.sort_of(entity);
        let Some(born) = sort.first().and_then(|id| entity.get_change_ticks_by_id(*id)) else {
            return;
        };
        // What came later comes and goes in play, and is no part of what the entity is.
        let came_with = |component: &ComponentId| {
            entity.get_change_ticks_by_id(*component).is_some_and(|it| it.added == born.added)
        };
        let components = entity.archetype().components().iter().copied();
        let components = components
            .filter(|component| !saved.contains(component) && came_with(component))
            .filter(|component| {
                !is_derived(world, *component) || is_of_unsaved(world, entity, *component)
            });
        let transform = world.component_id::<Transform>().filter(|id| !saved.contains(id));
        let stands_somewhere = transform.is_some() && stands_somewhere(entity);
        let now = Before { components: components.collect(), stood_somewhere: stands_somewhere };
        match self.sorts.get_mut(&sort) {
            Some(known) => {
                known.components.retain(|component| now.components.contains(component));
                known.stood_somewhere &= now.stood_somewhere;
            }
            None => drop(self.sorts.insert(sort, now)),
        }
    }

    fn sort_of(&self, entity: EntityRef<'_>) -> Vec<ComponentId> {
        let components = entity.archetype().components().iter().copied();
        let mut sort: Vec<_> = components.filter(|id| self.own.contains(id)).collect();
        sort.sort_unstable();
        sort
    }

    /// Stores what was seen in the world, with the entities that replaced the former ones.
    pub(super) fn leave(self, world: &mut World, restored: &[(Entity, SaveId)]) {
        world.remove_resource::<Reappearance>();
        let mut found = BTreeMap::<Vec<ComponentId>, Vec<Entity>>::new();
        let step = (restored.len() / RESTORED).max(1);
        for (entity, _) in restored.iter().step_by(step) {
            if let Ok(entity) = world.get_entity(*entity)
                && !entity.contains::<SaveKey>()
            {
                found.entry(self.sort_of(entity)).or_default().push(entity.id());
            }
        }
        let sorts = self.sorts.into_iter().filter_map(|(saved, before)| {
            let restored = found.remove(&saved)?;
            Some(Sort { saved, before, restored })
        });
        let sorts: Vec<Sort> = sorts.collect();
        if !sorts.is_empty() {
            world.insert_resource(Reappearance { sorts });
        }
    }
}

impl Reappearance {
    /// The components that all entities of a sort had and none of their replacements has now.
    pub(crate) fn not_put_back(&self, world: &World) -> Vec<NotPutBack> {
        self.sorts.iter().filter_map(|sort| sort.not_put_back(world)).collect()
    }
}

impl Sort {
    fn not_put_back(&self, world: &World) -> Option<NotPutBack> {
        let living = self.restored.iter().filter_map(|entity| world.get_entity(*entity).ok());
        let living: Vec<EntityRef<'_>> = living.collect();
        if living.is_empty() {
            return None;
        }
        let is_gone =
            |component: &ComponentId| !living.iter().any(|entity| entity.contains_id(*component));
        let mut components = self.before.components.clone();
        components.retain(is_gone);
        if self.before.stood_somewhere && !living.iter().any(|entity| stands_somewhere(*entity)) {
            components.extend(world.component_id::<Transform>());
        }
        let components: Vec<ComponentId> = components.into_iter().collect();
        (!components.is_empty()).then(|| NotPutBack { saved: self.saved.clone(), components })
    }
}

fn stands_somewhere(entity: EntityRef<'_>) -> bool {
    entity.get::<Transform>().is_some_and(|place| *place != Transform::IDENTITY)
}

/// Returns true if a component is the list of an entity's children, and none of them is saved.
fn is_of_unsaved(world: &World, entity: EntityRef<'_>, component: ComponentId) -> bool {
    let is_list = world.component_id::<Children>() == Some(component);
    let children = entity.get::<Children>().filter(|_| is_list);
    children.is_some_and(|children| children.iter().all(|it| world.get::<Saved>(*it).is_none()))
}

/// Returns true if a component is the list of a relationship, which follows from the links.
fn is_derived(world: &World, component: ComponentId) -> bool {
    let info = world.components().get_info(component);
    let accessor = info.and_then(|info| info.relationship_accessor());
    matches!(accessor, Some(RelationshipAccessor::RelationshipTarget { .. }))
}
