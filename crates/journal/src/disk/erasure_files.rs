//! Players who are being erased: a small file for each, from before the first removal until after the last, so that a
//! power cut in between doesn't leave half of a player behind.

use std::io;

use serde::{Deserialize, Serialize};

use super::error::Attempt;
use super::sealed::{SealKind, seal_for, unseal};
use super::{DirectoryStore, StoreAction, StoreError};
use crate::model::session::AuditActor;

const KIND: SealKind = SealKind { magic: *b"bvyeras\x1a", version: 1 };
/// The largest file that is read.
const MOST_BYTES: usize = 64 << 10;

/// A player who is being erased.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Erasure {
    /// Its number, by which its receipt is known.
    pub number: u64,
    /// The player, whose id stands nowhere else once this file is the last.
    pub player: String,
    /// Who asked for it.
    pub by: AuditActor,
}

impl DirectoryStore {
    /// The players of the profile who are being erased. Damaged files are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the state directory can't be listed.
    pub fn erasures(&self) -> Result<Vec<Erasure>, StoreError> {
        let state = &self.layout().state;
        let entries = match self.disk().list(state) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed.attempt(StoreAction::List, state)?,
        };
        let own = entries.iter().filter(|it| it.is_file && self.layout().is_erasure_name(&it.name));
        let read = |name: &str| {
            let bytes = self.disk().read(&state.join(name), MOST_BYTES).ok()?;
            unseal(KIND, &bytes).ok()
        };
        Ok(own.filter_map(|entry| read(&entry.name)).collect())
    }

    /// Writes down that a player is being erased, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn begin_erasure(&self, erasure: &Erasure) -> Result<(), StoreError> {
        self.create_state_directory()?;
        let path = self.layout().erasure(erasure.number);
        let bytes = seal_for(&path, KIND, erasure)?;
        self.disk().replace(&path, &bytes).attempt(StoreAction::Replace, &path)?;
        self.sync_directories(std::slice::from_ref(&self.layout().state))
    }

    /// Nothing of the player is left: neither is this, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn end_erasure(&self, number: u64) -> Result<(), StoreError> {
        // What is gone from the state directory is to be gone before what says that it has to go.
        self.sync_directories(std::slice::from_ref(&self.layout().state))?;
        let path = self.layout().erasure(number);
        match self.disk().remove(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed.attempt(StoreAction::RemoveFile, &path)?,
        }
        self.sync_directories(std::slice::from_ref(&self.layout().state))
    }
}
