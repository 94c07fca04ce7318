//! Why a replay can't go on.

use std::path::PathBuf;

use bevy_session_journal::{CheckpointId, FailureCause, ReportError, SlotError};

use crate::testing::RecoverError;

/// Why something can't be replayed. Nothing was changed by the attempt.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The file is no report and no slot, or it is damaged.
    #[error(transparent)]
    File(#[from] ReportError),
    /// There is no session in the directory.
    #[error("there is no session in {}", path.display())]
    NoSession {
        /// The directory.
        path: PathBuf,
    },
    /// The session can't be read.
    #[error("{} can't be read: {cause}", path.display())]
    Unreadable {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        cause: FailureCause,
    },
    /// No checkpoint of it can be restored.
    #[error("there is no checkpoint to begin with in {}", path.display())]
    NoCheckpoint {
        /// The file or directory.
        path: PathBuf,
    },
    /// A checkpoint can't be read.
    #[error("checkpoint {checkpoint} can't be read: {error}")]
    Checkpoint {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// Why.
        error: SlotError,
    },
    /// The game doesn't restore a checkpoint.
    #[error("the game doesn't restore checkpoint {checkpoint}: {error}")]
    NotRestored {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// Why.
        error: RecoverError,
    },
    /// Code of the game panicked where a checkpoint was put into a world to compare with.
    #[error("checkpoint {checkpoint} can't be compared: the game's code panicked: {message}")]
    NotCompared {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// What it said.
        message: String,
    },
    /// The game has panicked, and its app is of no use any more.
    #[error("the game has panicked, so nothing can be played any more")]
    Over,
}
