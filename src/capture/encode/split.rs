//! Splits rows into blocks that fit a frame.

use bevy_session_journal::internal::format::Values;
use bevy_session_journal::{SaveId, limits};

/// Bytes of one block, ids and lengths included. Well below a frame, so that blocks fill frames.
const BLOCK_BYTES: usize = limits::FRAME_BYTES / 4;
/// The most bytes that a row takes beside its value.
const ROW_BYTES: usize = 16;

/// Rows that are being split into blocks.
#[derive(Default)]
pub(super) struct Split {
    full: Vec<Values>,
    current: Values,
}

impl Split {
    /// Appends a row. Ids ascend.
    pub(super) fn push(&mut self, id: SaveId, value: &[u8]) {
        let bytes = self.current.byte_len() + value.len() + (self.current.len() + 1) * ROW_BYTES;
        if bytes > BLOCK_BYTES && !self.current.is_empty() {
            self.full.push(std::mem::take(&mut self.current));
        }
        self.current.push(id, value);
    }

    /// All rows, block by block.
    pub(super) fn finish(mut self) -> Vec<Values> {
        if !self.current.is_empty() {
            self.full.push(self.current);
        }
        self.full
    }
}

/// Rows of several versions that are being split into blocks, each of one version.
#[derive(Default)]
pub(super) struct VersionedSplit {
    full: Vec<(u32, Values)>,
    version: u32,
    current: Split,
}

impl VersionedSplit {
    /// Appends a row. Ids ascend.
    pub(super) fn push(&mut self, version: u32, id: SaveId, value: &[u8]) {
        if version != self.version {
            self.end_version();
            self.version = version;
        }
        self.current.push(id, value);
    }

    /// All rows, block by block, with the version of each.
    pub(super) fn finish(mut self) -> Vec<(u32, Values)> {
        self.end_version();
        self.full
    }

    fn end_version(&mut self) {
        let blocks = std::mem::take(&mut self.current).finish();
        self.full.extend(blocks.into_iter().map(|rows| (self.version, rows)));
    }
}

/// Ids, in lists that fit a block.
pub(super) fn split_ids(ids: &[SaveId]) -> impl Iterator<Item = Vec<SaveId>> {
    ids.chunks(BLOCK_BYTES / ROW_BYTES).map(<[SaveId]>::to_vec)
}
