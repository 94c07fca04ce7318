//! Errors of the store, with the path and the operation.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{fmt, io};

use crate::format::EncodeError;
use crate::model::session::{AttachmentError, FailureCause, RequestError, SlotError, WithSources};

/// The error of an operation of the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The operating system refused.
    #[error("failed to {action} {path}")]
    Disk {
        /// The operation.
        action: StoreAction,
        /// On which file or directory.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The header of a new segment can't be written.
    #[error("failed to begin the segment {path}")]
    Header {
        /// The segment's file.
        path: PathBuf,
        /// The error.
        source: EncodeError,
    },
    /// The content of a small file can't be written down.
    #[error("failed to describe the content of {path}")]
    Content {
        /// The file.
        path: PathBuf,
        /// The error.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl StoreError {
    /// The kind of error that the operating system gave, if it was the one that refused.
    #[must_use]
    pub fn io_kind(&self) -> Option<io::ErrorKind> {
        match self {
            Self::Disk { source, .. } => Some(source.kind()),
            Self::Header { .. } | Self::Content { .. } => None,
        }
    }

    /// The file or directory that it is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Disk { path, .. } | Self::Header { path, .. } | Self::Content { path, .. } => {
                path
            }
        }
    }
}

/// For a disk that is made of another one: its errors are those of a system.
impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Disk { source, .. } => source,
            StoreError::Header { .. } | StoreError::Content { .. } => Self::other(error),
        }
    }
}

impl From<StoreError> for FailureCause {
    fn from(error: StoreError) -> Self {
        let path = error.path().to_owned();
        Self::at(&path, error)
    }
}

impl From<StoreError> for RequestError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.into())
    }
}

/// The error if a session's directory can't be listed: one that isn't there is no session.
pub(crate) fn unknown_if_gone(error: StoreError) -> RequestError {
    match error.io_kind() {
        Some(io::ErrorKind::NotFound) => RequestError::UnknownSession,
        _ => error.into(),
    }
}

impl From<StoreError> for SlotError {
    fn from(error: StoreError) -> Self {
        Self::Disk(error.into())
    }
}

impl From<StoreError> for AttachmentError {
    fn from(error: StoreError) -> Self {
        Self::Disk(error.into())
    }
}

/// An error with everything that caused it, for a log line.
pub fn with_sources(error: &dyn Error) -> String {
    WithSources(error).to_string()
}

/// An operation of the store that can fail.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum StoreAction {
    /// Create a file.
    CreateFile,
    /// Create a directory.
    CreateDirectory,
    /// Append to a file.
    Append,
    /// Open a file.
    Open,
    /// Read a file.
    Read,
    /// Sync a file.
    Sync,
    /// List a directory.
    List,
    /// Replace a small file.
    Replace,
    /// Remove a file.
    RemoveFile,
    /// Remove a directory.
    RemoveDirectory,
    /// Sync a directory.
    SyncDirectory,
    /// Look whether a file is there.
    LookFor,
    /// Lock a file.
    Lock,
}

impl fmt::Display for StoreAction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::CreateFile => "create",
            Self::CreateDirectory => "create the directory",
            Self::Append => "append to",
            Self::Open => "open",
            Self::Read => "read",
            Self::Sync => "sync",
            Self::List => "list",
            Self::Replace => "replace",
            Self::RemoveFile => "remove",
            Self::RemoveDirectory => "remove the directory",
            Self::SyncDirectory => "sync the directory",
            Self::LookFor => "look for",
            Self::Lock => "lock",
        })
    }
}

/// Adds path and action to an I/O error.
pub trait Attempt<T> {
    /// Says what was attempted, on what.
    fn attempt(self, action: StoreAction, path: &Path) -> Result<T, StoreError>;
}

impl<T> Attempt<T> for io::Result<T> {
    fn attempt(self, action: StoreAction, path: &Path) -> Result<T, StoreError> {
        self.map_err(|source| StoreError::Disk { action, path: path.to_owned(), source })
    }
}
