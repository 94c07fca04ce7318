//! What can go wrong, as a game is told.

use std::fmt;

use super::IllegalMove;
use crate::journal::SessionId;

/// Why a request changed nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RequestError {
    /// A session is being played already, and the request doesn't replace it.
    SessionRunning {
        /// The session that is being played.
        current: SessionId,
    },
    /// No session is being played.
    NoSession,
    /// The session is in a status that has no such step.
    IllegalMove(IllegalMove),
    /// There is no session with this id.
    UnknownSession,
    /// Another process plays this session.
    SessionInUse,
    /// The session has no such checkpoint.
    UnknownCheckpoint,
    /// The session has no checkpoint at all.
    NothingToRestore,
    /// Recovery is switched off in [`SessionSettings`](crate::SessionSettings).
    RecoveryIsOff,
    /// The session was left behind by no crash, so there is nothing to decline.
    NothingToDecline,
    /// A name or label is larger than the format allows.
    TextTooLong {
        /// Its size in bytes.
        bytes: usize,
        /// The largest size allowed.
        limit: usize,
    },
    /// The session's files can't be used now; they were left as they are.
    Store {
        /// What the store said.
        message: String,
    },
}

impl fmt::Display for RequestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SessionRunning { current } => {
                write!(formatter, "session {current} is being played already")
            }
            Self::NoSession => formatter.write_str("no session is being played"),
            Self::IllegalMove(error) => error.fmt(formatter),
            Self::UnknownSession => formatter.write_str("there is no session with this id"),
            Self::SessionInUse => formatter.write_str("another process plays this session"),
            Self::UnknownCheckpoint => formatter.write_str("the session has no such checkpoint"),
            Self::NothingToRestore => formatter.write_str("the session has no checkpoint"),
            Self::RecoveryIsOff => formatter.write_str("recovery is switched off"),
            Self::NothingToDecline => formatter.write_str("the session has no crash to decline"),
            Self::TextTooLong { bytes, limit } => {
                write!(formatter, "a text of {bytes} bytes is over the limit of {limit}")
            }
            Self::Store { message } => formatter.write_str(message),
        }
    }
}

impl std::error::Error for RequestError {}

impl From<IllegalMove> for RequestError {
    fn from(error: IllegalMove) -> Self {
        Self::IllegalMove(error)
    }
}

/// Why checkpoints could not be written.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The disk refused an operation.
    Disk {
        /// The kind of refusal.
        kind: std::io::ErrorKind,
        /// Where, and what the operating system said.
        message: String,
    },
    /// The session's directory vanished while the game was running. A full checkpoint into a new
    /// one follows.
    StoreVanished,
    /// The writer is too far behind to keep this moment.
    WriterBehind,
    /// The writer itself failed. Nothing is saved any more; what was acknowledged is safe.
    WriterGone,
    /// The checkpoint is larger than the format allows.
    TooLarge {
        /// What is too large, and by how much.
        message: String,
    },
}

/// Why no checkpoint of a session can be restored.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum RecoveryError {
    /// Every committed checkpoint is damaged.
    AllDamaged,
    /// A file was written by a newer release of this crate; update the game.
    NewerFormat,
    /// The files can't be read now. They may be readable later.
    Unreadable {
        /// Where, and what the operating system said.
        message: String,
    },
}
