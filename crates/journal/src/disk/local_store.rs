//! The store, as this machine sees it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::host::{host_id_is_missing, store_host_id};
use super::{
    ArchiveDisk, DirectoryStore, Disk, HostId, HostIdOrigin, Layout, Relocation, StoreError,
    boot_id,
};
use crate::model::ids::SessionId;
use crate::model::session::ArchivePlaceError;

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
    /// The disk of the store, if archives may be in a place of their own.
    pub archives: Option<Arc<ArchiveDisk>>,
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
        let (claimed, archives) = (ClaimedSessions::default(), None);
        Self { store, host, boot: boot_id(), outside, claimed, archives }
    }

    /// With archives in a place of their own, by what the disk of the store is or is around.
    #[must_use]
    pub fn with_archives(self, archives: Option<Arc<ArchiveDisk>>) -> Self {
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

    /// Returns true if a session is at home in a place of archives.
    #[must_use]
    pub fn is_away(&self, session: SessionId) -> bool {
        let archives = self.archives.as_ref();
        archives.is_some_and(|archives| archives.is_away(&self.store.layout().session(session)))
    }

    /// Refuses to archive, if there is a place for that which can't be used now.
    ///
    /// # Errors
    ///
    /// [`ArchivePlaceError`].
    pub fn refuse_to_archive(&self) -> Result<(), ArchivePlaceError> {
        self.archives.as_ref().map_or(Ok(()), |archives| archives.current().map(drop))
    }

    /// Refuses what must reach all archives, if one of their places isn't there.
    ///
    /// # Errors
    ///
    /// [`ArchivePlaceError`].
    pub fn refuse_without_archives(&self) -> Result<(), ArchivePlaceError> {
        self.archives.as_ref().map_or(Ok(()), |archives| archives.refuse_if_missing())
    }

    /// Begins to move a session to the place of archives; `None` if there is none, or it is there. Its lock is held.
    ///
    /// # Errors
    ///
    /// [`ArchivePlaceError`].
    pub fn to_archive(&self, session: SessionId) -> Result<Option<Relocation>, ArchivePlaceError> {
        let Some(archives) = &self.archives else { return Ok(None) };
        archives.to_archive(&self.store.layout().session(session))
    }

    /// Moves a session out of a place of archives, to where it can be played. Returns true if it was there. Its lock is
    /// held.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Then it is whole where it was.
    pub fn bring_home(&self, session: SessionId) -> Result<bool, StoreError> {
        let Some(archives) = &self.archives else { return Ok(false) };
        archives.bring_home(&self.store.layout().session(session))
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
