//! The identity of a checkpoint.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::RunId;

/// Identifies one checkpoint: the run that wrote it, and its place on the line of descent.
///
/// The counter only grows along a line, restarts included, so of two checkpoints on one line the one with the higher
/// counter is the newer, even if the clocks disagree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
pub struct CheckpointId {
    /// The run that wrote the checkpoint.
    pub run: RunId,
    /// The checkpoint's number along its line of descent. The first of a session is 1.
    pub counter: u64,
}

impl fmt::Display for CheckpointId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.counter, self.run)
    }
}
