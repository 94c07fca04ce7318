//! Rows that nobody can use now, kept for when somebody can.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use super::split::Split;
use crate::capture::placed::SaveKey;
use crate::journal::{Block, SaveId, Values};

/// Rows of an earlier checkpoint whose type this build doesn't know, or whose value it could not
/// read, and all rows of placed entities that aren't in the world. They are copied as bytes into
/// every full capture until their entity goes, or the game writes a value of its own in their place.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Carried {
    types: BTreeMap<Arc<str>, CarriedType>,
    /// Placed entities that aren't in the world: carried whole, until the level spawns them.
    waiting: BTreeSet<(SaveKey, SaveId)>,
}

/// One row of an entity that was carried whole.
pub(super) struct CarriedRow {
    pub type_path: Arc<str>,
    pub version: u32,
    pub value: Vec<u8>,
}

#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct CarriedType {
    version: u32,
    rows: BTreeMap<SaveId, Vec<u8>>,
}

impl Carried {
    /// Adds a row.
    pub(crate) fn add(&mut self, type_path: &Arc<str>, version: u32, id: SaveId, value: &[u8]) {
        let carried = self.types.entry(type_path.clone()).or_default();
        carried.version = version;
        carried.rows.insert(id, value.to_vec());
    }

    /// Adds what another one carries.
    pub(crate) fn extend(&mut self, other: Self) {
        for (type_path, carried) in other.types {
            let known = self.types.entry(type_path).or_default();
            known.version = carried.version;
            known.rows.extend(carried.rows);
        }
        self.waiting.extend(other.waiting);
    }

    /// Says that a placed entity isn't in the world: all its rows are carried.
    pub(crate) fn wait_for(&mut self, key: SaveKey, id: SaveId) {
        self.waiting.insert((key, id));
    }

    /// The keys of the entities that are carried whole.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &SaveKey> {
        self.waiting.iter().map(|(key, _)| key)
    }

    /// The ids of the entities that are carried whole.
    pub(super) fn waiting_ids(&self) -> impl Iterator<Item = SaveId> {
        self.waiting.iter().map(|(_, id)| *id)
    }

    /// How many entities are carried whole.
    pub(super) fn waiting_count(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// Takes an entity that was carried whole; its id and rows.
    pub(super) fn claim(&mut self, key: &SaveKey) -> Option<(SaveId, Vec<CarriedRow>)> {
        let first = self.waiting.range((key.clone(), SaveId::WORLD)..).next();
        let (_, id) = first.filter(|(waiting, _)| waiting == key).cloned()?;
        self.waiting.remove(&(key.clone(), id));
        let rows = self.types.iter_mut().filter_map(|(type_path, carried)| {
            let value = carried.rows.remove(&id)?;
            Some(CarriedRow { type_path: type_path.clone(), version: carried.version, value })
        });
        let rows = rows.collect();
        self.types.retain(|_, carried| !carried.rows.is_empty());
        Some((id, rows))
    }

    /// Whether there is nothing to carry.
    pub(crate) fn is_empty(&self) -> bool {
        self.types.is_empty() && self.waiting.is_empty()
    }

    /// The number of rows of a type.
    pub(crate) fn rows(&self, type_path: &str) -> usize {
        self.types.get(type_path).map_or(0, |carried| carried.rows.len())
    }

    /// Forgets the rows that the game wrote anew.
    pub(super) fn consume(&mut self, type_path: &str, written: &[Values]) {
        if let Some(carried) = self.types.get_mut(type_path) {
            for id in written.iter().flat_map(Values::ids) {
                carried.rows.remove(id);
            }
        }
        self.types.retain(|_, carried| !carried.rows.is_empty());
    }

    /// Forgets all rows of an entity.
    pub(super) fn forget(&mut self, id: SaveId) {
        for carried in self.types.values_mut() {
            carried.rows.remove(&id);
        }
        self.types.retain(|_, carried| !carried.rows.is_empty());
    }

    /// Forgets the rows of all entities but these.
    pub(super) fn keep_only(&mut self, alive: impl Iterator<Item = SaveId>) {
        if self.is_empty() {
            return;
        }
        let alive: HashSet<SaveId> = alive.chain(self.waiting_ids()).collect();
        for carried in self.types.values_mut() {
            carried.rows.retain(|id, _| *id == SaveId::WORLD || alive.contains(id));
        }
        self.types.retain(|_, carried| !carried.rows.is_empty());
    }

    /// The rows of a type between those that the game wrote itself: all, or those of some entities.
    pub(super) fn merge(
        &self,
        type_path: &str,
        written: Vec<Values>,
        only: Option<&BTreeSet<SaveId>>,
    ) -> Vec<Values> {
        let Some(carried) = self.types.get(type_path) else { return written };
        let mut merged = Split::default();
        let mut carried = carried.of(only).peekable();
        for (id, value) in written.iter().flat_map(Values::iter) {
            while let Some((id, value)) = carried.next_if(|(carried, _)| **carried < id) {
                merged.push(*id, value);
            }
            merged.push(id, value);
        }
        for (id, value) in carried {
            merged.push(*id, value);
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
                let mut split = Split::default();
                for (id, value) in carried.of(only) {
                    split.push(*id, value);
                }
                let blocks = split.finish().into_iter();
                blocks.map(|rows| Block::values(type_path.clone(), carried.version, rows))
            })
            .collect()
    }
}

impl CarriedType {
    /// The rows of some entities, or all.
    fn of(&self, only: Option<&BTreeSet<SaveId>>) -> impl Iterator<Item = (&SaveId, &Vec<u8>)> {
        self.rows.iter().filter(move |(id, _)| only.is_none_or(|only| only.contains(id)))
    }
}
