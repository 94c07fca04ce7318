//! The content of a session, as the writer sees it.

use crate::format::{Block, EventBatch, TypeSummary};
use crate::model::ids::SaveId;
use crate::read::recovery::Decode;
use std::fmt;

/// The content of a session: it turns captures into blocks, on the writer's thread.
pub trait Content: Decode + Send + 'static {
    /// The copy of the state that becomes a checkpoint.
    type Capture: Send;
    /// The state that a run starts with.
    type Start: Send;
    /// The state of a run between its captures.
    type Run: Send;
    /// The requests to the content between captures.
    type Order: Send;
    /// The events to record, as they are handed over.
    type Events: Send;
    /// The reports of the content.
    type Report: Send;

    /// Tells apart builds that save other types, or other versions of them.
    fn schema(&self) -> u64;

    /// Begins a run. Its first capture is full.
    fn begin(&self, start: Self::Start) -> Self::Run;

    /// Does what is asked of a run.
    fn execute(&self, run: &mut Self::Run, order: Self::Order) -> Vec<Self::Report>;

    /// Adds what the run that is played knows to a checkpoint of its session that was read to go back to.
    fn note_played(&self, _run: &Self::Run, _image: &mut Self::Image) {}

    /// Encodes the captures of a run, one after the other. Hands over the rows in the order of [`Block::key`], each block
    /// as soon as it is made, so that it is packed before the next one takes memory.
    fn encode(
        &self,
        run: &mut Self::Run,
        capture: Self::Capture,
        blocks: &mut dyn FnMut(Block),
    ) -> Encoded<Self>;

    /// Encodes what happened in a run: the values, and references in them by the ids that entities have.
    fn encode_events(
        &self,
        run: &mut Self::Run,
        events: Self::Events,
    ) -> (EventBatch, Vec<Self::Report>);

    /// Encodes a capture of everything, without a trace in what is encoded later. Only needed where
    /// checkpoints are ordered with a self-test.
    fn encode_beside(&self, _run: &Self::Run, _capture: Self::Capture) -> Everything {
        Everything { blocks: Vec::new(), incomplete: Vec::new() }
    }

    /// Holds a checkpoint that was read back against everything at its moment. `left_out` are the types
    /// that could not be written. Returns what to report, if anything differs. Only needed where
    /// checkpoints are ordered with a self-test.
    fn compare(
        &self,
        _journal: Vec<Block>,
        _everything: Vec<Block>,
        _left_out: &[String],
    ) -> Option<Self::Report> {
        None
    }
}

/// The facts about an encoded capture.
pub struct Encoded<C: Content + ?Sized> {
    /// Saved entities.
    pub entities: u64,
    /// Every type that is saved, also those without a row.
    pub types: Vec<TypeSummary>,
    /// The rows that are carried along, since this build can't use them.
    pub carried: Vec<TypeSummary>,
    /// Types of which values are missing or old, now or since the last full capture.
    pub incomplete: Vec<String>,
    /// The next id that a saved entity will get.
    pub next_save_id: SaveId,
    /// True if something changed without a trace, so that the next capture must be full.
    pub has_drifted: bool,
    /// True if a value couldn't be looked into, so that the next capture should be full.
    pub needs_full: bool,
    /// The rest of the capture, if it is to be used again.
    pub emptied: Option<C::Capture>,
    pub reports: Vec<C::Report>,
}

/// A capture of everything that was encoded beside the chain.
#[derive(Debug)]
pub struct Everything {
    pub blocks: Vec<Block>,
    /// Types that could not be written.
    pub incomplete: Vec<String>,
}

impl<C: Content + ?Sized> fmt::Debug for Encoded<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded").finish_non_exhaustive()
    }
}
