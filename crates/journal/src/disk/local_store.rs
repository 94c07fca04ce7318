//! The store, as this machine sees it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::host::{host_id_is_missing, store_host_id};
use super::{DirectoryStore, Disk, HostId, HostIdOrigin, Layout, boot_id};
use crate::model::ids::SessionId;

/// The store, and who this machine is. Made once, before the first frame.
#[derive(Debug)]
pub struct LocalStore {
    /// The store of everything.
    pub store: DirectoryStore,
    /// This machine's id.
    pub host: HostId,
    /// This machine's boot.
    pub boot: String,
    /// The disk of the files that a player names, which are outside of the store: reports.
    pub outside: Arc<dyn Disk>,
    /// The sessions that this process owns beyond this machine.
    pub claimed: ClaimedSessions,
    /// The place for the files of archived sessions, if the game names one.
    pub archives: Option<Archives>,
}

/// A place for the files of archived sessions.
#[derive(Clone, Debug)]
pub struct Archives {
    /// The disk below the one that makes one directory of the two, and below one that notes what is to be sent: a file that
    /// is moved is no change of its session.
    pub disk: Arc<dyn Disk>,
    /// The directory.
    pub root: PathBuf,
}

/// Sessions that this process owns beyond this machine, in a replica: no other machine plays one of them any more.
/// Clones share them.
#[derive(Clone, Debug, Default)]
pub struct ClaimedSessions {
    sessions: Arc<Mutex<BTreeSet<SessionId>>>,
}

impl ClaimedSessions {
    /// This process owns a session from now on.
    pub fn add(&self, session: SessionId) {
        self.lock().insert(session);
    }

    /// It owns it no more.
    pub fn remove(&self, session: SessionId) {
        self.lock().remove(&session);
    }

    /// Returns true if it owns a session.
    #[must_use]
    pub fn has(&self, session: SessionId) -> bool {
        self.lock().contains(&session)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<SessionId>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LocalStore {
    /// Looks up who this machine is.
    pub fn new(disk: Arc<dyn Disk>, layout: Layout) -> Self {
        let outside = Arc::clone(&disk);
        let store = DirectoryStore::new(disk, layout);
        let host = store.host_id();
        let claimed = ClaimedSessions::default();
        Self { store, host, boot: boot_id(), outside, claimed, archives: None }
    }

    /// With a place for the files of archived sessions.
    #[must_use]
    pub fn with_archives(self, archives: Option<Archives>) -> Self {
        Self { archives, ..self }
    }

    /// With files that a player names on another disk than the store.
    #[must_use]
    pub fn with_outside(self, outside: Arc<dyn Disk>) -> Self {
        Self { outside, ..self }
    }

    /// The same machine and disk, with the sessions of another profile.
    #[must_use]
    pub fn of_profile(&self, profile: &str) -> Self {
        let layout = Layout { profile: profile.to_owned(), ..self.store.layout().clone() };
        let store = self.store.with_layout(layout);
        let outside = Arc::clone(&self.outside);
        let (claimed, archives) = (self.claimed.clone(), self.archives.clone());
        Self { store, host: self.host, boot: self.boot.clone(), outside, claimed, archives }
    }

    /// Makes the state directory again after it vanished, with the host id that this machine has had,
    /// so that its own runs aren't taken for another machine's.
    pub fn restore_state(&self) {
        let created = self.store.create_state_directory().is_ok();
        if created && host_id_is_missing(&**self.store.disk(), self.store.layout()) {
            store_host_id(&**self.store.disk(), self.store.layout(), self.host.id);
        }
    }

    /// Returns true if data by `host` was surely written on another machine. If this machine's id was lost, nothing
    /// was, so that no crash is overlooked.
    pub fn is_elsewhere(&self, host: u64) -> bool {
        let HostId { id, other, origin } = self.host;
        origin == HostIdOrigin::Known && host != id && Some(host) != other
    }
}
