//! What is done to the files of slots.

use std::path::{Path, PathBuf};

use super::error::Attempt;
use super::{CreatedSegment, DirectoryStore, Layout, Lock, StoreAction, StoreError, StoredSession};
use crate::journal::SegmentHeader;

/// The right to change the slots of a profile, for as long as this lives.
#[derive(Debug)]
#[must_use = "the lock is released when this is dropped"]
pub struct SlotsLock {
    _lock: Box<dyn Lock>,
}

impl DirectoryStore {
    /// Takes the right to change slots; `None` if another process has it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Its [`io_kind`](StoreError::io_kind) is
    /// [`std::io::ErrorKind::Unsupported`] where the file system has no locks.
    pub fn lock_slots(&self) -> Result<Option<SlotsLock>, StoreError> {
        self.create_state_directory()?;
        let path = self.layout().slots_lock();
        let lock = self.disk().try_lock(&path).attempt(StoreAction::Lock, &path)?;
        Ok(lock.map(|lock| SlotsLock { _lock: lock }))
    }

    /// Begins the file of a slot that is to lie at `place`, under another name beside it.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Nothing is left behind then, unless it can't be removed.
    pub fn create_slot(
        &self,
        header: &SegmentHeader,
        place: &Path,
    ) -> Result<CreatedSegment, StoreError> {
        self.create_directory(&self.layout().slots())?;
        let mut created = self.create_file(Layout::unfinished(place), header)?;
        // The directories may have been made by a process that stopped before it synced them.
        let [above @ .., _] = self.layout().directories_to_slots();
        let others = self.layout().data.ancestors().skip(1).map(Path::to_owned);
        created.unsynced_directories = above.into_iter().chain(others).collect();
        created.unsynced_directories.sort();
        Ok(created)
    }

    /// Puts a slot that was written and synced in its place, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Whatever it is, the old slot is there or the new one, whole.
    pub fn put_slot_in_place(&self, written: &Path, place: &Path) -> Result<(), StoreError> {
        self.disk().put_in_place(written, place).attempt(StoreAction::Replace, place)?;
        self.sync_slots()
    }

    /// Removes files of slots, durably.
    ///
    /// # Errors
    ///
    /// [`StoreError`] at the first that can't be removed.
    pub fn remove_slots<'a>(
        &self,
        paths: impl IntoIterator<Item = &'a Path>,
    ) -> Result<(), StoreError> {
        for path in paths {
            match self.disk().remove(path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                removed => removed.attempt(StoreAction::RemoveFile, path)?,
            }
        }
        self.sync_slots()
    }

    /// Removes what was left of slots whose process stopped while it wrote them. Their lock is held.
    pub fn sweep_slots(&self) {
        let directory = self.layout().slots();
        let Ok(entries) = self.disk().list(&directory) else { return };
        let unfinished =
            entries.iter().filter(|entry| entry.is_file && Layout::is_unfinished_slot(&entry.name));
        for entry in unfinished {
            // One that can't be removed does no harm.
            let _ = self.disk().remove(&directory.join(&entry.name));
        }
    }

    /// Opens a slot, as a session that has one checkpoint.
    pub fn open_slot(&self, path: &Path, header: &SegmentHeader) -> StoredSession {
        StoredSession::of_file(&**self.disk(), path, header.session)
    }

    fn sync_slots(&self) -> Result<(), StoreError> {
        let slots: PathBuf = self.layout().slots();
        self.sync_directories(&[slots])
    }
}
