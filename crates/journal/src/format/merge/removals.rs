//! The rows that were removed, and when.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::format::Block;
use crate::model::ids::{SaveId, limits};

/// Rows of removals in one block of the result, so that it fits into an ordinary frame.
const REMOVALS_PER_BLOCK: usize = limits::FILLED_BYTES / 16;

/// Ids that were removed, ascending, each with the age of the newest source that removed it.
#[derive(Debug, Default)]
pub struct Removals {
    rows: Vec<(SaveId, usize)>,
    next: usize,
}

impl Removals {
    /// From ids with ages, in any order.
    pub fn new(mut rows: Vec<(SaveId, usize)>) -> Self {
        rows.sort_unstable_by_key(|(id, age)| (*id, Reverse(*age)));
        rows.dedup_by_key(|(id, _)| *id);
        Self { rows, next: 0 }
    }

    /// Returns true if `id` was removed later than a source of this age wrote it. Ids must ascend from call to call.
    pub fn took(&mut self, id: SaveId, age: usize) -> bool {
        while let Some((removed, removed_age)) = self.rows.get(self.next) {
            if *removed >= id {
                // Within one group removals happen first, so an equal age takes nothing.
                return *removed == id && *removed_age > age;
            }
            self.next += 1;
        }
        false
    }

    /// Allows ids to ascend from the beginning once more.
    pub fn rewind(&mut self) {
        self.next = 0;
    }

    /// Returns true if any of the ids from `first` to `last` was removed.
    pub fn touch(&self, first: SaveId, last: SaveId) -> bool {
        let from = self.rows.partition_point(|(id, _)| *id < first);
        self.rows.get(from).is_some_and(|(id, _)| *id <= last)
    }

    /// Appends the ids as blocks, without those that are `covered` already.
    pub fn put_blocks(&self, type_path: &Arc<str>, covered: &Self, blocks: &mut VecDeque<Block>) {
        let is_covered = |id: &SaveId| covered.touch(*id, *id);
        let ids: Vec<SaveId> =
            self.rows.iter().map(|(id, _)| *id).filter(|id| !is_covered(id)).collect();
        for ids in ids.chunks(REMOVALS_PER_BLOCK) {
            blocks.push_back(Block::removed(Arc::clone(type_path), ids.to_vec()));
        }
    }
}
