//! Splits rows into blocks that fit a frame.

use bevy_session_journal::internal::format::Values;
use bevy_session_journal::{SaveId, limits};

/// Bytes of one block, ids and lengths included. Well below a frame, so that blocks fill frames.
const BLOCK_BYTES: usize = limits::FRAME_BYTES / 4;
/// The most bytes that a row takes beside its value.
const ROW_BYTES: usize = 16;

/// The rows of a block that is being filled.
#[derive(Default)]
pub(super) struct Filling(Values);

impl Filling {
    /// Appends a row. Ids ascend. Returns the rows before it if there is no room for it beside them.
    pub(super) fn push(&mut self, id: SaveId, value: &[u8]) -> Option<Values> {
        let bytes = self.0.byte_len() + value.len() + (self.0.len() + 1) * ROW_BYTES;
        let is_full = bytes > BLOCK_BYTES && !self.0.is_empty();
        let full = is_full.then(|| std::mem::take(&mut self.0));
        self.0.push(id, value);
        full
    }

    /// The rows since the last block that was full.
    pub(super) fn finish(self) -> Option<Values> {
        Some(self.0).filter(|rows| !rows.is_empty())
    }
}

/// Rows that are being split into blocks.
#[derive(Default)]
pub(super) struct Split {
    full: Vec<Values>,
    current: Filling,
}

impl Split {
    /// Appends a row. Ids ascend.
    pub(super) fn push(&mut self, id: SaveId, value: &[u8]) {
        self.full.extend(self.current.push(id, value));
    }

    /// All rows, block by block.
    pub(super) fn finish(mut self) -> Vec<Values> {
        self.full.extend(self.current.finish());
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
