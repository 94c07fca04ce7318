//! The errors of the journal's calls.

use std::time::Duration;

use crate::model::session::{CheckpointError, RecoveryError, RequestError};
use crate::read::recovery::FoundSession;

/// The error of a call of [`Journal`](crate::Journal) or [`Run`](crate::Run).
///
/// After [`WriterGone`](Self::WriterGone) and [`NoAnswer`](Self::NoAnswer) every later call fails with the same: drop
/// the journal, and open it again. Checkpoints that were reported as saved are safe.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// It was refused, and nothing changed.
    #[error(transparent)]
    Refused(#[from] RequestError),
    /// No checkpoint of the session can be restored.
    #[error(transparent)]
    Unrecoverable(#[from] RecoveryError),
    /// The checkpoint is damaged. The findings have what is left of the session.
    #[error("the checkpoint is damaged")]
    Damaged(Box<FoundSession>),
    /// The end of the session isn't on disk. The next start finds the session as closed, at its newest
    /// durable checkpoint; if it has none, it is gone.
    #[error("the end of the session could not be saved")]
    NotSaved {
        /// The last failure, if one was reported.
        #[source]
        cause: Option<CheckpointError>,
    },
    /// The writer's thread panicked: the [`Codec`](crate::Codec) did, or the journal has a bug.
    #[error("the writer itself failed")]
    WriterGone,
    /// The writer didn't answer in time. The disk hangs, or reading takes longer than
    /// [`JournalOptions::patience`](crate::JournalOptions::patience). A session that was being left is
    /// found as one that crashed.
    #[error("the writer didn't answer within {patience:?}")]
    NoAnswer {
        /// The time that it was waited for.
        patience: Duration,
    },
}
