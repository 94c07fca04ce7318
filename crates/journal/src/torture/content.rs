//! The content of the made-up game's sessions: the rows of a [`World`](super::World), as they are.

use std::convert::Infallible;

use crossbeam_channel::Receiver;

use super::world::{digest_of, with_commit};
use crate::format::{Block, Commit, EventBatch, ReadError, TypeRows, TypeSummary};
use crate::model::ids::SaveId;
use crate::read::recovery::{Decode, KnownTypes, ReadProgress, VersionFit};
use crate::write::{Content, Encoded, Everything};

/// Rows of bytes that mean nothing.
#[derive(Clone, Copy, Debug)]
pub struct Bytes;

/// Rows that were captured at one moment.
pub struct Capture {
    pub blocks: Vec<Block>,
    pub entities: u64,
    pub types: Vec<TypeSummary>,
    pub next_id: SaveId,
    /// The writer waits here until the other end is dropped.
    pub gate: Option<Receiver<Infallible>>,
}

/// A checkpoint that was read back isn't what was captured.
#[derive(Debug)]
pub struct Drift;

impl KnownTypes for Bytes {
    fn fit(&self, _: &TypeRows<'_>) -> VersionFit {
        VersionFit::Exact
    }
}

impl Decode for Bytes {
    /// The checkpoint's digest.
    type Image = u64;

    fn decode(
        &self,
        commit: &Commit,
        blocks: &mut dyn Iterator<Item = Result<Block, ReadError>>,
        progress: &ReadProgress,
    ) -> Result<u64, ReadError> {
        progress.begin(commit);
        let blocks = blocks.inspect(|block| {
            if let Ok(block) = block {
                progress.has_read(&block.rows);
            }
        });
        Ok(with_commit(digest_of(blocks)?, commit))
    }
}

impl Content for Bytes {
    type Capture = Capture;
    type Start = ();
    type Run = ();
    type Order = Infallible;
    type Events = EventBatch;
    type Report = Drift;

    fn schema(&self) -> u64 {
        5
    }

    fn begin(&self, (): ()) {}

    fn execute(&self, (): &mut (), order: Infallible) -> Vec<Drift> {
        match order {}
    }

    fn encode_events(&self, (): &mut (), events: EventBatch) -> (EventBatch, Vec<Drift>) {
        (events, Vec::new())
    }

    fn encode(
        &self,
        (): &mut (),
        capture: Capture,
        blocks: &mut dyn FnMut(Block),
    ) -> Encoded<Self> {
        if let Some(gate) = capture.gate {
            let Err(_) = gate.recv();
        }
        capture.blocks.into_iter().for_each(blocks);
        Encoded {
            entities: capture.entities,
            types: capture.types,
            carried: Vec::new(),
            incomplete: Vec::new(),
            next_save_id: capture.next_id,
            has_drifted: false,
            needs_full: false,
            emptied: None,
            reports: Vec::new(),
        }
    }

    fn encode_beside(&self, (): &(), capture: Capture) -> Everything {
        Everything { blocks: capture.blocks, incomplete: Vec::new() }
    }

    fn compare(&self, journal: Vec<Block>, everything: Vec<Block>, _: &[String]) -> Option<Drift> {
        let digest = |blocks: Vec<Block>| {
            let Ok(digest) = digest_of(blocks.into_iter().map(Ok::<Block, Infallible>));
            digest
        };
        (digest(journal) != digest(everything)).then_some(Drift)
    }
}
