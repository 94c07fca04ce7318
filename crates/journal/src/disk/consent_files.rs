//! The players' answers about the use of their data: a small file for each player of a profile.
//!
//! Of several files of one player, such as copies that a file cloud made of another machine's, the newest answer to each
//! purpose counts. A file that can't be understood, because it is torn or a newer version wrote it, stays until the player
//! answers again, and is put aside then.

use std::collections::BTreeMap;
use std::io;

use tracing::warn;

use super::error::{Attempt, with_sources};
use super::sealed::{SealKind, seal_for, unseal};
use super::{DirEntry, DirectoryStore, Layout, StoreAction, StoreError};
use crate::model::session::PlayerConsent;

const KIND: SealKind = SealKind { magic: *b"bvycons\x1a", version: 1 };
/// A name and some answers have far fewer bytes.
const MAX_BYTES: usize = 1 << 20;

/// The answers of a profile's players.
#[derive(Clone, Copy, Debug)]
pub struct ConsentFiles<'a> {
    store: &'a DirectoryStore,
}

/// The files that were removed, and their bytes.
#[derive(Clone, Copy, Default, Debug)]
pub struct RemovedConsents {
    /// The number of files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl<'a> ConsentFiles<'a> {
    /// The answers of the players of the store's profile.
    pub fn of(store: &'a DirectoryStore) -> Self {
        Self { store }
    }

    /// The answers of all players that can be read. The others are logged.
    #[must_use]
    pub fn read(&self) -> Vec<PlayerConsent> {
        let entries = self.entries().unwrap_or_else(|error| {
            warn!(error = %with_sources(&error), "players' consent can't be read");
            Vec::new()
        });
        let mut players: BTreeMap<Option<String>, PlayerConsent> = BTreeMap::new();
        // One that was still being written when its process stopped was never acknowledged.
        let is_unfinished = |entry: &DirEntry| Layout::place_of_unfinished(&entry.name).is_some();
        for entry in entries.iter().filter(|entry| !is_unfinished(entry)) {
            let read = self.read_file(&entry.name).unwrap_or_else(|error| {
                warn!(error = %with_sources(&error), "a player's consent can't be read");
                None
            });
            let Some(read) = read else { continue };
            match players.get_mut(&read.player) {
                Some(known) => known.merge(read),
                None => drop(players.insert(read.player.clone(), read)),
            }
        }
        players.into_values().collect()
    }

    /// The answers of one player; `None` if there are none that can be read.
    #[must_use]
    pub fn of_player(&self, player: &str) -> Option<PlayerConsent> {
        self.read().into_iter().find(|consent| consent.player.as_deref() == Some(player))
    }

    /// Returns true if there is a file of a player, even one that can't be understood.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the files can't be listed now.
    pub fn has(&self, player: &str) -> Result<bool, StoreError> {
        let is_named = |entry: &DirEntry| Layout::is_consent_of(&entry.name, Some(player));
        Ok(self.entries()?.iter().any(is_named) || self.of_player(player).is_some())
    }

    /// Writes the answers of a player, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. The file is as it was then.
    pub fn write(&self, consent: &PlayerConsent) -> Result<(), StoreError> {
        let layout = self.store.layout();
        let player = consent.player.as_deref();
        let (directory, path) = (layout.consents(), layout.consent(player));
        self.store.create_directory(&directory)?;
        self.put_aside(player)?;
        let bytes = seal_for(&path, KIND, consent)?;
        self.store.disk().replace(&path, &bytes).attempt(StoreAction::Replace, &path)?;
        // The directories may have been made by a process that stopped before it synced them.
        let [data, profiles, profile, _] = layout.directories_to_sessions();
        self.store.sync_directories(&[directory, profile, profiles, data])
    }

    /// Copies a file that can't be understood, so that the player's new answers don't overwrite it.
    fn put_aside(&self, player: Option<&str>) -> Result<(), StoreError> {
        let path = self.store.layout().consent(player);
        let bytes = match self.store.disk().read(&path, MAX_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            read => read.attempt(StoreAction::Read, &path)?,
        };
        if unseal::<PlayerConsent>(KIND, &bytes).is_ok() {
            return Ok(());
        }
        let aside = self.store.layout().consent_aside(player);
        self.store.disk().replace(&aside, &bytes).attempt(StoreAction::Replace, &aside)
    }

    /// Removes the files of the players who are meant, durably. Where the name of the player is known, also those that
    /// can't be understood.
    ///
    /// # Errors
    ///
    /// [`StoreError`] at the first that can't be read now, or not be removed.
    pub fn remove(
        &self,
        player: Option<&str>,
        is_meant: impl Fn(&PlayerConsent) -> bool,
    ) -> Result<RemovedConsents, StoreError> {
        let directory = self.store.layout().consents();
        let mut removed = RemovedConsents::default();
        for entry in self.entries()? {
            let is_theirs = match self.read_file(&entry.name)? {
                Some(consent) => is_meant(&consent),
                None => player.is_some() && Layout::is_consent_of(&entry.name, player),
            };
            if is_theirs {
                let path = directory.join(&entry.name);
                self.store.disk().remove(&path).attempt(StoreAction::RemoveFile, &path)?;
                removed.files += 1;
                removed.bytes += entry.len;
            }
        }
        if removed.files > 0 {
            self.store.sync_directories(&[directory])?;
        }
        Ok(removed)
    }

    /// The files of answers, also those that are being written, or that made way for one.
    fn entries(&self) -> Result<Vec<DirEntry>, StoreError> {
        let directory = self.store.layout().consents();
        let listed = match self.store.disk().list(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed.attempt(StoreAction::List, &directory)?,
        };
        let is_one = |entry: &DirEntry| {
            let place = Layout::place_of_unfinished(&entry.name);
            let place = place.or_else(|| Layout::place_of_aside(&entry.name));
            entry.is_file && Layout::is_consent_name(place.unwrap_or(&entry.name))
        };
        Ok(listed.into_iter().filter(is_one).collect())
    }

    /// The answers in a file; `None` if they can't be understood, which is logged, or if there is no such file any more.
    fn read_file(&self, name: &str) -> Result<Option<PlayerConsent>, StoreError> {
        let path = self.store.layout().consents().join(name);
        let bytes = match self.store.disk().read(&path, MAX_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.attempt(StoreAction::Read, &path)?,
        };
        let read = unseal::<PlayerConsent>(KIND, &bytes);
        if let Err(error) = &read {
            warn!(path = %path.display(), ?error, "a player's consent can't be understood");
        }
        Ok(read.ok())
    }
}

#[cfg(test)]
mod tests;
