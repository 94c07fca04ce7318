//! Rows that can't be used now, kept until they can.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use bevy_session_journal::SaveId;
use bevy_session_journal::internal::format::{Block, TypeSummary, Values};

use super::awaited::{AwaitedOrders, NamedOrder};
use super::split::VersionedSplit;
use crate::capture::placed::SaveKey;

/// Rows of an earlier checkpoint whose type this build doesn't know, or whose value it could not
/// read, and all rows of placed entities that aren't in the world. They are copied as bytes into
/// every full capture, under their name and version, until their entity is gone, or the game writes
/// a new value in their place.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Carried {
    types: BTreeMap<Arc<str>, BTreeMap<SaveId, CarriedRow>>,
    /// Placed entities that aren't in the world: carried whole, until the level spawns them.
    waiting: BTreeSet<(SaveKey, SaveId)>,
    /// Lists that name one of them, of targets that are in the world.
    pub(super) orders: AwaitedOrders,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct CarriedRow {
    pub version: u32,
    pub value: Vec<u8>,
}

impl Carried {
    /// Adds a row.
    pub(crate) fn add(&mut self, type_path: &Arc<str>, version: u32, id: SaveId, value: &[u8]) {
        let row = CarriedRow { version, value: value.to_vec() };
        self.types.entry(type_path.clone()).or_default().insert(id, row);
    }

    /// Forgets the rows of entities with this id or a higher one.
    pub(crate) fn retain_ids_below(&mut self, end: SaveId) {
        self.types.values_mut().for_each(|rows| rows.retain(|id, _| *id < end));
        self.types.retain(|_, rows| !rows.is_empty());
    }

    /// Adds everything that another one carries.
    pub(crate) fn extend(&mut self, other: Self) {
        for (type_path, rows) in other.types {
            self.types.entry(type_path).or_default().extend(rows);
        }
        self.waiting.extend(other.waiting);
        self.orders.extend(other.orders);
    }

    /// Carries all rows of a placed entity, which isn't in the world.
    pub(crate) fn wait_for(&mut self, key: SaveKey, id: SaveId) {
        self.waiting.insert((key, id));
    }

    /// Adds the places of absent entities in the list of a target that is in the world.
    pub(crate) fn await_in(&mut self, order: NamedOrder) {
        self.orders.add(order);
    }

