//! Erasures of a profile: for each player who was erased, a small file with the ids of their sessions and slots.
//!
//! It is written durably before the first removal, so that a removal which a power cut interrupts is continued. It stays
//! afterwards, so that a session is removed again that a file cloud or an old copy brings back. The player's name isn't
//! in it. Of it there are 16 bits of a hash: enough to notice a session that became another player's meanwhile, and not
//! enough to find the name, since one in 65,536 names has the same bits. As long as files of the
//! player's answers wait to be removed, the hash is in it that their names begin with.

use std::collections::BTreeSet;
use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::warn;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::error::{Attempt, with_sources};
use super::sealed::{SealKind, seal_for, unseal};
use super::{DirectoryStore, Layout, StoreAction, StoreError};
use crate::model::ids::{SessionId, SlotId, random_u64};
use crate::model::session::{ErasedConsent, consent_stem};

const KIND: SealKind = SealKind { magic: *b"bvyeras\x1a", version: 1 };
/// Half a million sessions and slots have fewer bytes.
const MAX_BYTES: usize = 16 << 20;
/// Erasures of a profile that are kept once they are done. The oldest go.
const MOST_KEPT: usize = if cfg!(test) { 4 } else { 1000 };

/// The erasure of a player.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Erasure {
    /// Its number, which is drawn.
    pub number: u64,
    /// The time at which it was asked for.
    pub asked_at: Timestamp,
    /// Some bits of a hash of the player's name.
    check: u16,
    /// The sessions to be removed.
    pub sessions: Vec<SessionId>,
    /// The sessions to be removed if they say that they are the player's: their files couldn't be reached.
    #[serde(default)]
    pub away: Vec<SessionId>,
    /// A hash of the player's name, as it is in the names of files of answers; `None` once no session is away.
    #[serde(default)]
    pub stem: Option<String>,
    /// The slots to be removed.
    pub slots: Vec<SlotId>,
    /// The answers to be removed about the use of the player's data; `None` once they are.
    #[serde(default)]
    pub consent: Option<ErasedConsent>,
    /// True once nothing was left to be removed.
    pub is_done: bool,
}

impl Erasure {
    /// The erasure of a player that begins now.
    pub fn of(player: &str, asked_at: Timestamp) -> Self {
        let number = random_u64();
        let check = check_of(player, number);
        let (sessions, away, slots) = (Vec::new(), Vec::new(), Vec::new());
        let (stem, consent) = (None, None);
        Self { number, asked_at, check, sessions, away, stem, slots, consent, is_done: false }
    }

    /// Adds the sessions of which nobody can say now whose they are.
    pub fn with_away(self, player: &str, away: Vec<SessionId>) -> Self {
        let stem = (!away.is_empty()).then(|| consent_stem(Some(player)));
        Self { away, stem, ..self }
    }

    /// Nothing is to be found out of a session any more.
    pub fn decide(&mut self, session: SessionId) {
        self.away.retain(|away| *away != session);
        if self.away.is_empty() {
            self.stem = None;
        }
    }

    /// Returns true if this is the player's name, as long as a session is away.
    pub fn is_of(&self, player: &str) -> bool {
        self.stem.as_ref().is_some_and(|stem| *stem == consent_stem(Some(player)))
    }

    /// Returns true if this may be the player's name. Of another player it is one time in 65,536.
    pub fn may_be_of(&self, player: &str) -> bool {
        self.check == check_of(player, self.number)
    }
}

fn check_of(player: &str, number: u64) -> u16 {
    xxh3_64_with_seed(player.as_bytes(), number) as u16
}

/// The erasures of a profile.
#[derive(Clone, Copy, Debug)]
pub struct ErasureFiles<'a> {
    store: &'a DirectoryStore,
}

impl<'a> ErasureFiles<'a> {
    /// The erasures of the store's profile.
    pub fn of(store: &'a DirectoryStore) -> Self {
        Self { store }
    }

    /// The erasures of all profiles, in no order. Profiles that can't be read are left out.
    pub fn read_of_all_profiles(store: &DirectoryStore) -> Vec<Erasure> {
        let profiles = store.profiles().unwrap_or_else(|error| {
            warn!(error = %with_sources(&error), "profiles can't be listed to read their erasures");
            Vec::new()
        });
        let of_profile = |store: &DirectoryStore| {
            ErasureFiles::of(store).read().unwrap_or_else(|error| {
                warn!(error = %with_sources(&error), "erasures can't be read");
                Vec::new()
            })
        };
        profiles.iter().flat_map(of_profile).collect()
    }

    /// All of them, the oldest first. Files that can't be understood are left out: copies of a cloud, or a newer
    /// version's.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the directory can't be listed. That there is none is no error.
    pub fn read(&self) -> Result<Vec<Erasure>, StoreError> {
        let directory = self.store.layout().erasures();
        let entries = match self.store.disk().list(&directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed.attempt(StoreAction::List, &directory)?,
        };
        let mut erasures = Vec::new();
        for entry in entries.iter().filter(|entry| Layout::is_erasure_name(&entry.name)) {
            let path = directory.join(&entry.name);
            let read = self.store.disk().read(&path, MAX_BYTES).attempt(StoreAction::Read, &path);
            match read.map(|bytes| unseal::<Erasure>(KIND, &bytes)) {
                Ok(Ok(erasure)) => erasures.push(erasure),
                Ok(Err(error)) => {
                    warn!(path = %path.display(), ?error, "the file of an erasure is damaged and is ignored");
                }
                Err(error) => {
                    warn!(error = %with_sources(&error), "the file of an erasure can't be read");
                }
            }
        }
        erasures.sort_by_key(|erasure| (erasure.asked_at, erasure.number));
        Ok(erasures)
    }

    /// Writes one, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. What was there before is there then.
    pub fn write(&self, erasure: &Erasure) -> Result<(), StoreError> {
        let layout = self.store.layout();
        let (directory, path) = (layout.erasures(), layout.erasure(erasure.number));
        let bytes = seal_for(&path, KIND, erasure)?;
        self.store.create_directory(&directory)?;
        self.store.disk().replace(&path, &bytes).attempt(StoreAction::Replace, &path)?;
        // The directories may have been made by a process that stopped before it synced them.
        let [data, profiles, profile, _] = layout.directories_to_sessions();
        let above = data.ancestors().skip(1).map(std::path::Path::to_owned).collect::<Vec<_>>();
        self.store.sync_directories(&[directory, profile, profiles, data])?;
        self.store.sync_directories(&above)
    }

    /// Removes the oldest of those that are done, beyond a thousand. Those stay whose sessions a replica may have: their marks
    /// go when they are removed there.
    pub fn trim(&self) {
        let Ok(mut erasures) = self.read() else { return };
        let Ok(state) = self.store.disk().list(&self.store.layout().state) else { return };
        let marked: BTreeSet<SessionId> =
            state.iter().filter_map(|file| Layout::session_of_mark(&file.name)).collect();
        erasures.retain(|erasure| {
            erasure.is_done && !erasure.sessions.iter().any(|session| marked.contains(session))
        });
        let surplus = erasures.len().saturating_sub(MOST_KEPT);
        for erasure in erasures.iter().take(surplus) {
            // One that stays does no harm.
            let _ = self.store.disk().remove(&self.store.layout().erasure(erasure.number));
        }
    }
}
