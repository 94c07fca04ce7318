//! The self-test of a running game: does the journal say what the world says?
//!
//! At a regular number of deltas, a full capture is taken at the same moment. The writer encodes it beside the chain,
//! with a copy of the ids, and once the delta is durable reads the checkpoint back as a restore does. Rows whose bytes
//! differ are compared as a restore would read them; what still differs was changed without a trace.

use tracing::debug;

use super::content::{Content, Everything};
use crate::disk::{DirectoryStore, StoreError};
use crate::format::{Block, ReadError};
use crate::model::ids::{CheckpointId, SessionId};
use crate::read::recovery::ABOUT_SESSION;

/// A checkpoint that is to be read back once it is durable, and the world at its moment.
pub(super) struct SelfTest {
    session: SessionId,
    checkpoint: CheckpointId,
    world: Vec<Block>,
    /// Types that could not be written. That was reported, and their values are known to be old.
    left_out: Vec<String>,
}

/// The error of reading a checkpoint back.
#[derive(Debug, thiserror::Error)]
pub(super) enum SelfTestFailure {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SelfTestFailure {
    /// Returns true if only a full capture helps.
    pub(super) fn is_damage(&self) -> bool {
        matches!(self, Self::Read(error) if error.is_damage())
    }
}

impl SelfTest {
    /// A test of a checkpoint against everything that was captured at its moment.
    pub(super) fn new(
        session: SessionId,
        checkpoint: CheckpointId,
        everything: Everything,
        incomplete: &[String],
    ) -> Self {
        let mut left_out = everything.incomplete;
        left_out.extend_from_slice(incomplete);
        Self { session, checkpoint, world: everything.blocks, left_out }
    }

    pub(super) fn counter(&self) -> u64 {
        self.checkpoint.counter
    }

    /// Reads the checkpoint back, as a restore would. Returns a report if it isn't what was captured.
    pub(super) fn run<C: Content>(
        self,
        store: &DirectoryStore,
        content: &C,
    ) -> Result<Option<C::Report>, SelfTestFailure> {
        let stored = store.open_session(self.session)?;
        let Some(plan) = stored.index().plan(self.checkpoint) else {
            debug!(checkpoint = %self.checkpoint, "merged into the next one, and not tested");
            return Ok(None);
        };
        let mut journal = Vec::new();
        for block in stored.blocks(&plan)? {
            let block = block?;
            // Facts about the session don't come out of the world.
            if !ABOUT_SESSION.contains(&&*block.type_path) {
                journal.push(block);
            }
        }
        Ok(content.compare(journal, self.world, &self.left_out))
    }
}
