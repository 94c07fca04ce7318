//! Operations on the files of slots.

use std::path::{Path, PathBuf};

use super::error::Attempt;
use super::{CreatedSegment, DirectoryStore, Layout, Lock, StoreAction, StoreError, StoredSession};
use crate::format::SegmentHeader;

/// The right to change the slots of a profile, for as long as this lives.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct SlotsLock {
    _lock: Box<dyn Lock>,
}

/// The files of a profile's slots.
#[derive(Clone, Copy, Debug)]
pub struct SlotFiles<'a> {
    store: &'a DirectoryStore,
}

impl DirectoryStore {
    /// The files of the profile's slots.
    pub fn slots(&self) -> SlotFiles<'_> {
        SlotFiles { store: self }
    }
}

impl SlotFiles<'_> {
    /// Takes the right to change slots; `None` if another process has it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Its [`io_kind`](StoreError::io_kind) is
    /// [`std::io::ErrorKind::Unsupported`] where the file system has no locks.
    pub fn lock(&self) -> Result<Option<SlotsLock>, StoreError> {
        self.store.create_state_directory()?;
        let path = self.store.layout().slots_lock();
        let lock = self.store.disk().try_lock(&path).attempt(StoreAction::Lock, &path)?;
        Ok(lock.map(|lock| SlotsLock { _lock: lock }))
    }

    /// Begins the file of a slot for `place`, under another name beside it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Nothing is left behind then, unless it can't be removed.
    pub fn create(
        &self,
        header: &SegmentHeader,
        place: &Path,
    ) -> Result<CreatedSegment, StoreError> {
        self.store.create_directory(&self.store.layout().slots())?;
        let mut created = self.store.create_file(Layout::unfinished(place), header)?;
        // The directories may have been made by a process that stopped before it synced them.
        let [above @ .., _] = self.store.layout().directories_to_slots();
        let others = self.store.layout().data.ancestors().skip(1).map(Path::to_owned);
        created.unsynced_directories = above.into_iter().chain(others).collect();
        created.unsynced_directories.sort();
        Ok(created)
    }

    /// Puts a slot that was written and synced in its place, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. After any error the old slot is there or the new one, whole.
    pub fn put_in_place(&self, written: &Path, place: &Path) -> Result<(), StoreError> {
        self.store.disk().put_in_place(written, place).attempt(StoreAction::Replace, place)?;
        self.sync()
    }

    /// Removes files of slots, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`] at the first that can't be removed.
    pub fn remove<'a>(&self, paths: impl IntoIterator<Item = &'a Path>) -> Result<(), StoreError> {
        for path in paths {
            match self.store.disk().remove(path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                removed => removed.attempt(StoreAction::RemoveFile, path)?,
            }
        }
        self.sync()
    }

    /// Removes what was left of slots whose process stopped while it wrote them. Their lock is held.
    pub fn sweep(&self) {
        let directory = self.store.layout().slots();
        let Ok(entries) = self.store.disk().list(&directory) else { return };
        let unfinished =
            entries.iter().filter(|entry| entry.is_file && Layout::is_unfinished_slot(&entry.name));
        for entry in unfinished {
            // One that can't be removed does no harm.
            let _ = self.store.disk().remove(&directory.join(&entry.name));
        }
    }

    /// Opens a slot, as a session that has one checkpoint.
    pub fn open(&self, path: &Path, header: &SegmentHeader) -> StoredSession {
        StoredSession::of_file(&**self.store.disk(), path, header.session)
    }

    /// Returns true if a profile has a slot, or its slots can't be listed.
    pub(super) fn are_in_any_profile(&self) -> bool {
        let profiles = self.store.layout().profiles();
        let Ok(names) = self.store.directories_in(&profiles) else { return true };
        let slots = names.into_iter().map(|profile| profiles.join(profile).join("slots"));
        let mut listed = slots.map(|slots| self.store.disk().list(&slots));
        listed.any(|listed| match listed {
            Ok(entries) => entries.iter().any(|entry| Layout::is_slot_name(&entry.name)),
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        })
    }

    fn sync(&self) -> Result<(), StoreError> {
        let slots: PathBuf = self.store.layout().slots();
        match self.store.sync_directories(&[slots]) {
            // Where there never was a slot, nothing is to be made durable.
            Err(error) if error.io_kind() == Some(std::io::ErrorKind::NotFound) => Ok(()),
            synced => synced,
        }
    }
}
