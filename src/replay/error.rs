//! Errors of a replay.

use std::path::PathBuf;

use bevy_session_journal::{CheckpointId, FailureCause, ReportError, SlotError};

use crate::testing::RecoverError;

/// The reason why something can't be replayed. The attempt has changed nothing.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The file is no report and no slot, or is damaged.
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
        /// The error.
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
        /// The error.
        error: SlotError,
    },
    /// The game doesn't restore a checkpoint.
    #[error("the game doesn't restore checkpoint {checkpoint}: {error}")]
    NotRestored {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// The error.
        error: RecoverError,
    },
    /// Code of the game panicked when a checkpoint was restored into a world to compare with.
    #[error("checkpoint {checkpoint} can't be compared: the game's code panicked: {message}")]
    NotCompared {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// The message of the panic.
        message: String,
    },
    /// Code of the game panicked while it restored a checkpoint. Its app can't be used any more.
    #[error("the game panicked while it restored checkpoint {checkpoint}: {message}")]
    PanickedInRestore {
        /// The checkpoint.
        checkpoint: CheckpointId,
        /// The message of the panic.
        message: String,
    },
    /// The game has panicked, and its app can't be used any more.
    #[error("the game has panicked, so nothing can be played any more")]
    Over,
}
