//! Merging groups: a snapshot out of a snapshot and deltas, or one delta out of several.
//!
//! Restoring, rotating, exporting and slots all read through this one iterator. It compares paths
//! and ids and copies values as bytes; it never decodes one.
//!
//! # What a merge means
//!
//! The result does to a world what its sources do, one after the other:
//!
//! - Within a group, removals happen before values.
//! - A removal in the column [`ENTITIES`] takes every row of its id, in every column, that an
//!   *earlier* group wrote.
//! - Of each type and id, the newest group wins.
//!
//! A delta also keeps what was removed, since it must take rows away that are in none of its
//! sources. A row's removal is left out where the removal of its whole entity is kept. Every row
//! keeps the type version that it was written with, so a block also ends where the version changes.

mod column;
mod removals;
mod source;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use super::{Block, ENTITIES};
use column::Column;
use removals::Removals;
use source::Source;

/// The most sources that one merge should have: each holds one frame in memory.
pub const MERGE_WIDTH: usize = 64;

/// Splits sources that are too many for one merge into consecutive rounds.
///
/// `None` if `sources` can be merged at once. Otherwise each range is merged into one delta
/// (`keep_removals`, also if it begins with a snapshot: that loses nothing), and the results are
/// merged again. Merging is associative, so the outcome is the same.
pub fn rounds(sources: usize) -> Option<Vec<Range<usize>>> {
    if sources <= MERGE_WIDTH {
        return None;
    }
    let starts = (0..sources).step_by(MERGE_WIDTH);
    Some(starts.map(|start| start..sources.min(start + MERGE_WIDTH)).collect())
}

/// Merges `sources`, the oldest first, each of which yields its blocks in the order of
/// [`Block::key`].
///
/// With `keep_removals` the result is a delta, without it a snapshot. Its blocks come in the same
/// order and hold at most about [`FRAME_BYTES`](crate::model::ids::limits::FRAME_BYTES), or one value that is larger; a block that
/// no other source has to do with is passed on as it is. The iterator ends after the first error.
pub fn merge<S, E>(sources: Vec<S>, keep_removals: bool) -> Merge<S>
where
    S: Iterator<Item = Result<Block, E>>,
{
    Merge {
        sources: sources.into_iter().map(Source::new).collect(),
        keep_removals,
        has_begun: false,
        gone: Removals::default(),
        column: None,
        ready: VecDeque::new(),
    }
}

/// The merged blocks, see [`merge`].
#[derive(Debug)]
pub struct Merge<S> {
    sources: Vec<Source<S>>,
    keep_removals: bool,
    has_begun: bool,
    /// Entities that were taken away, each with the newest source that did.
    gone: Removals,
    /// The column that is being merged.
    column: Option<Column>,
    ready: VecDeque<Block>,
}

impl<S, E> Iterator for Merge<S>
where
    S: Iterator<Item = Result<Block, E>>,
{
    type Item = Result<Block, E>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(block) = self.ready.pop_front() {
                return Some(Ok(block));
            }
            match self.step() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.stop();
                    return Some(Err(error));
                }
            }
        }
    }
}

impl<S, E> Merge<S>
where
    S: Iterator<Item = Result<Block, E>>,
{
    /// Does a part of the work. Returns true if there was any.
    fn step(&mut self) -> Result<bool, E> {
        if !mem::replace(&mut self.has_begun, true) {
            for source in &mut self.sources {
                source.advance_block()?;
            }
        }
        let Some(mut column) = self.column.take() else { return self.begin_column() };
        if column.merge_rows(&mut self.sources, &mut self.gone, &mut self.ready)? {
            self.column = Some(column);
        } else {
            column.close_block(&mut self.ready);
        }
        Ok(true)
    }

    /// Begins the column that is next in order, with its removals.
    fn begin_column(&mut self) -> Result<bool, E> {
        let blocks = self.sources.iter().filter_map(|source| source.block.as_ref());
        let Some(next) = blocks.min_by_key(|block| block.key()) else { return Ok(false) };
        let type_path = Arc::clone(&next.type_path);

        let removed = self.take_removals(&type_path)?;
        let is_entities = &*type_path == ENTITIES;
        if self.keep_removals {
            // Values that an entity's own removal covers needn't be removed again in each column.
            let covered = if is_entities { &Removals::default() } else { &self.gone };
            removed.put_blocks(&type_path, covered, &mut self.ready);
        }
        if is_entities {
            self.gone = removed;
            self.column = Some(Column::new(type_path, Removals::default(), &self.sources));
        } else {
            self.gone.rewind();
            self.column = Some(Column::new(type_path, removed, &self.sources));
        }
        Ok(true)
    }

    /// Takes the removals of a column from all sources. They come before all of its values.
    fn take_removals(&mut self, type_path: &str) -> Result<Removals, E> {
        let mut rows = Vec::new();
        for (age, source) in self.sources.iter_mut().enumerate() {
            while let Some(ids) = source.removals_of(type_path) {
                rows.extend(ids.iter().map(|id| (*id, age)));
                source.advance_block()?;
            }
        }
        Ok(Removals::new(rows))
    }

    fn stop(&mut self) {
        self.sources.clear();
        self.column = None;
        self.ready.clear();
    }
}
