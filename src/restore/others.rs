//! Entities that aren't being restored, while others get their values.
//!
//! What hooks and observers change of those that are restored is in the checkpoint. Of others it isn't,
//! and what the world had before counts: of everything in a claim, and in the restore of a whole world
//! of what a level has placed that the checkpoint doesn't know.

use bevy::ecs::change_detection::{DetectChanges, Ref, Tick};
use bevy::ecs::entity::{Entity, EntityHashMap, EntityHashSet, EntityMapper};
use bevy::ecs::query::QueryState;
use bevy::ecs::world::World;

use super::decoded::{DecodedColumn, WrittenAgain};
use super::hooks::runs_code;
use super::replacement::Replacement;
use crate::capture::{CopyCodec, IsSaved, NamedOrder, unfiltered};

/// Of more others nothing is copied: that would take longer than a frame may, and only in order to undo
/// what few games do.
const MOST_OTHERS: usize = 10_000;

/// Entities that aren't being restored.
#[derive(Default)]
pub(crate) struct Others {
    /// The saved ones that are there, if the game may change any.
    pub entities: EntityHashSet,
    /// Those that are being restored.
    pub restored: EntityHashSet,
    /// When the first of them was written.
    pub since: Tick,
}

/// Components of entities that aren't being restored, as they were.
pub(super) struct KeptComponents<C: CopyCodec> {
    values: EntityHashMap<C::Value>,
}

/// What was done to components that were kept.
pub(super) struct ChangedComponents<C: CopyCodec> {
    /// What they were.
    pub values: Vec<(Entity, C::Value)>,
    /// Who had none.
    pub added: Vec<Entity>,
}

impl<C: CopyCodec> Default for KeptComponents<C> {
    fn default() -> Self {
        Self { values: EntityHashMap::default() }
    }
}

impl<C: CopyCodec> KeptComponents<C> {
    /// Copies the components of these entities.
    pub(super) fn of(codec: &C, world: &mut World, entities: &EntityHashSet) -> Self {
        let mut query: QueryState<(Entity, &C::Component), IsSaved> =
            unfiltered(world, QueryState::new);
        let rows = query.iter(world).filter(|(entity, _)| entities.contains(entity));
        let values = rows.map(|(entity, component)| (entity, codec.copy(component))).collect();
        Self { values }
    }

    /// What was done to them since then.
    pub(super) fn changed(
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
    /// Takes the component from those who had none.
    pub(super) fn remove_added(&self, world: &mut World) -> Vec<WrittenAgain> {
        let removed = self.added.iter().filter_map(|entity| {
            world.get_entity_mut(*entity).ok()?.remove::<C::Component>();
            Some(WrittenAgain::Inserted)
        });
        removed.collect()
    }
}

/// Whether all entities that a value names are in the world.
pub(super) fn names_are_there<C: CopyCodec>(
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

impl Replacement {
    /// Remembers what isn't being restored, so that what hooks and observers do to it can be undone.
    pub(super) fn keep_others(&mut self, world: &mut World, orders: &[NamedOrder]) {
        self.others.since = world.increment_change_tick();
        let restored = self.entities.iter().copied();
        self.others.restored = restored.filter(|it| *it != Entity::PLACEHOLDER).collect();
        let others = self.others_to_keep(world);
        let keeps_others = others.is_some();
        if let Some(others) = others {
            self.keep_components(world, others);
        }
        self.note_lists_of_others(world, orders, keeps_others);
    }

    /// The saved entities that aren't being restored, if the game may change any and they aren't too
    /// many.
    fn others_to_keep(&self, world: &mut World) -> Option<EntityHashSet> {
        if !self.game_may_interfere(world) {
            return None;
        }
        let mut query: QueryState<Entity, IsSaved> = unfiltered(world, QueryState::new);
        let others = query.iter(world).filter(|entity| !self.others.restored.contains(entity));
        let others: EntityHashSet = others.take(MOST_OTHERS + 1).collect();
        (others.len() <= MOST_OTHERS).then_some(others)
    }

    fn keep_components(&mut self, world: &mut World, others: EntityHashSet) {
        for column in self.image.columns.iter_mut().filter(|_| !others.is_empty()) {
            if let DecodedColumn::Component(rows) = &mut column.decoded {
                rows.keep(world, &others);
            }
        }
        self.others.entities = others;
    }

    /// Whether code of the game runs where the values are written.
    fn game_may_interfere(&self, world: &World) -> bool {
        let mut written = self.components().filter(|(.., column)| column.len() > 0);
        written.any(|(_, component, _)| runs_code(world, component))
    }

    /// Makes what was done to others undone; whether anything had to be inserted or removed, so that
    /// hooks ran.
    pub(super) fn put_others_back(&mut self, world: &mut World) -> bool {
        let mut any_inserted = false;
        if self.others.entities.is_empty() || self.stamps.nothing_ran_until_now(world) {
            return any_inserted;
        }
        for column in &self.image.columns {
            let DecodedColumn::Component(rows) = &column.decoded else { continue };
            let done = rows.put_back(world, &self.others);
            if !done.is_empty() {
                self.report.add_overwritten(&column.type_path);
            }
            any_inserted |= done.contains(&WrittenAgain::Inserted);
        }
        any_inserted
    }
}
