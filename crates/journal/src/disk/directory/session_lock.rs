//! The right to write a session.

use std::path::PathBuf;

use super::DirectoryStore;
use crate::disk::error::Attempt;
use crate::disk::{Lock, StoreAction, StoreError};
use crate::model::ids::SessionId;

/// The right to write a session, for as long as this lives.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct SessionLock {
    lock: Box<dyn Lock>,
    path: PathBuf,
}

impl SessionLock {
    /// Returns true if no other process can have taken it. One can once the file of the lock was deleted.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if that can't be known.
    pub fn is_held(&self) -> Result<bool, StoreError> {
        self.lock.is_held().attempt(StoreAction::LookFor, &self.path)
    }
}

impl DirectoryStore {
    /// Takes the right to write a session; `None` if another process has it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Its [`io_kind`](StoreError::io_kind) is [`io::ErrorKind::Unsupported`] where
    /// the file system has no locks: then there is no knowing, and the player has to be asked.
    pub fn lock_session(&self, session: SessionId) -> Result<Option<SessionLock>, StoreError> {
        self.create_state_directory()?;
        let path = self.layout.lock(session);
        let lock = self.disk.try_lock(&path).attempt(StoreAction::Lock, &path)?;
        Ok(lock.map(|lock| SessionLock { lock, path }))
    }

    /// Returns true if some process has the right to write a session, this one included.
    ///
    /// # Errors
    ///
    /// As [`Self::lock_session`].
    pub fn is_session_locked(&self, session: SessionId) -> Result<bool, StoreError> {
        let path = self.layout.lock(session);
        self.disk.is_locked(&path).attempt(StoreAction::Lock, &path)
    }
}
