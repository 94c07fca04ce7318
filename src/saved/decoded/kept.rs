//! Components of entities that aren't being restored, kept while others get their values.

use bevy::ecs::change_detection::{DetectChanges, Ref, Tick};
use bevy::ecs::entity::{Entity, EntityHashMap, EntityHashSet, EntityMapper};
use bevy::ecs::query::QueryState;
use bevy::ecs::world::World;

use super::WrittenAgain;
use crate::saved::codec::CopyCodec;
use crate::saved::marker::{IsSaved, unfiltered};

/// Entities that aren't being restored.
#[derive(Default)]
pub(crate) struct Others {
    /// The saved ones that exist, if the game may change any.
    pub entities: EntityHashSet,
    /// The entities that are being restored.
    pub restored: EntityHashSet,
    /// The tick at which the first of them was written.
    pub since: Tick,
}

/// The former components of entities that aren't being restored.
pub(crate) struct KeptComponents<C: CopyCodec> {
    values: EntityHashMap<C::Value>,
}

/// Changes of components that were kept.
pub(crate) struct ChangedComponents<C: CopyCodec> {
    /// The former values.
    pub values: Vec<(Entity, C::Value)>,
    /// Entities that had none.
    pub added: Vec<Entity>,
}

impl<C: CopyCodec> Default for KeptComponents<C> {
    fn default() -> Self {
        Self { values: EntityHashMap::default() }
    }
}

impl<C: CopyCodec> KeptComponents<C> {
    /// Copies the components of these entities.
    pub(crate) fn of(codec: &C, world: &mut World, entities: &EntityHashSet) -> Self {
        let mut query: QueryState<(Entity, &C::Component), IsSaved> =
            unfiltered(world, QueryState::new);
        let rows = query.iter(world).filter(|(entity, _)| entities.contains(entity));
        let values = rows.map(|(entity, component)| (entity, codec.copy(component))).collect();
        Self { values }
    }

    /// The changes since they were copied.
    pub(crate) fn changed(
        &self,
        codec: &C,
        world: &mut World,
        others: &Others,
    ) -> ChangedComponents<C> {
        let now = world.change_tick();
        let (mut was, mut is) = (Vec::new(), Vec::new());
        let values = self.values.iter().filter_map(|(entity, value)| {
            let there = world.get_entity(*entity).ok()?.get_ref::<C::Component>();
            if there.as_ref().is_some_and(|it| !it.last_changed().is_newer_than(others.since, now))
            {
                return None;
            }
            codec.encode(value, &mut was).ok()?;
            let is_same = there.is_some_and(|component| {
                codec.encode(&codec.copy(&component), &mut is).is_ok() && was == is
            });
            let value = if is_same { None } else { codec.decode(&was).ok() };
            Some((*entity, value?))
        });
        let values = values.collect();
        let mut query: QueryState<(Entity, Ref<C::Component>), IsSaved> =
            unfiltered(world, QueryState::new);
        let added = query.iter(world).filter(|(entity, component)| {
            component.added().is_newer_than(others.since, now)
                && others.entities.contains(entity)
                && !self.values.contains_key(entity)
        });
        let added = added.map(|(entity, _)| entity).collect();
        ChangedComponents { values, added }
    }
}

impl<C: CopyCodec> ChangedComponents<C> {
    /// Removes the component from entities that had none.
    pub(crate) fn remove_added(&self, world: &mut World) -> Vec<WrittenAgain> {
        let removed = self.added.iter().filter_map(|entity| {
            world.get_entity_mut(*entity).ok()?.remove::<C::Component>();
            Some(WrittenAgain::Inserted)
        });
        removed.collect()
    }
}

/// Returns true if all entities that a value refers to are in the world.
pub(crate) fn names_are_there<C: CopyCodec>(
    codec: &C,
    value: &mut C::Value,
    world: &World,
) -> bool {
    let mut seen = Seen { world, is_missing: false };
    codec.map_entities(value, &mut seen);
    !seen.is_missing
}

struct Seen<'w> {
    world: &'w World,
    is_missing: bool,
}

impl EntityMapper for Seen<'_> {
    fn get_mapped(&mut self, source: Entity) -> Entity {
        self.is_missing |= self.world.get_entity(source).is_err();
        source
    }

    fn set_mapped(&mut self, _: Entity, _: Entity) {}
}
