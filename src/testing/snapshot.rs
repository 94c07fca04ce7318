//! A game's saved data, to compare two moments.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use bevy::ecs::entity::{Entity, EntityHashMap, EntityHashSet};
use bevy::ecs::reflect::AppTypeRegistry;
use bevy::ecs::world::World;
use bevy_session_journal::SaveId;
use xxhash_rust::xxh3::Xxh3Default;

use super::difference::{Difference, DifferenceKind};
use super::saved_rows::{Outsiders, SavedRows};
use crate::capture::SavedTypes;
use crate::lifecycle::Runtime;
use crate::values::{ChangeSort, Tree, changes, given_name, lists_have_order, tree_of_bytes};

/// A game's saved data at one moment: values, entities, hierarchy, resources and states,
/// independent of the `Entity` ids.
///
/// Two snapshots are equal if a player couldn't distinguish the moments by their saved data. Maps
/// and sets are compared without order, and references to entities that aren't saved count as
/// empty.
///
/// Entities are identified by their ids in the session, which survive a restore. An entity gets its
/// id with its first checkpoint, so take one before you compare a moment with a later one.
#[derive(Clone)]
pub struct SavedSnapshot {
    rows: BTreeMap<Arc<str>, BTreeMap<SaveId, Tree>>,
    entities: BTreeMap<SaveId, (Entity, Option<String>)>,
}

impl SavedSnapshot {
    /// Takes a snapshot of a world.
    ///
    /// Nothing of the game changes, except that entities get their marker as they do at a
    /// checkpoint. Works in an app whose writer is driven by its main loop, as in memory.
    /// Otherwise, and without a session, entities get new ids each time, and two snapshots can't be
    /// compared.
    #[must_use]
    pub fn of(world: &mut World) -> Self {
        let types = Arc::new(SavedTypes::collect(world));
        let runtime = world.get_resource_mut::<Runtime>();
        let known = runtime.and_then(|mut runtime| {
            let encoder = runtime.parts()?.writer.content()?;
            Some(encoder.ids().map(|(id, entity)| (entity, id)).collect())
        });
        let known = known.unwrap_or_default();
        Self::with_ids(world, &types, &known)
    }

    /// The same, with these ids for known entities.
    pub(crate) fn with_ids(
        world: &mut World,
        types: &Arc<SavedTypes>,
        known: &EntityHashMap<SaveId>,
    ) -> Self {
        Self::some_with_ids(world, types, known, |_| true)
    }

    /// The same, with only the wanted rows: building trees takes most of the time.
    pub(crate) fn some_with_ids(
        world: &mut World,
        types: &Arc<SavedTypes>,
        known: &EntityHashMap<SaveId>,
        is_wanted: impl Fn(SaveId) -> bool,
    ) -> Self {
        let saved = SavedRows::of(world, types, known, SaveId::FIRST, Outsiders::AreNoOne);
        let registry = world.get_resource::<AppTypeRegistry>().cloned().unwrap_or_default();
        let registry = registry.read();
        let rows = saved.rows.into_iter().map(|(type_path, rows)| {
            let have_order = lists_have_order(&type_path, world.components(), &registry);
            let tree =
                |bytes: Vec<u8>| tree_of_bytes(&bytes, have_order).unwrap_or(Tree::Bytes(bytes));
            let rows = rows.into_iter().filter(|(id, _)| is_wanted(*id));
            (type_path, rows.map(|(id, bytes)| (id, tree(bytes))).collect())
        });
        let entities = saved.saved.iter();
        let entities =
            entities.map(|(entity, id)| (*id, (*entity, given_name(world, *entity)))).collect();
        Self { rows: rows.collect(), entities }
    }

    /// Returns true if the rows of two worlds are equal, byte by byte. Equal maps may be written in
    /// another order.
    pub(crate) fn is_written_alike(
        (one, types, ids): (&mut World, &Arc<SavedTypes>, &EntityHashMap<SaveId>),
        (other, other_types, other_ids): (&mut World, &Arc<SavedTypes>, &EntityHashMap<SaveId>),
        is_wanted: impl Fn(&str) -> bool,
    ) -> bool {
        let first = SaveId::FIRST;
        let one = SavedRows::of(one, types, ids, first, Outsiders::AreNoOne);
        let other = SavedRows::of(other, other_types, other_ids, first, Outsiders::AreNoOne);
        let rows = one.rows.iter().filter(|(type_path, _)| is_wanted(type_path));
        let other_rows = other.rows.iter().filter(|(type_path, _)| is_wanted(type_path));
        rows.eq(other_rows)
    }

