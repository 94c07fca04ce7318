//! A disk that finds the files of archived sessions in a place of their own.
//!
//! A session's files are the sum of two directories: its own, and the one at the place of archives that its own one names
//! (`archive_place.rs`). Files are made in its own only, so one there is newer than one of the same name at the other
//! place, and is found first. A removal removes from both, the older first. Where the place can't be reached, the session
//! can't be listed: nobody decides anything by a part of its files. A session without such a note costs nothing more.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::debug;

use super::archive_place::{directory_of_marked, own, unmark};
use super::directory::sync_directory;
use super::layout::{ARCHIVES_MARK, ARCHIVES_OWNER};
use super::{AppendFile, DirEntry, Disk, Layout, Lock, Room};
use crate::format::ReadAt;

/// Another disk, on which the files of archived sessions may be in a second place.
#[derive(Debug)]
pub struct ArchivesDisk {
    disk: Arc<dyn Disk>,
    /// The place of archives that the game names.
    named: Option<PathBuf>,
    /// Directories of sessions, each with the one at the place of archives, from which something was removed since it was
    /// synced.
    unsynced: Mutex<BTreeMap<PathBuf, PathBuf>>,
}

impl ArchivesDisk {
    /// The same files, and those of archived sessions that are in another place.
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, named: None, unsynced: Mutex::default() }
    }

    /// With the place of archives that the game names: it may have been somewhere else before.
    #[must_use]
    pub fn with_place(self, named: Option<PathBuf>) -> Self {
        Self { named, ..self }
    }

    fn directory_beside(&self, directory: &Path) -> io::Result<Option<PathBuf>> {
        directory_of_marked(&*self.disk, directory, self.named.as_deref())
    }

    /// The place of archives of a file's directory, if it has one.
    fn beside(&self, path: &Path) -> io::Result<Option<PathBuf>> {
        let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(None);
        };
        // It is looked up through itself.
        if name.to_str().is_some_and(is_mark) {
            return Ok(None);
        }
        Ok(self.directory_beside(directory)?.map(|beside| beside.join(name)))
    }

    /// Asks for a file where its session is, and then at the place of archives.
    fn search<T>(&self, path: &Path, ask: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
        match ask(path) {
            Err(error) if is_missing(&error) => match self.beside(path)? {
                Some(beside) => ask(&beside),
                None => Err(error),
            },
            answer => answer,
        }
    }

    fn note_removal(&self, directory: &Path, beside: &Path) {
        let mut unsynced = self.unsynced.lock().unwrap_or_else(PoisonError::into_inner);
        unsynced.insert(directory.to_owned(), beside.to_owned());
    }

    /// Makes the entries of a directory durable, as far as its file system can.
    fn sync(&self, directory: &Path) -> io::Result<()> {
        match sync_directory(&*self.disk, directory) {
            Err(error) if is_missing(&error) => Ok(()),
            synced => synced.map(drop),
        }
    }
}

fn is_mark(name: &str) -> bool {
    Layout::place_of_aside(name).unwrap_or(name) == ARCHIVES_MARK
}

fn is_owner(name: &str) -> bool {
    Layout::place_of_aside(name).unwrap_or(name) == ARCHIVES_OWNER
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

fn parent_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

impl Disk for ArchivesDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        self.disk.create_new(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        self.search(path, |place| self.disk.open(place))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = self.disk.list(directory)?;
        let listed = entries.len();
        entries.retain(|entry| !is_mark(&entry.name));
        if entries.len() == listed {
            return Ok(entries);
        }
        let Some(beside) = self.directory_beside(directory)? else { return Ok(entries) };
        let older = match self.disk.list(&beside) {
            // Only now it is known that they are gone, and the place isn't.
            Err(error) if is_missing(&error) => {
                self.directory_beside(directory)?;
                Vec::new()
            }
            listed => listed?,
        };
        let mut all: BTreeMap<String, DirEntry> =
            older.into_iter().map(|entry| (entry.name.clone(), entry)).collect();
        all.retain(|name, _| !is_owner(name));
        all.extend(entries.into_iter().map(|entry| (entry.name.clone(), entry)));
        Ok(all.into_values().collect())
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)?;
        let unsynced = || self.unsynced.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(beside) = unsynced().get(path).cloned() else { return Ok(()) };
        // What is removed there may come back. That is no reason not to save here.
        match self.sync(&beside) {
            Ok(()) => drop(unsynced().remove(path)),
            Err(error) => {
                debug!(directory = %beside.display(), %error, "a place of archives can't be synced");
            }
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let Some(older) = self.beside(path)? else { return self.disk.remove(path) };
        if self.disk.open(&older).is_ok() {
            own(&*self.disk, parent_of(path), parent_of(&older))?;
        }
        match self.disk.remove(&older) {
            Err(error) if is_missing(&error) => return self.disk.remove(path),
            removed => removed?,
        }
        self.note_removal(parent_of(path), parent_of(&older));
        match self.disk.open(path) {
            Err(error) if is_missing(&error) => Ok(()),
            _ => {
                // Otherwise it could come back in a power cut that takes the newer one.
                self.sync(parent_of(&older))?;
                self.disk.remove(path)
            }
        }
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        if let Some(beside) = self.directory_beside(path)? {
            if !self.list(path)?.is_empty() {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            if self.disk.list(&beside).is_ok() {
                own(&*self.disk, path, &beside)?;
            }
            unmark(&*self.disk, path, &beside)?;
        }
        self.disk.remove_dir(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.disk.replace(path, bytes)
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.disk.replace_unsynced(path, bytes)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        self.disk.put_in_place(written, place)
    }

    fn room(&self, path: &Path) -> io::Result<Room> {
        self.disk.room(path)
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        self.search(path, |place| self.disk.read(place, max_len))
    }

    fn copies(&self, path: &Path, max_len: usize) -> Vec<io::Result<Vec<u8>>> {
        let mut copies = self.disk.copies(path, max_len);
        if let Ok(Some(beside)) = self.beside(path) {
            copies.extend(self.disk.copies(&beside, max_len));
        }
        copies
    }

    fn covers_power_cuts(&self) -> bool {
        self.disk.covers_power_cuts()
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.disk.try_lock(path)
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        self.disk.is_locked(path)
    }
}
