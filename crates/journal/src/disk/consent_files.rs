//! The players' answers about the use of their data: a small file for each player of a profile.
//!
//! Of several files of one player, such as copies that a file cloud made of another machine's, the newest answer to each
//! purpose counts. A file that can't be understood, because it is torn or a newer version wrote it, stays until the player
//! answers again, and is put aside then.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tracing::warn;
use xxhash_rust::xxh3::xxh3_64;

use super::audit_file::{AuditFile, AuditLock};
use super::error::{Attempt, with_sources};
use super::layout::CONSENT_EXTENSION;
use super::sealed::{SealKind, seal_for, unseal};
use super::{DirEntry, DirectoryStore, Disk, Layout, StoreAction, StoreError};
use crate::model::ids::random_u64;
use crate::model::session::{
    CONSENT_STEM_LETTERS, ErasedConsent, KeptConsents, PlayerConsent, consent_stem,
};

/// What is in a file; `None` if it can't be understood.
type Read = Result<Option<PlayerConsent>, StoreError>;

const KIND: SealKind = SealKind { magic: *b"bvycons\x1a", version: 1 };
/// A name and some answers have far fewer bytes.
const MAX_BYTES: usize = 1 << 20;

/// The answers of a profile's players.
#[derive(Clone, Debug)]
pub struct ConsentFiles<'a> {
    store: &'a DirectoryStore,
    directory: PathBuf,
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
        Self { store, directory: store.layout().consents() }
    }

    /// The answers of the players of the profile whose sessions are in this directory, by which their data may be used.
    pub fn read_beside(disk: Arc<dyn Disk>, sessions: &Path) -> KeptConsents {
        let (data, state) = (sessions.to_owned(), sessions.to_owned());
        let store = DirectoryStore::new(disk, Layout { data, state, profile: String::new() });
        ConsentFiles::beside(&store, &sessions.join("session")).read_for_use()
    }

    /// The answers of the players of the profile that a session is in, to be read.
    pub fn beside(store: &'a DirectoryStore, session: &Path) -> Self {
        Self { store, directory: Layout::consents_beside(session) }
    }

    /// The answers of the players of each profile, by which their data may be used; `None` if the profiles can't be listed.
    pub fn read_of_all_profiles(store: &DirectoryStore) -> Option<Vec<KeptConsents>> {
        match store.profiles() {
            Ok(profiles) => {
                Some(profiles.iter().map(|store| ConsentFiles::of(store).read_for_use()).collect())
            }
            Err(error) => {
                warn!(error = %with_sources(&error), "profiles can't be listed to read their players' consent");
                None
            }
        }
    }

    /// The answers of all players that can be read. The others are logged.
    #[must_use]
    pub fn read(&self) -> Vec<PlayerConsent> {
        self.read_all().0.into_values().collect()
    }

    /// The answers by which the data of players may be used. What a player agreed to doesn't count while another file of
    /// theirs can't be read or understood: it may be newer, and say otherwise.
    #[must_use]
    pub fn read_for_use(&self) -> KeptConsents {
        let (mut players, unread) = self.read_all();
        let Some(unread) = unread else {
            return KeptConsents { players: Vec::new(), is_complete: false };
        };
        for (player, consent) in &mut players {
            if unread.contains(&consent_stem(player.as_deref())) {
                consent.answers.retain(|_, answer| !answer.is_given);
            }
        }
        KeptConsents { players: players.into_values().collect(), is_complete: unread.is_empty() }
    }

    /// The answers of all players that can be read, and the beginnings of the names of the files that can't; `None` if they
    /// can't be listed.
    fn read_all(&self) -> (BTreeMap<Option<String>, PlayerConsent>, Option<BTreeSet<String>>) {
        let mut players: BTreeMap<Option<String>, PlayerConsent> = BTreeMap::new();
        let entries = match self.entries() {
            Ok(entries) => entries,
            Err(error) => {
                warn!(error = %with_sources(&error), "players' consent can't be read");
                return (players, None);
            }
        };
        let (mut unread, mut understood) = (Vec::new(), BTreeSet::new());
        // One that was still being written when its process stopped was never acknowledged.
        let is_unfinished = |entry: &DirEntry| Layout::place_of_unfinished(&entry.name).is_some();
        for DirEntry { name, .. } in entries.into_iter().filter(|entry| !is_unfinished(entry)) {
            let read = self.read_file(&name).unwrap_or_else(|error| {
                warn!(error = %with_sources(&error), "a player's consent can't be read");
                None
            });
            let Some(read) = read else {
                unread.push(name);
                continue;
            };
            understood.insert(name);
            match players.get_mut(&read.player) {
                Some(known) => known.merge(read),
                None => drop(players.insert(read.player.clone(), read)),
            }
        }
        // What was put aside is older than the answer for whose sake it was.
        let is_replaced =
            |name: &String| own_file_of(name).is_some_and(|newer| understood.contains(&newer));
        let unread = unread.into_iter().filter(|name| !is_replaced(name));
        let stem = |name: String| name.get(..CONSENT_STEM_LETTERS).unwrap_or(&name).to_owned();
        (players, Some(unread.map(stem).collect()))
    }

    /// The answers of one player; `None` if there are none that can be read.
    #[must_use]
    pub fn of_player(&self, player: &str) -> Option<PlayerConsent> {
        self.read().into_iter().find(|consent| consent.player.as_deref() == Some(player))
    }

    /// Returns true if there is a file of a player, even one that can't be understood or read now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the files can't be listed now.
    pub fn has(&self, player: &str) -> Result<bool, StoreError> {
        Ok(!self.files_of(&consent_stem(Some(player)))?.is_empty())
    }

    /// Adds answers of a player to those that are kept, durably: of two to one purpose the newer one stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. The file is as it was then.
    pub fn write(&self, answers: &PlayerConsent) -> Result<(), StoreError> {
        let _lock = self.lock()?;
        self.write_beside_others(answers)
    }

    /// The same while another process may write as well: there is no time to wait for it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. The file is as it was then.
    pub fn write_beside_others(&self, answers: &PlayerConsent) -> Result<(), StoreError> {
        let layout = self.store.layout();
        let player = answers.player.as_deref();
        let (directory, path) = (layout.consents(), layout.consent(player));
        self.store.create_directory(&directory)?;
        let mut consent = answers.clone();
        if let Some(known) = self.read_or_put_aside(player)? {
            consent.merge(known);
        }
        let bytes = seal_for(&path, KIND, &consent)?;
        self.store.disk().replace(&path, &bytes).attempt(StoreAction::Replace, &path)?;
        // The directories may have been made by a process that stopped before it synced them.
        let [data, profiles, profile, _] = layout.directories_to_sessions();
        self.store.sync_directories(&[directory, profile, profiles, data])
    }

    /// The answers in the player's own file. One that can't be understood, or in which another player's are, gets another
    /// name, so that new answers don't overwrite it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the file can't be read now: nothing is known of it, so it isn't to be replaced.
    fn read_or_put_aside(&self, player: Option<&str>) -> Result<Option<PlayerConsent>, StoreError> {
        let (layout, disk) = (self.store.layout(), self.store.disk());
        let path = layout.consent(player);
        let bytes = match disk.read(&path, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                let aside = layout.consent_aside(player, random_u64());
                disk.put_in_place(&path, &aside).attempt(StoreAction::Replace, &aside)?;
                return Ok(None);
            }
            Err(error) => return Err(error).attempt(StoreAction::Read, &path),
        };
        let read = unseal::<PlayerConsent>(KIND, &bytes).ok();
        if let Some(read) = read.filter(|read| read.player.as_deref() == player) {
            return Ok(Some(read));
        }
        // Named after its content: where the disk refuses the new answers again and again, it is copied once.
        let aside = layout.consent_aside(player, xxh3_64(&bytes));
        if disk.open(&aside).is_err() {
            disk.replace(&aside, &bytes).attempt(StoreAction::Replace, &aside)?;
        }
        Ok(None)
    }

    /// What an erasure of a player removes of the answers: all up to now, and those of a clock that was ahead. `None` if
    /// there is no file of the player.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the files can't be listed now.
    pub fn to_be_erased(
        &self,
        player: &str,
        asked_at: Timestamp,
    ) -> Result<Option<ErasedConsent>, StoreError> {
        let stem = consent_stem(Some(player));
        let files = self.files_of(&stem)?;
        if files.is_empty() {
            return Ok(None);
        }
        let answered_at = files.into_iter().filter_map(|(_, read)| read.ok()??.answered_at()).max();
        let until = answered_at.map_or(asked_at, |at| at.max(asked_at));
        Ok(Some(ErasedConsent { stem, until }))
    }

    /// Removes what an erasure names of the answers of a player, durably: those that can't be understood too, and none that
    /// was given later. What can't be read or removed stays, and nothing else for its sake.
    ///
    /// # Errors
    ///
    /// The first [`StoreError`], if something stays.
    pub fn remove(&self, erased: &ErasedConsent) -> Result<RemovedConsents, StoreError> {
        let directory = &self.directory;
        let (mut removed, mut refused) = (RemovedConsents::default(), None);
        let _lock = self.lock()?;
        for (entry, read) in self.files_of(&erased.stem)? {
            match read.and_then(|read| self.remove_from(&directory.join(&entry.name), read, erased))
            {
                Ok(true) => {
                    removed.files += 1;
                    removed.bytes += entry.len;
                }
                Ok(false) => {}
                Err(error) => drop(refused.get_or_insert(error)),
            }
        }
        // Also what an earlier try has removed.
        match self.store.sync_directories(std::slice::from_ref(directory)) {
            Err(error) if error.io_kind() != Some(io::ErrorKind::NotFound) => return Err(error),
            _ => {}
        }
        refused.map_or(Ok(removed), Err)
    }

    /// Removes a file, or some of its answers. Returns true if it was the file.
    fn remove_from(
        &self,
        path: &Path,
        read: Option<PlayerConsent>,
        erased: &ErasedConsent,
    ) -> Result<bool, StoreError> {
        let disk = self.store.disk();
        if let Some(mut later) = read {
            let before = later.answers.len();
            later.answers.retain(|_, answer| answer.at.is_some_and(|at| at > erased.until));
            if !later.answers.is_empty() {
                if later.answers.len() < before {
                    let bytes = seal_for(path, KIND, &later)?;
                    disk.replace(path, &bytes).attempt(StoreAction::Replace, path)?;
                }
                return Ok(false);
            }
        }
        disk.remove(path).attempt(StoreAction::RemoveFile, path)?;
        Ok(true)
    }

    /// The files of the player of whose own file the name begins with this, with what is in them: `None` can't be
    /// understood. A copy that somebody made may have any name.
    fn files_of(&self, stem: &str) -> Result<Vec<(DirEntry, Read)>, StoreError> {
        let files = self.entries()?.into_iter().map(|entry| {
            let read = self.read_file(&entry.name);
            (entry, read)
        });
        let is_theirs = |(entry, read): &(DirEntry, Read)| match read {
            Ok(Some(read)) => consent_stem(read.player.as_deref()) == stem,
            _ => entry.name.starts_with(stem),
        };
        Ok(files.filter(is_theirs).collect())
    }

    /// Keeps another process from writing answers meanwhile. The lock of the audit log serves for this as well: both are
    /// held for moments. Where there are no locks, two processes may write at once.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if another process has it now.
    fn lock(&self) -> Result<Option<AuditLock>, StoreError> {
        match AuditFile::of(self.store).lock() {
            Ok(None) => {
                let busy = Err(io::ErrorKind::ResourceBusy.into());
                busy.attempt(StoreAction::Lock, &self.store.layout().audit_lock())
            }
            Ok(lock) => Ok(lock),
            Err(_) => Ok(None),
        }
    }

    /// The files of answers, also those that are being written, or that made way for one.
    fn entries(&self) -> Result<Vec<DirEntry>, StoreError> {
        let directory = &self.directory;
        let listed = match self.store.disk().list(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed.attempt(StoreAction::List, directory)?,
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
        let path = self.directory.join(name);
        let bytes = match self.store.disk().read(&path, MAX_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                warn!(path = %path.display(), "a consent file is too large and is ignored");
                return Ok(None);
            }
            read => read.attempt(StoreAction::Read, &path)?,
        };
        let read = unseal::<PlayerConsent>(KIND, &bytes);
        if let Err(error) = &read {
            warn!(path = %path.display(), ?error, "a consent file is damaged and is ignored");
        }
        Ok(read.ok())
    }
}

/// The name of the player's own file, of one that was put aside for it; `None` if it wasn't.
fn own_file_of(aside: &str) -> Option<String> {
    let (stem, number) =
        aside.strip_suffix(CONSENT_EXTENSION)?.strip_suffix('.')?.split_once('-')?;
    let is_number = number.len() == 16 && number.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number.then(|| format!("{stem}.{CONSENT_EXTENSION}"))
}

#[cfg(test)]
mod tests;