    /// The entities that are saved now.
    pub(crate) fn saved(world: &mut World, types: &Arc<SavedTypes>) -> EntityHashSet {
        let known = EntityHashMap::default();
        let rows = SavedRows::of(world, types, &known, SaveId::FIRST, Outsiders::AreNoOne);
        rows.saved.keys().copied().collect()
    }

    /// The values by type and entity.
    pub(crate) fn rows(&self) -> &BTreeMap<Arc<str>, BTreeMap<SaveId, Tree>> {
        &self.rows
    }

    /// A hash of all of it: the same for equal snapshots of one build of the game.
    #[must_use]
    pub fn hash(&self) -> u64 {
        let mut hasher = Xxh3Default::new();
        self.rows.hash(&mut hasher);
        self.entities.keys().for_each(|id| id.hash(&mut hasher));
        hasher.finish()
    }

    /// The number of saved entities.
    #[must_use]
    pub fn entities(&self) -> usize {
        self.entities.len()
    }

    /// The differences to another snapshot of the game, usually a later one. Empty if they are
    /// equal.
    #[must_use]
    pub fn differences(&self, later: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        for id in self.entities.keys().filter(|id| !later.entities.contains_key(id)) {
            found.push(self.difference(*id, None, String::new(), DifferenceKind::Missing));
        }
        for id in later.entities.keys().filter(|id| !self.entities.contains_key(id)) {
            found.push(later.difference(*id, None, String::new(), DifferenceKind::Extra));
        }
        for (type_path, id) in self.row_ids() {
            let (Some(before), after) = (self.row(type_path, id), later.row(type_path, id)) else {
                continue;
            };
            match after {
                Some(after) => found.extend(self.changes(type_path, id, before, after)),
                None if later.has(id) => {
                    let kind = DifferenceKind::Missing;
                    found.push(self.difference(id, Some(type_path), String::new(), kind));
                }
                None => {}
            }
        }
        for (type_path, id) in later.row_ids() {
            if self.row(type_path, id).is_none() && self.has(id) {
                let kind = DifferenceKind::Extra;
                found.push(later.difference(id, Some(type_path), String::new(), kind));
            }
        }
        found
    }

    fn changes(
        &self,
        type_path: &str,
        id: SaveId,
        before: &Tree,
        after: &Tree,
    ) -> impl Iterator<Item = Difference> {
        let values = changes(before, after).into_iter().filter_map(move |change| {
            // In what is written, references are numbers.
            let ChangeSort::Value { before, after } = change.sort else { return None };
            let kind = DifferenceKind::Value { before, after };
            Some(self.difference(id, Some(type_path), change.field, kind))
        });
        values.collect::<Vec<_>>().into_iter()
    }

    fn difference(
        &self,
        id: SaveId,
        type_path: Option<&str>,
        field: String,
        kind: DifferenceKind,
    ) -> Difference {
        let entity = self.entities.get(&id);
        Difference {
            entity: entity.map(|(entity, _)| *entity),
            entity_name: entity.and_then(|(_, name)| name.clone()),
            type_path: type_path.map(str::to_owned),
            field,
            kind,
        }
    }

    fn has(&self, id: SaveId) -> bool {
        id == SaveId::WORLD || self.entities.contains_key(&id)
    }

    fn row(&self, type_path: &str, id: SaveId) -> Option<&Tree> {
        self.rows.get(type_path)?.get(&id)
    }

    fn row_ids(&self) -> impl Iterator<Item = (&str, SaveId)> {
        self.rows.iter().flat_map(|(type_path, rows)| rows.keys().map(|id| (&**type_path, *id)))
    }
}

impl PartialEq for SavedSnapshot {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows && self.entities.keys().eq(other.entities.keys())
    }
}

impl Eq for SavedSnapshot {}

impl fmt::Debug for SavedSnapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = formatter.debug_map();
        for (type_path, id) in self.row_ids() {
            let value = self.row(type_path, id).map(ToString::to_string).unwrap_or_default();
            map.entry(&format_args!("{type_path} {id}"), &format_args!("{value}"));
        }
        map.finish()
    }
}
