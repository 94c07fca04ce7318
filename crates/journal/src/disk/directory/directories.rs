//! Operations on directories: they are made, and their entries become durable.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use tracing::warn;

use super::DirectoryStore;
use crate::disk::directory_syncs::{has_no_syncs, refuses_syncs};
use crate::disk::error::Attempt;
use crate::disk::{Disk, Layout, StoreAction, StoreError};

impl DirectoryStore {
    /// Creates the state directory if need be.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn create_state_directory(&self) -> Result<(), StoreError> {
        self.create_directory(&self.layout.state).map(drop)
    }

    /// Creates a directory and those that lead to it, and says which directories have a new entry.
    ///
    /// # Errors
    ///
    /// [`StoreError`] at the first that can't be made.
    pub fn create_directory(&self, path: &Path) -> Result<BTreeSet<PathBuf>, StoreError> {
        create_directory(&*self.disk, path)
    }

    /// Makes directory entries durable.
    ///
    /// # Errors
    ///
    /// [`StoreError`] at the first that fails. Its entries don't count as durable then. A file system that can't sync
    /// directories is no failure, since nothing better can be done on it: then a crash of the game costs nothing, and
    /// by [`Self::covers_power_cuts`] a power cut may.
    pub fn sync_directories(&self, directories: &[PathBuf]) -> Result<(), StoreError> {
        directories.iter().try_for_each(|directory| match self.disk.sync_dir(directory) {
            Err(error) if self.is_of_others(directory) && refuses_syncs(&error) => Ok(()),
            Err(error) if has_no_syncs(&error) => {
                if !self.refuses_directory_syncs.swap(true, Ordering::Relaxed) {
                    let directory = directory.display();
                    warn!(
                        %directory, %error,
                        "directories can't be synced here, so new files may not survive a power \
                         cut"
                    );
                }
                Ok(())
            }
            synced => synced.attempt(StoreAction::SyncDirectory, directory),
        })
    }

    /// Returns true if acknowledged data survives a power cut, as far as the file system has said. It doesn't surely
    /// where directories can't be synced, or files not as far as the drive.
    pub fn covers_power_cuts(&self) -> bool {
        !self.refuses_directory_syncs.load(Ordering::Relaxed) && self.disk.covers_power_cuts()
    }

    /// Returns true if a directory is above all that belongs to the game.
    fn is_of_others(&self, directory: &Path) -> bool {
        let Layout { data, state, .. } = &self.layout;
        ![data, state].iter().any(|root| directory.starts_with(root))
    }
}

/// Creates a directory and those that lead to it, and says which directories have a new entry.
pub fn create_directory(disk: &dyn Disk, path: &Path) -> Result<BTreeSet<PathBuf>, StoreError> {
    let mut changed = BTreeSet::new();
    let mut created = disk.create_dir(path);
    let parent = path.parent();
    if let (Err(error), Some(parent)) = (&created, parent)
        && error.kind() == io::ErrorKind::NotFound
    {
        changed = create_directory(disk, parent)?;
        created = disk.create_dir(path);
    }
    match created {
        Ok(()) => changed.extend(parent.map(Path::to_owned)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).attempt(StoreAction::CreateDirectory, path),
    }
    Ok(changed)
}

/// Makes a directory's entries durable. Returns false if its file system can't, which is no failure.
pub fn sync_directory(disk: &dyn Disk, directory: &Path) -> io::Result<bool> {
    match disk.sync_dir(directory) {
        Err(error) if has_no_syncs(&error) => Ok(false),
        synced => synced.map(|()| true),
    }
}
