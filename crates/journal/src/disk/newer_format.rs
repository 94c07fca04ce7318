//! Files of a newer release are read as far as they can be, and never changed: a program that writes them again without
//! knowing all of their content drops the rest.

use std::path::{Path, PathBuf};

use super::{DirectoryStore, StoreError, StoredSession, unknown_if_gone};
use crate::format::SegmentHeader;
use crate::model::ids::SessionId;
use crate::model::session::{RequestError, SlotError, WrittenBy};

/// The error of opening something in order to change it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It can't be opened at all.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Only a newer release may change it.
    #[error("{path} has {written_by}, which only a newer release may change")]
    NewerFormat {
        /// The file, or the session's directory.
        path: PathBuf,
        /// The version that wrote it.
        written_by: WrittenBy,
    },
}

impl DirectoryStore {
    /// Opens a session that something is to be written to, or removed from.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open_session_to_change(&self, session: SessionId) -> Result<StoredSession, OpenError> {
        changeable(self.open_session(session)?)
    }

    /// Opens a slot that is to be loaded, or written again.
    ///
    /// # Errors
    ///
    /// [`OpenError::NewerFormat`].
    pub fn open_slot_to_change(
        &self,
        path: &Path,
        header: &SegmentHeader,
    ) -> Result<StoredSession, OpenError> {
        changeable_file(self.slots().open(path, header), path)
    }
}

/// A session that was opened, if something may be written to it, or removed from it.
///
/// # Errors
///
/// [`OpenError::NewerFormat`].
pub(crate) fn changeable(stored: StoredSession) -> Result<StoredSession, OpenError> {
    let directory = stored.directory().to_owned();
    changeable_file(stored, &directory)
}

fn changeable_file(stored: StoredSession, path: &Path) -> Result<StoredSession, OpenError> {
    match stored.newer_format() {
        None => Ok(stored),
        Some(written_by) => {
            Err(OpenError::NewerFormat { path: path.to_owned(), written_by: written_by.clone() })
        }
    }
}

impl From<OpenError> for RequestError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NewerFormat { written_by, .. } => Self::NewerFormat(written_by),
            OpenError::Store(error) => unknown_if_gone(error),
        }
    }
}

impl From<OpenError> for SlotError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NewerFormat { path, written_by } => Self::NewerFormat { path, written_by },
            OpenError::Store(error) => error.into(),
        }
    }
}
