//! Errors of a game under test.

use bevy_session_journal::{RecoveryError, RequestError};

use crate::hints::SessionHint;

/// The reason why a game under test didn't start, recover or continue a session.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// The app that the game built has no [`SessionPlugin`](crate::SessionPlugin).
    #[error("the app doesn't have the `SessionPlugin` that `build` was given")]
    NoPlugin,
    /// No crashed session was found: nothing was saved before the crash, or the game ended cleanly.
    #[error("no crashed session was found")]
    NothingOffered,
    /// No session was found that can go on.
    #[error("no session was found that can be continued")]
    NothingToContinue,
    /// There is an offer, and the game never entered a state of
    /// [`offer_recovery_in`](crate::SessionHooksExt::offer_recovery_in).
    #[error("the game never reached a state in which it offers recovery: {}", states.join(", "))]
    OfferWithheld {
        /// The states in which it would be made.
        states: Vec<String>,
    },
    /// The restore waits for its gate, and the game never opened it.
    #[error("the restore waits for its gate, which never opened: {gate}")]
    Stalled {
        /// The state or condition, as in [`RestoreStalled`](crate::recovery::RestoreStalled).
        gate: String,
    },
    /// The game cancelled the restore.
    #[error("the game cancelled the restore")]
    Cancelled,
    /// The request was rejected.
    #[error("the request was rejected: {0}")]
    Rejected(#[from] RequestError),
    /// No checkpoint can be restored.
    #[error("no checkpoint can be restored: {0}")]
    Unrecoverable(RecoveryError),
    /// No checkpoint was taken, since conditions of
    /// [`checkpoint_session_while`](crate::SessionHooksExt::checkpoint_session_while) don't hold.
    #[error("{0}")]
    GateShut(SessionHint),
    /// There was no answer.
    #[error("there was no answer within {frames} frames")]
    NoAnswer {
        /// The number of frames.
        frames: usize,
    },
}
