//! The order in which a group holds its rows.

use std::sync::Arc;

use super::{Block, Rows};
use crate::model::ids::SaveId;

/// Watches over the order of a group's blocks: by [`Block::key`], and of one key by ascending ids.
///
/// Merging relies on it, so the writer refuses to break it and the reader to believe without
/// checking.
#[derive(Debug, Default)]
pub struct GroupOrder {
    last: Option<LastRow>,
}

#[derive(Debug)]
struct LastRow {
    type_path: Arc<str>,
    holds_values: bool,
    id: SaveId,
}

impl GroupOrder {
    /// Returns true if `block` may follow the blocks that were admitted so far, and admits it. An empty one always may.
    pub fn admit(&mut self, block: &Block) -> bool {
        let (Some(first), Some(last)) = (block.ids().first(), block.ids().last()) else {
            return true;
        };
        if !self.ends_before(block, *first) {
            return false;
        }
        self.last = Some(LastRow {
            type_path: Arc::clone(&block.type_path),
            holds_values: matches!(block.rows, Rows::Values(_)),
            id: *last,
        });
        true
    }

    fn ends_before(&self, block: &Block, first: SaveId) -> bool {
        let Some(last) = &self.last else { return true };
        let last_key = Block::key_of(&last.type_path, last.holds_values);
        (last_key, last.id) < (block.key(), first)
    }
}
