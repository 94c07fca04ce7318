//! Rows that this build of the game can't use, kept for one that can.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::split::Split;
use crate::journal::{Block, SaveId, Values};

/// Rows of an earlier checkpoint whose type this build doesn't know, or whose value it could not
/// read. They are copied as bytes into every full capture until their entity goes, or the game
/// writes a value of its own in their place.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Carried {
    types: BTreeMap<Arc<str>, CarriedType>,
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

    /// Adds what another one carries, of other types.
    pub(crate) fn extend(&mut self, other: Self) {
        self.types.extend(other.types);
    }

    /// Whether there is nothing to carry.
    pub(crate) fn is_empty(&self) -> bool {
        self.types.is_empty()
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
        let alive: HashSet<SaveId> = alive.collect();
        for carried in self.types.values_mut() {
            carried.rows.retain(|id, _| *id == SaveId::WORLD || alive.contains(id));
        }
        self.types.retain(|_, carried| !carried.rows.is_empty());
    }

    /// The rows of a type between those that the game wrote itself.
    pub(super) fn merge(&self, type_path: &str, written: Vec<Values>) -> Vec<Values> {
        let Some(carried) = self.types.get(type_path) else { return written };
        let mut merged = Split::default();
        let mut carried = carried.rows.iter().peekable();
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

    /// Blocks of the types that are not among `known`.
    pub(super) fn blocks_of_unknown_types(&self, known: &HashSet<&str>) -> Vec<Block> {
        let unknown = self.types.iter().filter(|(type_path, _)| !known.contains(&***type_path));
        unknown
            .flat_map(|(type_path, carried)| {
                let mut split = Split::default();
                for (id, value) in &carried.rows {
                    split.push(*id, value);
                }
                let blocks = split.finish().into_iter();
                blocks.map(|rows| Block::values(type_path.clone(), carried.version, rows))
            })
            .collect()
    }
}
