//! The frames of a game, as they are recorded beside its inputs.

use serde::{Deserialize, Serialize};

/// Frames that followed each other, recorded under [`TYPE_PATH`](Self::TYPE_PATH) of every game that records inputs:
/// only they record in which steps the time passed between two inputs.
///
/// It is written where a checkpoint is taken, once a second, and where a panic unwinds. Queries of events leave it out
/// unless they name it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct TapedFrames {
    /// The number of the first frame in its process, from 1.
    pub first: u64,
    /// The number of times that the fixed schedule had run in the process before that frame.
    pub ticks: u64,
    /// The real time that passed before each frame, in nanoseconds.
    pub deltas: Vec<u64>,
}

impl TapedFrames {
    /// The type path of frames among a session's events.
    pub const TYPE_PATH: &'static str = "bevy_session::Frames";

    /// The number of the frame after the last one.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.deltas.len() as u64)
    }
}
