//! The events of a run's checkpoints.

use std::time::Duration;

use crate::model::ids::CheckpointId;
use crate::model::session::{CheckpointError, StopReason};
use crate::write::Saved;

/// A report of the writer while a session is played.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A checkpoint is durable, and so is everything before it. Automatic checkpoints that piled up are
    /// merged, and only the last of them is reported.
    Saved(Saved),
    /// Checkpoints could not be saved.
    Failed {
        /// The newest of them.
        checkpoint: CheckpointId,
        /// The error.
        error: CheckpointError,
        /// The time after which the writer tries again by itself; `None` if it doesn't, and the next capture takes the
        /// place of the lost ones.
        retry_in: Option<Duration>,
    },
    /// Nothing is saved from here on.
    Stopped(StopReason),
    /// The session is this process's again, and what is captured is saved again.
    Resumed,
    /// The file system can't sync directories: what is saved survives a crash of the process, and may not
    /// survive a power cut. Reported once.
    PowerCutsNotCovered,
}
