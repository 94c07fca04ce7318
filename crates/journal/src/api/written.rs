//! The rows of a session, so that a capture needs to contain only the changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::row_writer::RowWriter;
use crate::format::{Block, ENTITIES, Rows, TypeSummary, Values};
use crate::model::ids::SaveId;

/// The rows of a session, as of the last capture.
#[derive(Debug)]
pub(super) struct Written {
    entities: BTreeSet<SaveId>,
    columns: BTreeMap<&'static str, Rowed>,
    /// Rows of types that this build doesn't know, which full captures write again.
    carried: Vec<Block>,
    /// The entities that have such rows alone, which the program doesn't put and may remove.
    unseen: BTreeSet<SaveId>,
    next_id: SaveId,
}

/// The rows of one type.
#[derive(Default, Debug)]
struct Rowed {
    version: u32,
    ids: BTreeSet<SaveId>,
}

impl Written {
    /// A session of which nothing is written yet in this run.
    pub(super) fn after(next_id: SaveId, carried: Vec<Block>, unseen: BTreeSet<SaveId>) -> Self {
        Self { entities: BTreeSet::new(), columns: BTreeMap::new(), carried, unseen, next_id }
    }

    pub(super) fn next_id(&self) -> SaveId {
        self.next_id
    }

    pub(super) fn entities(&self) -> u64 {
        self.entities.len() as u64
    }

    /// Takes up the rows of a capture, and turns them into blocks in the order of [`Block::key`].
    pub(super) fn add(&mut self, rows: RowWriter) -> Vec<Block> {
        let is_full = rows.scope.is_everything();
        if is_full {
            self.entities.clear();
            self.columns.clear();
        }
        let gone: Vec<SaveId> =
            rows.removed.into_iter().filter(|id| self.entities.remove(id)).collect();
        for id in &gone {
            self.unseen.remove(id);
            for column in self.columns.values_mut() {
                column.ids.remove(id);
            }
        }
        let mut born: BTreeSet<SaveId> = BTreeSet::new();
        let mut blocks = Vec::new();
        for (path, column) in rows.columns {
            let written = self.columns.entry(path).or_default();
            written.version = column.version;
            let removed = column.removed.iter().copied().filter(|id| written.ids.remove(id));
            blocks.push(Block::removed(path.into(), removed.collect()));
            let version = column.version;
            let values = column.into_values();
            written.ids.extend(values.ids());
            self.unseen.retain(|id| values.ids().binary_search(id).is_err());
            born.extend(values.ids().iter().filter(|id| self.entities.insert(**id)));
            blocks.push(Block::values(path.into(), version, values));
        }
        if is_full {
            born.extend(self.unseen.iter().filter(|id| self.entities.insert(**id)));
        }
        // The world has rows, and is no entity.
        born.remove(&SaveId::WORLD);
        self.entities.remove(&SaveId::WORLD);
        let after_born = born.last().map_or(SaveId::FIRST, |id| id.next());
        self.next_id = self.next_id.max(after_born);
        if is_full {
            blocks.extend(self.still_carried());
        }
        let mut exist = Values::default();
        born.iter().for_each(|id| exist.push(*id, &[]));
        blocks.push(Block::removed(ENTITIES.into(), gone));
        blocks.push(Block::values(ENTITIES.into(), 0, exist));
        blocks.retain(|block| !block.is_empty());
        blocks.sort_by(|one, other| one.key().cmp(&other.key()));
        blocks
    }

    /// Every type that was put in this run, and how many rows it has.
    pub(super) fn types(&self) -> Vec<TypeSummary> {
        let summary = |path: &str, version, rows: usize| TypeSummary {
            path: path.to_owned(),
            version,
            rows: rows as u64,
        };
        let entities = summary(ENTITIES, 0, self.entities.len());
        let columns = self.columns.iter();
        let columns = columns.map(|(path, column)| summary(path, column.version, column.ids.len()));
        std::iter::once(entities).chain(columns).collect()
    }

    /// The types that are carried along, with the number of their rows.
    pub(super) fn carried(&self) -> Vec<TypeSummary> {
        let mut types: BTreeMap<(Arc<str>, u32), u64> = BTreeMap::new();
        for block in self.still_carried() {
            let rows = block.len() as u64;
            *types.entry((block.type_path, block.type_version)).or_default() += rows;
        }
        let summary = |((path, version), rows): ((Arc<str>, u32), u64)| TypeSummary {
            path: path.to_string(),
            version,
            rows,
        };
        types.into_iter().map(summary).collect()
    }

    /// The carried rows of what is still there.
    fn still_carried(&self) -> impl Iterator<Item = Block> {
        let is_there = |id: &SaveId| *id == SaveId::WORLD || self.entities.contains(id);
        self.carried.iter().filter(|block| !self.columns.contains_key(&*block.type_path)).map(
            move |block| {
                let mut kept = Values::default();
                if let Rows::Values(values) = &block.rows {
                    values.iter().filter(|(id, _)| is_there(id)).for_each(|(id, value)| {
                        kept.push(id, value);
                    });
                }
                Block::values(Arc::clone(&block.type_path), block.type_version, kept)
            },
        )
    }
}
