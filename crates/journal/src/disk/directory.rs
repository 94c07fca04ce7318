//! The store as a directory of sessions on a [`Disk`].

mod directories;
mod removal;
mod segments;
mod session_lock;

#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use xxhash_rust::xxh3::Xxh3;

use super::error::Attempt;
use super::{DirEntry, Disk, Layout, SessionOpening, StoreAction, StoreError, StoredSession};
use crate::model::ids::SessionId;

pub(super) use directories::create_directory;
pub use directories::sync_directory;
pub use segments::CreatedSegment;
pub use session_lock::SessionLock;

/// The store of all sessions of a profile.
///
/// Cheap to clone. Reading and writing need no coordination with each other; two writers of one
/// session are kept apart by [`Self::lock_session`].
#[derive(Clone, Debug)]
pub struct DirectoryStore {
    disk: Arc<dyn Disk>,
    layout: Layout,
    /// True if the file system has refused to sync one of the game's directories.
    refuses_directory_syncs: Arc<AtomicBool>,
}

impl DirectoryStore {
    /// A store on a disk. Nothing is read or created yet.
    pub fn new(disk: Arc<dyn Disk>, layout: Layout) -> Self {
        Self { disk, layout, refuses_directory_syncs: Arc::default() }
    }

    /// The same disk with files elsewhere.
    #[must_use]
    pub fn with_layout(&self, layout: Layout) -> Self {
        Self { layout, ..self.clone() }
    }

    /// The places of the files.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The disk below.
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.disk
    }

    /// The sessions that have a directory, the oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. That there is no directory yet is none: there are no sessions then.
    pub fn sessions(&self) -> Result<Vec<SessionId>, StoreError> {
        let names = self.directories_in(&self.layout.sessions())?;
        let mut sessions: Vec<SessionId> =
            names.into_iter().filter_map(|name| name.parse().ok()).collect();
        sessions.sort();
        Ok(sessions)
    }

    /// The sessions of all profiles.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn sessions_of_all_profiles(&self) -> Result<Vec<SessionId>, StoreError> {
        let mut sessions = Vec::new();
        for profile in self.profiles()? {
            sessions.extend(profile.sessions()?);
        }
        Ok(sessions)
    }

    /// The stores of all profiles, on the same disk.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if they can't be listed.
    pub fn profiles(&self) -> Result<Vec<Self>, StoreError> {
        let Layout { data, state, .. } = &self.layout;
        let of = |profile: &String| Layout::by_directory(data.clone(), state.clone(), profile);
        let profiles = self.directories_in(&self.layout.profiles())?;
        Ok(profiles.iter().map(|profile| self.with_layout(of(profile))).collect())
    }

    /// A number that changes when anything in a session's directory does.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the session's directory can't be listed.
    pub fn session_stamp(&self, session: SessionId) -> Result<u64, StoreError> {
        let directory = self.layout.session(session);
        let entries = self.disk.list(&directory).attempt(StoreAction::List, &directory)?;
        Ok(stamp_of(&entries))
    }

    /// Bytes of a session's segments, archives, attachments and files of events, as its directory lists them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the session's directory can't be listed.
    pub fn session_bytes(&self, session: SessionId) -> Result<u64, StoreError> {
        let directory = self.layout.session(session);
        let entries = self.disk.list(&directory).attempt(StoreAction::List, &directory)?;
        let counts = |name: &str| {
            Layout::is_segment_name(name)
                || Layout::is_events_name(name)
                || Layout::is_attachment(name)
        };
        Ok(entries.iter().filter(|entry| counts(&entry.name)).map(|entry| entry.len).sum())
    }

    /// The names of the directories in one, which need not exist.
    pub(super) fn directories_in(&self, directory: &Path) -> Result<Vec<String>, StoreError> {
        let entries = match self.disk.list(directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            listed => listed.attempt(StoreAction::List, directory)?,
        };
        Ok(entries.into_iter().filter(|entry| entry.is_dir).map(|entry| entry.name).collect())
    }

    /// Opens and scans all segments of a session.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the session's directory can't be listed.
    pub fn open_session(&self, session: SessionId) -> Result<StoredSession, StoreError> {
        StoredSession::open(&*self.disk, self.layout.session(session), session)
    }

    /// The same, a file at a time.
    pub(crate) fn opening(&self, session: SessionId) -> SessionOpening {
        SessionOpening::new(self.layout.session(session), session)
    }

    /// Opens and scans all segments of a session of any profile.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the session's directory can't be listed, or isn't there.
    pub fn open_session_of_any_profile(
        &self,
        session: SessionId,
    ) -> Result<StoredSession, StoreError> {
        let here = self.open_session(session);
        if !here.as_ref().is_err_and(|error| error.io_kind() == Some(io::ErrorKind::NotFound)) {
            return here;
        }
        let profiles = self.directories_in(&self.layout.profiles())?.into_iter();
        let mut elsewhere = profiles.filter_map(|profile| {
            let directory = self.layout.sessions_in(&profile).join(session.to_string());
            StoredSession::open(&*self.disk, directory, session).ok()
        });
        elsewhere.next().map_or(here, Ok)
    }
}

/// A number that changes when anything in a directory does.
pub(super) fn stamp_of(entries: &[DirEntry]) -> u64 {
    let mut hasher = Xxh3::new();
    for entry in entries {
        hasher.update(entry.name.as_bytes());
        hasher.update(&[0]);
        hasher.update(&entry.len.to_le_bytes());
        hasher.update(&entry.stamp.to_le_bytes());
    }
    hasher.digest()
}
