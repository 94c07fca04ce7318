//! Hands out the rows of a checkpoint.

use std::fmt;

use serde::de::DeserializeOwned;

use super::SavedType;
use crate::format::{Block, ENTITIES, ReadError, Rows};
use crate::model::ids::SaveId;
use crate::read::recovery::ReadProgress;

/// The rows of a checkpoint, one after the other: each as it was at the checkpoint, type by type in the
/// order of their names, and of a type in the order of ids.
pub struct RowReader<'a> {
    blocks: &'a mut dyn Iterator<Item = Result<Block, ReadError>>,
    progress: &'a ReadProgress,
    block: Option<Block>,
    next: usize,
    failure: Option<ReadError>,
}

impl fmt::Debug for RowReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowReader").finish_non_exhaustive()
    }
}

/// A row of a checkpoint.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    path: &'a str,
    version: u32,
    id: SaveId,
    bytes: &'a [u8],
}

impl<'a> RowReader<'a> {
    pub(super) fn new(
        blocks: &'a mut dyn Iterator<Item = Result<Block, ReadError>>,
        progress: &'a ReadProgress,
    ) -> Self {
        Self { blocks, progress, block: None, next: 0, failure: None }
    }

    /// The next row; `None` after the last one. Also `None` where the files turn out to be unreadable:
    /// what was decoded is discarded then, and the restore fails.
    pub fn next_row(&mut self) -> Option<Row<'_>> {
        while self.block.as_ref().is_none_or(|block| self.next >= block.len()) {
            self.block = Some(self.next_block()?);
            self.next = 0;
        }
        let (block, row) = (self.block.as_ref()?, self.next);
        self.next += 1;
        Some(Row {
            path: &block.type_path,
            version: block.type_version,
            id: *block.ids().get(row)?,
            bytes: block.value(row)?,
        })
    }

    fn next_block(&mut self) -> Option<Block> {
        loop {
            match self.blocks.next()? {
                Ok(block) => {
                    self.progress.has_read(&block.rows);
                    // An entity without a row is nothing that a program could get back.
                    if matches!(block.rows, Rows::Values(_)) && *block.type_path != *ENTITIES {
                        return Some(block);
                    }
                }
                Err(error) => {
                    self.failure = Some(error);
                    return None;
                }
            }
        }
    }

    /// Reads what is left, so that damage in it is found as well.
    pub(super) fn finish(mut self) -> Result<(), ReadError> {
        while self.failure.is_none() && self.next_block().is_some() {}
        self.failure.map_or(Ok(()), Err)
    }
}

impl<'a> Row<'a> {
    /// Returns true if it is of this type, in any version.
    #[must_use]
    pub fn is(&self, saved: SavedType) -> bool {
        *self.path == *saved.path
    }

    /// The name of its type.
    #[must_use]
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The version of its type when it was written.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The entity that it belongs to, or [`SaveId::WORLD`].
    #[must_use]
    pub fn id(&self) -> SaveId {
        self.id
    }

    /// Its value; `None` if it can't be read as a `T`.
    #[must_use]
    pub fn value<T: DeserializeOwned>(&self) -> Option<T> {
        rmp_serde::from_slice(self.bytes).ok()
    }
}