    /// The keys of the entities that are carried whole.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &SaveKey> {
        self.waiting.iter().map(|(key, _)| key)
    }

    /// The ids of the entities that are carried whole.
    pub(super) fn waiting_ids(&self) -> impl Iterator<Item = SaveId> {
        self.waiting.iter().map(|(_, id)| *id)
    }

    /// The number of entities that are carried whole.
    pub(super) fn waiting_count(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// The rows of an entity that is carried whole, by type, and its id.
    pub(super) fn kept_for(&self, key: &SaveKey) -> Option<(SaveId, Vec<(Arc<str>, CarriedRow)>)> {
        let id = self.waiting_for(key)?;
        let rows = self.types.iter().filter_map(|(type_path, carried)| {
            Some((type_path.clone(), carried.get(&id)?.clone()))
        });
        Some((id, rows.collect()))
    }

    /// Returns true if an entity is kept for a key.
    pub(super) fn waits_for(&self, key: &SaveKey) -> bool {
        self.waiting_for(key).is_some()
    }

    fn waiting_for(&self, key: &SaveKey) -> Option<SaveId> {
        let first = self.waiting.range((key.clone(), SaveId::WORLD)..).next();
        first.filter(|(waiting, _)| waiting == key).map(|(_, id)| *id)
    }

    /// Keeps the carried entities with these keys, and forgets the others.
    pub(crate) fn keep_waiting(&mut self, stays: impl Fn(&SaveKey) -> bool) {
        let gone = self.waiting.iter().filter(|(key, _)| !stays(key));
        let gone: Vec<SaveId> = gone.map(|(_, id)| *id).collect();
        self.waiting.retain(|(key, _)| stays(key));
        gone.into_iter().for_each(|id| self.forget(id));
    }

    /// Takes an entity that was carried whole: its id, and its rows by type.
    pub(super) fn claim(&mut self, key: &SaveKey) -> Option<(SaveId, Vec<(Arc<str>, CarriedRow)>)> {
        let id = self.waiting_for(key)?;
        self.waiting.remove(&(key.clone(), id));
        let rows = self.types.iter_mut().filter_map(|(type_path, carried)| {
            carried.remove(&id).map(|row| (type_path.clone(), row))
        });
        let rows = rows.collect();
        self.types.retain(|_, carried| !carried.is_empty());
        Some((id, rows))
    }

    /// Returns true if there is nothing to carry.
    pub(crate) fn is_empty(&self) -> bool {
        self.types.is_empty() && self.waiting.is_empty() && self.orders.is_empty()
    }

    /// The number of rows of a type.
    pub(crate) fn rows(&self, type_path: &str) -> usize {
        self.types.get(type_path).map_or(0, BTreeMap::len)
    }

    /// The rows that this build can't use: their number for each type and version.
    pub(super) fn summaries(&self) -> Vec<TypeSummary> {
        let waiting: HashSet<SaveId> = self.waiting_ids().collect();
        let mut rows = BTreeMap::<(&str, u32), u64>::new();
        for (type_path, carried) in &self.types {
            for (_, row) in carried.iter().filter(|(id, _)| !waiting.contains(id)) {
                *rows.entry((type_path, row.version)).or_default() += 1;
            }
        }
        let summary = |((path, version), rows): ((&str, u32), u64)| TypeSummary {
            path: path.to_owned(),
            version,
            rows,
        };
        rows.into_iter().map(summary).collect()
    }

    /// Forgets the rows that the game wrote again. Returns their ids.
    pub(super) fn consume(&mut self, type_path: &str, written: &[Values]) -> Vec<SaveId> {
        let Some(carried) = self.types.get_mut(type_path) else { return Vec::new() };
        let written = written.iter().flat_map(Values::ids).copied();
        let consumed = written.filter(|id| carried.remove(id).is_some()).collect();
        self.types.retain(|_, carried| !carried.is_empty());
        consumed
    }

    /// Forgets all rows of an entity.
    pub(super) fn forget(&mut self, id: SaveId) {
        for carried in self.types.values_mut() {
            carried.remove(&id);
        }
        self.types.retain(|_, carried| !carried.is_empty());
        self.orders.forget(id);
    }

    /// Forgets the rows of all entities but these.
    pub(super) fn keep_only(&mut self, alive: impl Iterator<Item = SaveId>) {
        if self.is_empty() {
            return;
        }
        let alive: HashSet<SaveId> = alive.chain(self.waiting_ids()).collect();
        for carried in self.types.values_mut() {
            carried.retain(|id, _| *id == SaveId::WORLD || alive.contains(id));
        }
        self.types.retain(|_, carried| !carried.is_empty());
        self.orders.keep_only(&alive);
    }

    /// The rows of a type, merged with those that the game wrote, which have this version: all, or
    /// those of some entities.
    pub(super) fn merge(
        &self,
        type_path: &str,
        version: u32,
        written: Vec<Values>,
        only: Option<&BTreeSet<SaveId>>,
    ) -> Vec<(u32, Values)> {
        let Some(carried) = self.types.get(type_path) else {
            return written.into_iter().map(|values| (version, values)).collect();
        };
        let mut merged = VersionedSplit::default();
        let mut carried = rows_of(carried, only).peekable();
        for (id, value) in written.iter().flat_map(Values::iter) {
            while let Some((id, row)) = carried.next_if(|(carried, _)| **carried < id) {
                merged.push(row.version, *id, &row.value);
            }
            merged.push(version, id, value);
        }
        for (id, row) in carried {
            merged.push(row.version, *id, &row.value);
        }
        merged.finish()
    }

    /// Blocks of the types that are not among `known`, with all rows or those of some entities.
    pub(super) fn blocks_of_unknown_types(
        &self,
        known: &HashSet<&str>,
        only: Option<&BTreeSet<SaveId>>,
    ) -> Vec<Block> {
        let unknown = self.types.iter().filter(|(type_path, _)| !known.contains(&***type_path));
        unknown
            .flat_map(|(type_path, carried)| {
                let mut split = VersionedSplit::default();
                for (id, row) in rows_of(carried, only) {
                    split.push(row.version, *id, &row.value);
                }
                let blocks = split.finish().into_iter();
                blocks.map(|(version, rows)| Block::values(type_path.clone(), version, rows))
            })
            .collect()
    }
}

/// The rows of some entities, or all.
fn rows_of<'a>(
    rows: &'a BTreeMap<SaveId, CarriedRow>,
    only: Option<&'a BTreeSet<SaveId>>,
) -> impl Iterator<Item = (&'a SaveId, &'a CarriedRow)> {
    rows.iter().filter(move |(id, _)| only.is_none_or(|only| only.contains(id)))
}
