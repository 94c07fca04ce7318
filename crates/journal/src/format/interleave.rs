//! Blocks that are known beforehand, put among those that are still being made.

use std::fmt;

use super::Block;

/// Passes blocks on in the order of [`Block::key`]: those that come, and at their places those that were known before.
pub struct Interleave<'a> {
    /// The last one comes first.
    known: Vec<Block>,
    next: &'a mut dyn FnMut(Block),
}

impl fmt::Debug for Interleave<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Interleave").finish_non_exhaustive()
    }
}

impl<'a> Interleave<'a> {
    /// Begins with the blocks that are known, in any order.
    pub fn new(mut known: Vec<Block>, next: &'a mut dyn FnMut(Block)) -> Self {
        known.sort_by(|one, other| other.key().cmp(&one.key()));
        Self { known, next }
    }

    /// Passes a block on. Blocks come in the order of [`Block::key`].
    pub fn push(&mut self, block: Block) {
        while let Some(earlier) = self.known.pop_if(|known| known.key() < block.key()) {
            (self.next)(earlier);
        }
        (self.next)(block);
    }

    /// Passes on what comes after all others.
    pub fn finish(self) {
        self.known.into_iter().rev().for_each(self.next);
    }
}
