//! Copies a checkpoint from bytes, a slice at a time, into a segment that is being written.

use std::ops::ControlFlow::{self, Break, Continue};

use super::open_segment::{OpenGroup, OpenSegment, WriteFailure};
use crate::disk::{DirectoryStore, StoreError};
use crate::format::{Block, Commit, ReadError};

/// A checkpoint that is being copied.
pub(super) struct GroupCopy {
    blocks: Box<dyn Iterator<Item = Result<Block, ReadError>> + Send>,
    group: OpenGroup,
    commit: Commit,
}

/// The error of copying checkpoints.
#[derive(Debug, thiserror::Error)]
pub(super) enum CopyFailure {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Write(#[from] WriteFailure),
}

impl CopyFailure {
    /// Returns true if the data to copy is damaged, which says nothing about other ways to it.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, Self::Read(error) if error.is_damage())
    }
}

impl GroupCopy {
    /// Begins to copy these blocks, which are the checkpoint of `commit`.
    pub(super) fn begin(
        blocks: impl Iterator<Item = Result<Block, ReadError>> + Send + 'static,
        segment: OpenSegment,
        commit: Commit,
    ) -> Box<Self> {
        let group = segment.begin_group(commit.counter);
        Box::new(Self { blocks: Box::new(blocks), group, commit })
    }

    /// Copies blocks of this many bytes, about; after the last one, completes the segment with what
    /// `complete` does. If anything fails, the segment is removed: unfinished, it is of no use, and may be
    /// what the disk has no room for.
    pub(super) fn step<T, E: From<CopyFailure>>(
        mut self: Box<Self>,
        store: &DirectoryStore,
        bytes: usize,
        complete: impl FnOnce(OpenSegment) -> Result<T, E>,
    ) -> Result<ControlFlow<T, Box<Self>>, E> {
        let path = self.group.path().to_path_buf();
        let completed = match self.copy(bytes) {
            Ok(true) => return Ok(Continue(self)),
            Ok(false) => self.finish().and_then(complete),
            Err(failure) => {
                // Some systems don't remove what is open.
                drop(self);
                Err(failure.into())
            }
        };
        if completed.is_err() {
            let _ = store.remove_segment(&path);
        }
        completed.map(Break)
    }

    /// Gives it up, and removes the segment. If that fails, the segment is removed by a later cleanup.
    pub(super) fn abandon(self: Box<Self>, store: &DirectoryStore) {
        let path = self.group.path().to_path_buf();
        drop(self);
        let _ = store.remove_segment(&path);
    }

    /// Copies blocks of this many bytes, about. Returns true if there may be more.
    fn copy(&mut self, bytes: usize) -> Result<bool, CopyFailure> {
        let mut copied = 0;
        while copied < bytes {
            let Some(block) = self.blocks.next() else { return Ok(false) };
            let block = block?;
            copied += block.byte_len();
            self.group.push(&block)?;
        }
        Ok(true)
    }

    fn finish<E: From<CopyFailure>>(self: Box<Self>) -> Result<OpenSegment, E> {
        let segment = self.group.finish(&self.commit);
        segment.map_err(|failure| CopyFailure::from(failure).into())
    }
}
