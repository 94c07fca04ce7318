//! The errors of reading a segment.

use std::io;
use std::path::{Path, PathBuf};

use super::{BlockError, EventError, FrameError};
use crate::model::session::FailureCause;

/// The error of reading a part of a segment.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The bytes are there, and are not what was written.
    #[error("{path} is damaged at byte {offset}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The offset of the damaged frame.
        offset: u64,
        /// The damage.
        source: Damage,
    },
    /// The operating system didn't hand out the bytes. That says nothing about them: the same
    /// read may succeed later.
    #[error("failed to read {path} at byte {offset}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The offset.
        offset: u64,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The segment holds a frame that only a newer version can read, and that may not be skipped.
    #[error("{path} holds a frame of unknown kind {kind:#04x} at byte {offset}")]
    UnknownFrame {
        /// The file.
        path: PathBuf,
        /// The offset.
        offset: u64,
        /// The kind.
        kind: u8,
    },
}

impl ReadError {
    /// Returns true if the bytes themselves are bad, so that trying again is of no use.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }

    /// The file that it is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Damaged { path, .. }
            | Self::Unreadable { path, .. }
            | Self::UnknownFrame { path, .. } => path,
        }
    }
}

impl From<ReadError> for FailureCause {
    fn from(error: ReadError) -> Self {
        let path = error.path().to_owned();
        Self::at(&path, error)
    }
}

/// The damage of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// Its payload doesn't match its header.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Its payload holds no valid blocks.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// Its payload holds no valid events.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The file ends before the frame does.
    #[error("the file ends too early")]
    Missing,
}
