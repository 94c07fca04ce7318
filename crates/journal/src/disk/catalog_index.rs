//! The index of all sessions, in one file: so that the next start needn't read them again.
//!
//! It belongs to this machine and may be lost at any time. Nothing is restored or removed by what it says.

use std::collections::HashSet;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::Attempt;
use super::sealed::{SealKind, seal_for, unseal};
use super::{DirectoryStore, Layout, StoreAction, StoreError};
use crate::model::ids::SessionId;

const KIND: SealKind = SealKind { magic: *b"bvyindx\x1a", version: 1 };
/// The file of digests: the same form, with values that a program keeps of each session.
const DIGESTS: SealKind = SealKind { magic: *b"bvydgst\x1a", version: 1 };
/// A hundred thousand sessions have about as many bytes.
const MAX_BYTES: usize = 256 << 20;

/// The entries of all sessions.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct CatalogIndex {
    /// The build that wrote it.
    pub build: IndexBuild,
    /// The time, by the machine's clock.
    pub written: Timestamp,
    /// One for each session that was left in good order.
    pub sessions: Vec<IndexedSession>,
}

/// The properties that must be the same for the file to be of any use.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IndexBuild {
    /// Version of the file. Anything but this very one counts as none.
    pub format: u16,
    /// Version of this library, whose reading of a session may change.
    pub library: String,
    /// The machine.
    pub host: u64,
    /// Version of the game.
    pub game: String,
    /// The types that it knows, with their past.
    pub types: u64,
}

impl IndexBuild {
    /// The properties of files that this build writes.
    pub fn current(host: u64, game: String, types: u64) -> Self {
        let library = env!("CARGO_PKG_VERSION").to_owned();
        Self { format: KIND.version, library, host, game, types }
    }
}

/// One session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IndexedSession {
    /// The session.
    pub id: SessionId,
    /// The stamp of its files when it was looked at.
    pub stamp: u64,
    /// The entry, encoded.
    #[serde(with = "crate::model::session::bytes")]
    pub entry: Vec<u8>,
}

/// The files of what is known of all sessions of a profile.
#[derive(Clone, Copy, Debug)]
pub struct IndexFiles<'a> {
    store: &'a DirectoryStore,
}

impl DirectoryStore {
    /// The files of what is known of all sessions.
    pub fn index(&self) -> IndexFiles<'_> {
        IndexFiles { store: self }
    }
}

impl IndexFiles<'_> {
    /// The index of the profile. `Ok(None)` if there is none; an error of any kind means that it is to be
    /// written again.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it can't be read, or isn't what was written.
    pub fn read(&self) -> Result<Option<CatalogIndex>, StoreError> {
        self.read_sealed(KIND, &self.store.layout().catalog_index())
    }

    /// Reads the digests under a name, in the form of the index: an entry is a digest there, and the number of known
    /// types is that of the digester. `Ok(None)` if there is none; an error of any kind means that it is to be made
    /// again.
    ///
    /// # Errors
    ///
    /// As [`Self::read`].
    pub fn read_digests(&self, name: &str) -> Result<Option<CatalogIndex>, StoreError> {
        self.read_sealed(DIGESTS, &self.store.layout().digests(name))
    }

    /// Writes what a program keeps of each session under a name, as [`Self::write`] does.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn write_digests(&self, name: &str, digests: &CatalogIndex) -> Result<(), StoreError> {
        self.write_sealed(DIGESTS, &self.store.layout().digests(name), digests)
    }

    /// Removes what a program keeps of each session under a name.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. That there is none is no error.
    pub fn remove_digests(&self, name: &str) -> Result<(), StoreError> {
        let path = self.store.layout().digests(name);
        match self.store.disk().remove(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.attempt(StoreAction::RemoveFile, &path),
        }
    }

    fn read_sealed(&self, kind: SealKind, path: &Path) -> Result<Option<CatalogIndex>, StoreError> {
        let bytes = match self.store.disk().read(path, MAX_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.attempt(StoreAction::Open, path)?,
        };
        let damaged = |_| io::Error::from(io::ErrorKind::InvalidData);
        unseal(kind, &bytes).map_err(damaged).attempt(StoreAction::Open, path).map(Some)
    }

    /// Writes the index, in the place of the one before. Without a sync: after a power cut it may be
    /// damaged, which is noticed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn write(&self, index: &CatalogIndex) -> Result<(), StoreError> {
        self.write_sealed(KIND, &self.store.layout().catalog_index(), index)
    }

    fn write_sealed(
        &self,
        kind: SealKind,
        path: &Path,
        index: &CatalogIndex,
    ) -> Result<(), StoreError> {
        let bytes = seal_for(path, kind, index)?;
        self.store.create_state_directory()?;
        self.store.disk().replace_unsynced(path, &bytes).attempt(StoreAction::Replace, path)
    }

    /// The sessions of which a restore has not proven itself yet. That is no part of their directories.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the state directory can't be listed.
    pub fn sessions_on_trial(&self) -> Result<HashSet<SessionId>, StoreError> {
        let state = &self.store.layout().state;
        let entries = self.store.disk().list(state).attempt(StoreAction::List, state)?;
        Ok(entries.iter().filter_map(|entry| Layout::session_on_trial(&entry.name)).collect())
    }
}
