//! The request to read a checkpoint.

use std::time::Duration;

use crate::model::ids::{RunId, SessionId};
use crate::model::session::{RestoreFrom, RestoreReason};

/// A checkpoint that is to be read, to continue from.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The session.
    pub session: SessionId,
    /// Its checkpoint, or the place from which to choose one.
    pub from: RestoreFrom,
    /// The reason for which it is restored.
    pub reason: RestoreReason,
    /// The number of the checkpoint that was taken of what is being left, if one was. "The newest" doesn't mean that
    /// one.
    pub tail: Option<u64>,
    /// The run that is being played, if it is one of this session: it is what is left.
    pub played: Option<RunId>,
    /// True if the session is asked for by its name, where it may have been played on several machines: the line goes on
    /// that was played last. Which one that is, is known only when it is read.
    pub by_name: bool,
    /// True for a return to a fork: what is left was only tried out, and no undo leads back to it.
    pub is_return: bool,
    /// Play time after which the restore has proven itself.
    pub probation: Duration,
}
