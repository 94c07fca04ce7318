//! The order in which the rows of a capture are handed over.

use std::convert::Infallible;

use bevy_session_journal::internal::format::{Block, Interleave, merge};

/// Hands over rows in the order of [`Block::key`].
pub(super) enum RowOrder<'a> {
    /// Columns come in order, so each block is handed over at once.
    AtOnce(Interleave<'a>),
    /// Rows of types that have no column may belong before a column that came, so nothing is handed over before all is there.
    Together {
        rows: Vec<Block>,
        /// An older checkpoint, to which these rows are the difference.
        opening: Option<Vec<Block>>,
        next: &'a mut dyn FnMut(Block),
    },
}

impl<'a> RowOrder<'a> {
    /// Begins with the rows that are known before the columns'.
    pub fn at_once(known: Vec<Block>, next: &'a mut dyn FnMut(Block)) -> Self {
        Self::AtOnce(Interleave::new(known, next))
    }

    /// Begins with the rows that are known before the columns', where others come later.
    pub fn together(
        rows: Vec<Block>,
        opening: Option<Vec<Block>>,
        next: &'a mut dyn FnMut(Block),
    ) -> Self {
        Self::Together { rows, opening, next }
    }

    /// Adds rows.
    pub fn push(&mut self, block: Block) {
        match self {
            Self::AtOnce(rows) => rows.push(block),
            Self::Together { rows, .. } => rows.push(block),
        }
    }

    /// Hands over what is left.
    pub fn finish(self) {
        match self {
            Self::AtOnce(rows) => rows.finish(),
            Self::Together { mut rows, opening, next } => {
                rows.sort_by(|one, other| one.key().cmp(&other.key()));
                match opening {
                    Some(opening) => with_difference(opening, rows).for_each(next),
                    None => rows.into_iter().for_each(next),
                }
            }
        }
    }
}

/// The rows of a checkpoint, with a delta applied.
fn with_difference(opening: Vec<Block>, difference: Vec<Block>) -> impl Iterator<Item = Block> {
    let sources = [opening, difference].map(|blocks| blocks.into_iter().map(Ok::<_, Infallible>));
    merge(sources.into(), false).map(|block| match block {
        Ok(block) => block,
    })
}

#[cfg(test)]
mod tests {
    use bevy_session_journal::SaveId;

    use super::*;
    use crate::capture::encode::KeyedIds;
    use crate::capture::placed::SaveKey;
    use crate::saved::GONE;

    #[test]
    fn rows_that_fill_several_blocks_keep_their_order() {
        let mut gone = KeyedIds::default();
        for id in 2..20_000 {
            gone.add(SaveKey::new(format!("level/coin {id}")), SaveId(id));
        }
        let blocks = gone.blocks(&GONE.into(), true);
        assert!(blocks.len() > 1, "they should fill several blocks");
        let handed_over = |begin: fn(Vec<Block>, &mut dyn FnMut(Block))| {
            let mut rows = Vec::new();
            begin(blocks.clone(), &mut |block| rows.push(block));
            rows
        };
        let at_once = handed_over(|known, next| RowOrder::at_once(known, next).finish());
        let together = handed_over(|known, next| RowOrder::together(known, None, next).finish());
        assert!(at_once == blocks && together == blocks, "the order differs");
    }
}
