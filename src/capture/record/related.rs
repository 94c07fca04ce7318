//! Reads relationships of which only the component is known: no trait leads from a saved type to
//! the other half of its relationship, but Bevy knows how to read both.

use bevy::ecs::change_detection::Tick;
use bevy::ecs::component::{ComponentId, StorageType};
use bevy::ecs::entity::{Entity, EntityHashSet};
use bevy::ecs::relationship::RelationshipAccessor;
use bevy::ecs::storage::Table;
use bevy::ecs::world::{EntityRef, World};
use bevy::ptr::Ptr;

use crate::engine;

/// One relationship in one world: for example `ChildOf` with `Children`.
///
/// Everything is read from the world in which it was looked up, so nothing can change in between.
#[derive(Clone, Copy)]
pub(crate) struct Related<'w> {
    world: &'w World,
    relationship: ComponentId,
    offset: usize,
    target: ComponentId,
    sources: for<'a> unsafe fn(Ptr<'a>) -> Box<dyn Iterator<Item = Entity> + 'a>,
}

/// The component that lists the sources of a relationship, if any entity ever had it: Bevy gets to know
/// it with the first link.
pub(super) fn target_of(world: &World, relationship: ComponentId) -> Option<ComponentId> {
    let accessor = world.components().get_info(relationship)?.relationship_accessor()?;
    Some(accessor.counterpart_id())
}

/// Entities that are despawned with this one, since they are linked to it: its children, and the
/// like.
pub(crate) fn hanging_from(world: &World, entity: Entity) -> Vec<Entity> {
    ties_to(world, entity).into_iter().map(|(source, _)| source).collect()
}

/// The relationships whose sources are despawned with their target.
pub(crate) fn links_that_despawn(world: &World) -> Vec<Related<'_>> {
    let components = engine::registered(world.components());
    let accessors = components.filter_map(|(_, info)| info.relationship_accessor());
    let relationships = accessors.filter_map(|accessor| match accessor {
        RelationshipAccessor::RelationshipTarget { linked_spawn: true, relationship, .. } => {
            Related::of(world, *relationship)
        }
        _ => None,
    });
    relationships.collect()
}

/// An entity, and all with which it is despawned by these links, each once: its parent, the parent of that, and the like. A
/// game may link entities in a circle.
pub(crate) fn going_with(links: &[Related<'_>], entity: Entity) -> impl Iterator<Item = Entity> {
    let (mut seen, mut next) = (EntityHashSet::default(), vec![entity]);
    std::iter::from_fn(move || {
        let entity = std::iter::from_fn(|| next.pop()).find(|entity| seen.insert(*entity))?;
        next.extend(links.iter().filter_map(|link| link.target_entity(entity)));
        Some(entity)
    })
}

/// The entities that are despawned with this one, each with the relationship by which it is.
pub(crate) fn ties_to(world: &World, entity: Entity) -> Vec<(Entity, ComponentId)> {
    let Ok(found) = world.get_entity(entity) else { return Vec::new() };
    let lists = found.archetype().components().iter().filter_map(|component| {
        let accessor = world.components().get_info(*component)?.relationship_accessor()?;
        let RelationshipAccessor::RelationshipTarget { linked_spawn: true, relationship, .. } =
            *accessor
        else {
            return None;
        };
        let sources = Related::of(world, relationship)?.sources(entity)?;
        Some(sources.map(move |source| (source, relationship)))
    });
    lists.flatten().collect()
}

impl<'w> Related<'w> {
    /// The relationship with this component, if any entity ever had it.
    pub(crate) fn of(world: &'w World, relationship: ComponentId) -> Option<Self> {
        let accessor = |component| world.components().get_info(component)?.relationship_accessor();
        let RelationshipAccessor::Relationship { entity_field_offset, relationship_target, .. } =
            *accessor(relationship)?
        else {
            return None;
        };
        let RelationshipAccessor::RelationshipTarget { iter, .. } = *accessor(relationship_target)?
        else {
            return None;
        };
        let (offset, target, sources) = (entity_field_offset, relationship_target, iter);
        Some(Self { world, relationship, offset, target, sources })
    }

    /// The component that lists the sources.
    pub(crate) fn target(&self) -> ComponentId {
        self.target
    }

    /// The entity that an entity is linked to.
    pub(crate) fn target_entity(&self, source: Entity) -> Option<Entity> {
        let link = self.entity(source)?.get_by_id(self.relationship).ok()?;
        // SAFETY: The pointer is to the component that the accessor was looked up for, in the same
        // world, and the accessor says that an `Entity` lies at this offset.
        #[expect(unsafe_code, reason = "the only way to read a link of erased type")]
        let target = unsafe { *link.byte_add(self.offset).deref::<Entity>() };
        Some(target)
    }

    /// The entities that are linked to an entity, in the order of its list.
    pub(crate) fn sources(&self, target: Entity) -> Option<impl Iterator<Item = Entity> + use<'w>> {
        let list = self.entity(target)?.get_by_id(self.target).ok()?;
        // SAFETY: The pointer is to the component that the accessor was looked up for, in the same
        // world, and is borrowed for as long as the world is.
        #[expect(unsafe_code, reason = "the only way to read a list of erased type")]
        let sources = unsafe { (self.sources)(list) };
        Some(sources)
    }

    /// The ticks at which the lists in a table changed; `None` if it has none, for example in
    /// sparse storage.
    pub(super) fn changed_ticks(&self, table: &'w Table) -> Option<&'w [Tick]> {
        let ticks = table.get_changed_ticks_slice_for(self.target)?;
        // SAFETY: `UnsafeCell<T>` has the layout of `T`. Both the slice and the table are borrowed
        // from a world that is borrowed as shared, as `self.world` shows, and nothing writes the ticks
        // of such a world.
        #[expect(
            unsafe_code,
            reason = "Bevy gives typed columns as slices, and erased ones as cells"
        )]
        let ticks = unsafe { &*(std::ptr::from_ref(ticks) as *const [Tick]) };
        Some(ticks)
    }

    /// Returns true if the lists are in tables.
    pub(super) fn is_in_tables(&self) -> bool {
        let info = self.world.components().get_info(self.target);
        info.is_some_and(|info| info.storage_type() == StorageType::Table)
    }

    fn entity(&self, entity: Entity) -> Option<EntityRef<'w>> {
        self.world.get_entity(entity).ok()
    }
}
