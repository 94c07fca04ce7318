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

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::mem;
use std::ops::Range;
use std::sync::Arc;

use super::{Block, ENTITIES, Rows, SaveId, Values, limits};

/// The most sources that one merge should have: each holds one frame in memory.
pub const MERGE_WIDTH: usize = 64;
/// Rows of removals in one block of the result, so that it fits into an ordinary frame.
const REMOVALS_PER_BLOCK: usize = limits::FRAME_BYTES / 16;
/// Blocks of fewer rows are merged row by row, or many small sources would make many small blocks.
const ROWS_WORTH_PASSING: usize = 256;
/// No fewer than the bytes that a row takes beside its value.
const ROW_OVERHEAD: usize = 14;

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
/// order and hold at most about [`limits::FRAME_BYTES`], or one value that is larger; a block that
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
    /// Does a part of the work and says whether there was any.
    fn step(&mut self) -> Result<bool, E> {
        if !mem::replace(&mut self.has_begun, true) {
            for source in &mut self.sources {
                source.advance_block()?;
            }
        }
        let Some(mut column) = self.column.take() else { return self.begin_column() };
        if column.merge_run(&mut self.sources, &mut self.gone, &mut self.ready)? {
            self.column = Some(column);
        } else {
            column.finish(&mut self.ready);
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
            let covered = if is_entities { &[][..] } else { &self.gone.rows };
            removed.put_blocks(&type_path, covered, &mut self.ready);
        }
        let removed = if is_entities {
            self.gone = removed;
            Removals::default()
        } else {
            removed
        };
        self.gone.rewind();
        self.column = Some(Column::new(type_path, removed, &self.sources));
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

/// One input and how far it was read.
#[derive(Debug)]
struct Source<S> {
    blocks: S,
    block: Option<Block>,
    row: usize,
}

impl<S, E> Source<S>
where
    S: Iterator<Item = Result<Block, E>>,
{
    fn new(blocks: S) -> Self {
        Self { blocks, block: None, row: 0 }
    }

    /// Goes on to the next block that has a row.
    fn advance_block(&mut self) -> Result<(), E> {
        self.row = 0;
        self.block = None;
        for block in self.blocks.by_ref() {
            let block = block?;
            if !block.is_empty() {
                self.block = Some(block);
                break;
            }
        }
        Ok(())
    }

    /// Goes on to the next row, and to the next block after the last one.
    fn advance_row(&mut self) -> Result<(), E> {
        self.row += 1;
        if self.block.as_ref().is_some_and(|block| self.row < block.len()) {
            return Ok(());
        }
        self.advance_block()
    }
}

impl<S> Source<S> {
    /// The ids of the current block, if it is one of removals of this type.
    fn removals_of(&self, type_path: &str) -> Option<&[SaveId]> {
        match self.block.as_ref().filter(|block| &*block.type_path == type_path)?.rows {
            Rows::Removed(ref ids) => Some(ids),
            Rows::Values(_) => None,
        }
    }

    /// The current block and the id of its current row, if it is one of values of this type.
    fn value_row_of(&self, type_path: &str) -> Option<(&Block, SaveId)> {
        let block = self.block.as_ref().filter(|block| &*block.type_path == type_path)?;
        let holds_values = matches!(block.rows, Rows::Values(_));
        let id = block.ids().get(self.row).filter(|_| holds_values)?;
        Some((block, *id))
    }
}

/// Ids that were removed, ascending, each with the age of the newest source that removed it.
#[derive(Debug, Default)]
struct Removals {
    rows: Vec<(SaveId, usize)>,
    next: usize,
}

impl Removals {
    fn new(mut rows: Vec<(SaveId, usize)>) -> Self {
        rows.sort_unstable_by_key(|(id, age)| (*id, Reverse(*age)));
        rows.dedup_by_key(|(id, _)| *id);
        Self { rows, next: 0 }
    }

    /// Whether `id` was removed later than a source of this age wrote it. Ids must ascend from
    /// call to call.
    fn took(&mut self, id: SaveId, age: usize) -> bool {
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
    fn rewind(&mut self) {
        self.next = 0;
    }

    /// Whether any of the ids from `first` to `last` was removed.
    fn touch(&self, first: SaveId, last: SaveId) -> bool {
        let from = self.rows.partition_point(|(id, _)| *id < first);
        self.rows.get(from).is_some_and(|(id, _)| *id <= last)
    }

    /// Appends the ids as blocks, without those that are `covered` already.
    fn put_blocks(
        &self,
        type_path: &Arc<str>,
        covered: &[(SaveId, usize)],
        blocks: &mut VecDeque<Block>,
    ) {
        let is_covered = |id: &SaveId| covered.binary_search_by_key(id, |(id, _)| *id).is_ok();
        let ids: Vec<SaveId> =
            self.rows.iter().map(|(id, _)| *id).filter(|id| !is_covered(id)).collect();
        for ids in ids.chunks(REMOVALS_PER_BLOCK) {
            blocks.push_back(Block::removed(Arc::clone(type_path), ids.to_vec()));
        }
    }
}

/// The values of one type while they are merged.
#[derive(Debug)]
struct Column {
    type_path: Arc<str>,
    removed: Removals,
    /// The next row of every source that has one; of one id, the newest source first.
    heads: BinaryHeap<Reverse<(SaveId, Reverse<usize>)>>,
    last_id: Option<SaveId>,
    type_version: u32,
    values: Values,
}

impl Column {
    fn new<S>(type_path: Arc<str>, removed: Removals, sources: &[Source<S>]) -> Self {
        let heads = sources.iter().enumerate().filter_map(|(age, source)| {
            let (_, id) = source.value_row_of(&type_path)?;
            Some(Reverse((id, Reverse(age))))
        });
        let heads = heads.collect();
        Self {
            type_path,
            removed,
            heads,
            last_id: None,
            type_version: 0,
            values: Values::default(),
        }
    }

    /// Merges the rows up to where another source is next, and says whether there were any.
    fn merge_run<S, E>(
        &mut self,
        sources: &mut [Source<S>],
        gone: &mut Removals,
        ready: &mut VecDeque<Block>,
    ) -> Result<bool, E>
    where
        S: Iterator<Item = Result<Block, E>>,
    {
        let Some(Reverse((mut id, Reverse(age)))) = self.heads.pop() else { return Ok(false) };
        let Some(source) = sources.get_mut(age) else { return Ok(false) };
        let next_elsewhere = self.heads.peek().map(|Reverse((id, _))| *id);
        loop {
            if self.may_pass_whole(source, gone, next_elsewhere) {
                self.pass_block(source, ready)?;
            } else {
                self.merge_row(source, id, age, gone, ready)?;
            }
            let Some((_, next)) = source.value_row_of(&self.type_path) else { return Ok(true) };
            id = next;
            if next_elsewhere.is_some_and(|other| other <= id) {
                self.heads.push(Reverse((id, Reverse(age))));
                return Ok(true);
            }
            // What is ready is handed out before more is merged, so that it doesn't pile up.
            if !ready.is_empty() {
                self.heads.push(Reverse((id, Reverse(age))));
                return Ok(true);
            }
        }
    }

    /// Takes the current row of a source into the result, unless a newer one stands for it.
    fn merge_row<S, E>(
        &mut self,
        source: &mut Source<S>,
        id: SaveId,
        age: usize,
        gone: &mut Removals,
        ready: &mut VecDeque<Block>,
    ) -> Result<(), E>
    where
        S: Iterator<Item = Result<Block, E>>,
    {
        let is_newest = self.last_id.replace(id) != Some(id);
        let stands = is_newest && !self.removed.took(id, age) && !gone.took(id, age);
        if let Some(block) = source.block.as_ref().filter(|_| stands) {
            let value = block.value(source.row).unwrap_or_default();
            self.push(id, value, block.type_version, ready);
        }
        source.advance_row()
    }

    /// Whether all of a source's current block goes into the result as it is.
    fn may_pass_whole<S>(
        &self,
        source: &Source<S>,
        gone: &Removals,
        next_elsewhere: Option<SaveId>,
    ) -> bool {
        let Some(block) = source.block.as_ref().filter(|_| source.row == 0) else { return false };
        let (Some(&first), Some(&last)) = (block.ids().first(), block.ids().last()) else {
            return false;
        };
        let is_worth_it = next_elsewhere.is_none() || block.len() >= ROWS_WORTH_PASSING;
        is_worth_it
            && next_elsewhere.is_none_or(|other| last < other)
            && self.last_id.is_none_or(|merged| merged < first)
            && !self.removed.touch(first, last)
            && !gone.touch(first, last)
    }

    /// Hands a source's current block out without touching its rows.
    fn pass_block<S, E>(
        &mut self,
        source: &mut Source<S>,
        ready: &mut VecDeque<Block>,
    ) -> Result<(), E>
    where
        S: Iterator<Item = Result<Block, E>>,
    {
        self.close_block(ready);
        if let Some(block) = source.block.take() {
            self.last_id = block.ids().last().copied();
            ready.push_back(block);
        }
        source.advance_block()
    }

    fn push(&mut self, id: SaveId, value: &[u8], version: u32, ready: &mut VecDeque<Block>) {
        let bytes = self.values.byte_len() + self.values.len() * ROW_OVERHEAD;
        let is_full = bytes + value.len() + ROW_OVERHEAD > limits::FRAME_BYTES;
        if is_full || self.type_version != version {
            self.close_block(ready);
            self.type_version = version;
        }
        self.values.push(id, value);
    }

    fn close_block(&mut self, ready: &mut VecDeque<Block>) {
        if !self.values.is_empty() {
            let values = mem::take(&mut self.values);
            let type_path = Arc::clone(&self.type_path);
            ready.push_back(Block::values(type_path, self.type_version, values));
        }
    }

    fn finish(mut self, ready: &mut VecDeque<Block>) {
        self.close_block(ready);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::convert::Infallible;

    use super::*;
    use crate::journal::order::GroupOrder;
    use crate::journal::sample::{removed, values};

    type Group = Vec<Block>;
    /// What a world holds: the value of every type and id.
    type Model = BTreeMap<(String, u64), (u32, Vec<u8>)>;

    fn merged(groups: &[Group], keep_removals: bool) -> Group {
        let sources: Vec<_> =
            groups.iter().map(|group| group.clone().into_iter().map(Ok::<_, Infallible>)).collect();
        let blocks: Vec<Block> = merge(sources, keep_removals).map(Result::unwrap).collect();
        let mut order = GroupOrder::default();
        assert!(blocks.iter().all(|block| order.admit(block)), "the result should be in order");
        blocks
    }

    /// Applies a group to a model, in the simplest way that the meaning of groups allows.
    fn apply(model: &mut Model, group: &Group) {
        for block in group {
            if let Rows::Removed(ids) = &block.rows {
                let is_entities = &*block.type_path == ENTITIES;
                let goes = |path: &str, id: u64| {
                    ids.contains(&SaveId(id)) && (is_entities || path == &*block.type_path)
                };
                model.retain(|(path, id), _| !goes(path, *id));
            }
        }
        for block in group {
            if let Rows::Values(values) = &block.rows {
                for (id, value) in values.iter() {
                    let key = (block.type_path.to_string(), id.0);
                    model.insert(key, (block.type_version, value.to_vec()));
                }
            }
        }
    }

    fn model_of(groups: &[Group]) -> Model {
        let mut model = Model::new();
        groups.iter().for_each(|group| apply(&mut model, group));
        model
    }

    /// A generator that needs no dependency and gives every run the same numbers.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % limit
        }

        fn ids(&mut self, one_in: u64) -> Vec<u64> {
            (2..14).filter(|_| self.below(one_in) == 0).collect()
        }

        fn group(&mut self) -> Group {
            let mut group = Vec::new();
            for path in [ENTITIES, "game::Armor", "game::Health", "game::Name"] {
                let gone = self.ids(5);
                if !gone.is_empty() {
                    group.push(removed(path, &gone));
                }
                let rows: Vec<(u64, Vec<u8>)> = self
                    .ids(3)
                    .into_iter()
                    .map(|id| (id, vec![self.below(250) as u8; self.below(4) as usize]))
                    .collect();
                let rows: Vec<(u64, &[u8])> =
                    rows.iter().map(|(id, value)| (*id, &**value)).collect();
                // Several blocks of one type, as a group of several frames has them.
                for rows in rows.chunks(1 + self.below(4) as usize) {
                    let mut block = values(path, rows);
                    block.type_version = self.below(2) as u32;
                    group.push(block);
                }
            }
            group
        }

        /// Merges neighbours at random until one group is left.
        fn merge_in_any_grouping(&mut self, mut groups: Vec<Group>) -> Group {
            while groups.len() > 1 {
                let start = self.below(groups.len() as u64 - 1) as usize;
                let end = start + 2 + self.below((groups.len() - start - 1) as u64) as usize;
                let result = merged(&groups[start..end], true);
                groups.splice(start..end, [result]);
            }
            groups.pop().unwrap_or_default()
        }
    }

    #[test]
    fn merging_in_any_grouping_equals_applying_one_by_one() {
        let mut random = Random(0x5eed);
        for _ in 0..500 {
            let before: Vec<Group> = (0..random.below(3)).map(|_| random.group()).collect();
            let chain: Vec<Group> = (0..1 + random.below(8)).map(|_| random.group()).collect();
            let all: Vec<Group> = before.iter().chain(&chain).cloned().collect();
            let expected = model_of(&all);

            let snapshot = merged(&all, false);
            let has_removals =
                snapshot.iter().any(|block| matches!(block.rows, Rows::Removed(_)));
            assert!(!has_removals, "a snapshot should hold values only");
            assert_eq!(model_of(&[snapshot]), expected);

            // A delta has to take away what it never saw.
            let delta = random.merge_in_any_grouping(chain.clone());
            let mut model = model_of(&before);
            apply(&mut model, &delta);
            assert_eq!(model, expected);
            let [delta, at_once] = [merged(&[delta], true), merged(&chain, true)];
            assert_eq!(delta_rows(&delta), delta_rows(&at_once));
        }
    }

    /// The rows of a delta, however they are cut into blocks.
    fn delta_rows(delta: &Group) -> (BTreeSet<(String, u64)>, Model) {
        let removals = delta.iter().filter(|block| matches!(block.rows, Rows::Removed(_)));
        let removed = removals.flat_map(|block| {
            block.ids().iter().map(|id| (block.type_path.to_string(), id.0))
        });
        let values: Group = delta
            .iter()
            .filter(|block| matches!(block.rows, Rows::Values(_)))
            .cloned()
            .collect();
        (removed.collect(), model_of(&[values]))
    }

    #[test]
    fn an_entity_may_be_taken_away_and_come_back_in_one_group() {
        let old = vec![values(ENTITIES, &[(2, b"")]), values("a", &[(2, b"1")]), values("b", &[(2, b"1")])];
        let new = vec![removed(ENTITIES, &[2]), values(ENTITIES, &[(2, b"")]), values("a", &[(2, b"2")])];
        let expected = vec![values(ENTITIES, &[(2, b"")]), values("a", &[(2, b"2")])];
        assert_eq!(merged(&[old, new], false), expected);
    }

    #[test]
    fn a_delta_keeps_a_removal_also_when_a_value_follows() {
        let chain = [vec![removed("a", &[2, 3])], vec![values("a", &[(2, b"x")])]];
        let expected = vec![removed("a", &[2, 3]), values("a", &[(2, b"x")])];
        assert_eq!(merged(&chain, true), expected);
    }

    #[test]
    fn rows_keep_the_version_they_were_written_with() {
        let old = values("a", &[(2, b"old"), (3, b"old"), (4, b"old")]);
        let mut new = values("a", &[(3, b"new")]);
        new.type_version = 1;
        let result = merged(&[vec![old], vec![new]], false);
        let versions: Vec<_> =
            result.iter().map(|block| (block.type_version, block.len())).collect();
        assert_eq!(versions, [(0, 1), (1, 1), (0, 1)]);
    }

    #[test]
    fn the_result_comes_in_chunks() {
        let value = vec![1; 1000];
        let rows = |first: u64| (0..3000).map(|row| (first + 2 * row, &*value)).collect::<Vec<_>>();
        let result =
            merged(&[vec![values("a", &rows(2))], vec![values("a", &rows(3))]], false);
        assert_eq!(result.len(), 6);
        let bytes = |block: &Block| {
            block.ids().iter().enumerate().filter_map(|(row, _)| block.value(row)).flatten().count()
        };
        assert!(result.iter().all(|block| bytes(block) <= limits::FRAME_BYTES));
        assert_eq!(result.iter().map(Block::len).sum::<usize>(), 6000);
    }

    #[test]
    fn an_error_ends_the_merge() {
        let failing = vec![Ok(values("a", &[(2, b"")])), Err("damaged"), Ok(values("b", &[(2, b"")]))];
        let good = vec![Ok(values("a", &[(3, b"")])), Ok(values("c", &[(2, b"")]))];
        let mut merge = merge(vec![failing.into_iter(), good.into_iter()], false);
        let error = merge.by_ref().find_map(Result::err);
        assert_eq!(error, Some("damaged"));
        assert!(merge.next().is_none());
    }

    #[test]
    fn too_many_sources_are_merged_in_rounds() {
        assert_eq!(rounds(64), None);
        assert_eq!(rounds(130), Some(vec![0..64, 64..128, 128..130]));
    }
}
