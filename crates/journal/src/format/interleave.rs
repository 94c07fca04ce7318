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
        known.sort_by(|one, other| one.key().cmp(&other.key()));
        known.reverse();
        Self { known, next }
    }

    /// Passes a block on. Blocks come in the order of [`Block::key`]. Of one key, those that were known come first.
    pub fn push(&mut self, block: Block) {
        while let Some(earlier) = self.known.pop_if(|known| known.key() <= block.key()) {
            (self.next)(earlier);
        }
        (self.next)(block);
    }

    /// Passes on what comes after all others.
    pub fn finish(self) {
        self.known.into_iter().rev().for_each(self.next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::sample::{removed, values};

    #[test]
    fn known_blocks_come_at_their_places_and_of_one_key_in_their_order() {
        let known = vec![
            values("game::E", &[(9, b"last")]),
            values("game::B", &[(2, b"first")]),
            values("game::B", &[(3, b"second")]),
            removed("game::B", &[4]),
        ];
        let coming = [
            values("game::A", &[(2, b"")]),
            values("game::B", &[(5, b"after those that were known")]),
            values("game::C", &[(2, b"")]),
        ];
        let mut passed = Vec::new();
        let mut next = |block| passed.push(block);
        let mut rows = Interleave::new(known.clone(), &mut next);
        coming.iter().for_each(|block| rows.push(block.clone()));
        rows.finish();
        let [last, first, second, gone] = known.try_into().unwrap();
        let [a, after, c] = coming;
        assert_eq!(passed, [a, gone, first, second, after, c, last]);
    }
}
