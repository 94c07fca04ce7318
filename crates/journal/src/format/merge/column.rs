//! Merging the values of one type.

use std::cmp::Reverse;
use std::collections::VecDeque;
use std::collections::binary_heap::{BinaryHeap, PeekMut};
use std::mem;
use std::sync::Arc;

use super::removals::Removals;
use super::source::Source;
use crate::format::{Block, Values};
use crate::model::ids::{SaveId, limits};

/// Blocks of fewer rows are merged row by row, or many small sources would make many small blocks.
const ROWS_WORTH_PASSING: usize = 256;
/// No fewer than the bytes that a row takes beside its value.
const ROW_OVERHEAD: usize = 14;

/// The next row of a source: of all ids the lowest first, and of one id the newest source.
type Next = Reverse<(SaveId, Reverse<usize>)>;

/// The values of one type while they are merged.
#[derive(Debug)]
pub struct Column {
    type_path: Arc<str>,
    removed: Removals,
    /// One entry for every source that has a row left.
    next: BinaryHeap<Next>,
    last_id: Option<SaveId>,
    type_version: u32,
    values: Values,
}

impl Column {
    /// The column of this type, with its removals; every source is at its first block of values.
    pub fn new<S>(type_path: Arc<str>, removed: Removals, sources: &[Source<S>]) -> Self {
        let next = sources.iter().enumerate().filter_map(|(age, source)| {
            let id = source.first_value_of(&type_path)?;
            Some(Reverse((id, Reverse(age))))
        });
        Self {
            next: next.collect(),
            type_path,
            removed,
            last_id: None,
            type_version: 0,
            values: Values::default(),
        }
    }

    /// Merges rows until a block is ready. Returns true if there were any.
    pub fn merge_rows<S, E>(
        &mut self,
        sources: &mut [Source<S>],
        gone: &mut Removals,
        ready: &mut VecDeque<Block>,
    ) -> Result<bool, E>
    where
        S: Iterator<Item = Result<Block, E>>,
    {
        while ready.is_empty() {
            let Some(Reverse((id, Reverse(age)))) = self.next.peek().copied() else {
                return Ok(false);
            };
            let Some(source) = sources.get_mut(age) else { return Ok(false) };
            let following = if source.row == 0 && self.may_pass_whole(source, gone) {
                self.pass_block(source, ready);
                source.next_block(&self.type_path)?
            } else {
                self.merge_row(source, id, age, gone, ready);
                source.next_row(&self.type_path)?
            };
            self.replace_next(following, age);
        }
        Ok(true)
    }

    /// Takes the current row of a source into the result, unless a newer one stands for it.
    fn merge_row<S>(
        &mut self,
        source: &Source<S>,
        id: SaveId,
        age: usize,
        gone: &mut Removals,
        ready: &mut VecDeque<Block>,
    ) {
        let is_newest = self.last_id.replace(id) != Some(id);
        let stands = is_newest && !self.removed.took(id, age) && !gone.took(id, age);
        if let Some(block) = source.block.as_ref().filter(|_| stands) {
            let value = block.value(source.row).unwrap_or_default();
            self.push(id, value, block.type_version, ready);
        }
    }

    /// Returns true if all of a source's current block goes into the result as it is.
    fn may_pass_whole<S>(&self, source: &Source<S>, gone: &Removals) -> bool {
        let Some(ids) = source.block.as_ref().map(Block::ids) else { return false };
        let (Some(&first), Some(&last)) = (ids.first(), ids.last()) else { return false };
        let is_alone = self.next.len() == 1;
        (is_alone || ids.len() >= ROWS_WORTH_PASSING && self.is_next_elsewhere_after(last))
            && self.last_id.is_none_or(|merged| merged < first)
            && !self.removed.touch(first, last)
            && !gone.touch(first, last)
    }

    /// Returns true if the next row of every source but the first in line comes after `last`.
    fn is_next_elsewhere_after(&self, last: SaveId) -> bool {
        let is_after = |next: &&Next| next.0.0 > last;
        self.next.iter().filter(is_after).count() + 1 == self.next.len()
    }

    /// Hands a source's current block out without touching its rows.
    fn pass_block<S>(&mut self, source: &mut Source<S>, ready: &mut VecDeque<Block>) {
        self.close_block(ready);
        if let Some(block) = source.block.take() {
            self.last_id = block.ids().last().copied();
            ready.push_back(block);
        }
    }

    /// Puts the source that was first in line where its following row belongs.
    fn replace_next(&mut self, following: Option<SaveId>, age: usize) {
        let Some(mut first) = self.next.peek_mut() else { return };
        match following {
            Some(id) => *first = Reverse((id, Reverse(age))),
            None => drop(PeekMut::pop(first)),
        }
    }

    fn push(&mut self, id: SaveId, value: &[u8], version: u32, ready: &mut VecDeque<Block>) {
        let bytes = self.values.byte_len() + self.values.len() * ROW_OVERHEAD;
        let is_full = bytes + value.len() + ROW_OVERHEAD > limits::FILLED_BYTES;
        if is_full || self.type_version != version {
            self.close_block(ready);
            self.type_version = version;
        }
        self.values.push(id, value);
    }

    /// Hands out the rows that were merged so far.
    pub fn close_block(&mut self, ready: &mut VecDeque<Block>) {
        if !self.values.is_empty() {
            let values = mem::take(&mut self.values);
            let type_path = Arc::clone(&self.type_path);
            ready.push_back(Block::values(type_path, self.type_version, values));
        }
    }
}
