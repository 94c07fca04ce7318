//! A disk that keeps files elsewhere where they can't be kept in their place.
//!
//! `FallbackDisk` tries at the start which place can be written, by making, syncing and removing a file, and that is
//! where files are made and locks are taken for as long as the process lives. A file in the fallback is newer than one
//! of the same path in the wanted place, since it was written while that could not be: it is found first. When a file
//! is put into the wanted place, the one that hides it is removed, after the new one is durable and before the
//! operation counts as done, so that a power cut leaves the one or the other. A removal removes from both, the older
//! first. A lock is looked for in both after it was taken in one. Directories that are made on the way are synced with
//! the directory that is asked for. `fallback_disk/power_cuts.rs` checks all of that on the simulated disk. Each place
//! may have a host id of its own, for a start can find the wanted place unreadable: both are this machine's
//! (`Disk::copies`, `HostId::other`). Nothing else knows that there are two places.

#[cfg(test)]
mod power_cuts;
mod root;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::directory::{create_directory, sync_directory};
use super::open_files::is_no_file;
use super::replacing::small_file_aside;
use super::{AppendFile, DirEntry, Disk, Lock, Room};
use crate::format::ReadAt;
pub use root::MovedRoot;
use root::Root;

/// Another disk, on which some directories have a second place: files that can't be written in the first are written in
/// the second, and files in either are found under their path in the first.
///
/// The place where a directory is written is chosen once, when this is made. A file in the second place is newer than
/// one of the same path in the first, since it was written while the first could not be. So it is found before that,
/// and removed when the first is written again. A removal removes from both.
#[derive(Debug)]
pub struct FallbackDisk {
    disk: Arc<dyn Disk>,
    roots: Arc<[Root]>,
    moved: Vec<MovedRoot>,
    /// Directories whose entries were changed, and that no caller asks to sync: those that were made on the way to
    /// others, and those in the place that isn't written to.
    unsynced: Mutex<BTreeSet<PathBuf>>,
}

impl FallbackDisk {
    /// Tries which directories can be written: each of `roots` is the wanted one, and its fallback.
    pub fn new(disk: Arc<dyn Disk>, roots: impl IntoIterator<Item = (PathBuf, PathBuf)>) -> Self {
        let chosen = roots.into_iter().map(|(wanted, used)| Root::choose(&*disk, wanted, used));
        let (roots, moved): (Vec<_>, Vec<_>) = chosen.unzip();
        // The process that made them may have stopped before that was durable.
        let unsynced = roots.iter().flat_map(Root::above_fallback).map(Path::to_owned).collect();
        let moved = moved.into_iter().flatten().collect();
        Self { disk, roots: roots.into(), moved, unsynced: Mutex::new(unsynced) }
    }

    /// The directories that are written in their second place, and why.
    pub fn moved(&self) -> &[MovedRoot] {
        &self.moved
    }

    /// The place where the file of this path is written.
    pub fn written(&self, path: &Path) -> PathBuf {
        written(&self.roots, path)
    }

    fn find<'a>(&self, path: &'a Path) -> Option<(&Root, &'a Path)> {
        find(&self.roots, path)
    }

    /// The places where the file of this path may be, the newer first.
    fn searched(&self, path: &Path) -> Vec<PathBuf> {
        match self.find(path) {
            Some((root, inside)) => root.searched(inside).collect(),
            None => vec![path.to_owned()],
        }
    }

    /// Asks for something in each place where it may be, until it is found.
    fn search<T>(&self, path: &Path, ask: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
        let mut answers = self.searched(path).into_iter().map(|place| ask(&place));
        let found = answers.find(|answer| !answer.as_ref().is_err_and(is_missing));
        found.unwrap_or(Err(io::ErrorKind::NotFound.into()))
    }

    /// Writes something where it is written. Its directory is made if it is in the other place only.
    fn write<T>(&self, path: &Path, operation: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
        let Some((root, inside)) = self.find(path) else { return operation(path) };
        let place = root.written(inside);
        match operation(&place) {
            Err(error) if is_missing(&error) && self.is_directory_elsewhere(root, inside) => {
                let directory = place.parent().unwrap_or(&place);
                let changed = create_directory(&*self.disk, directory).map_err(io::Error::from)?;
                self.unsynced().extend(changed);
                operation(&place)
            }
            done => done,
        }
    }

    /// Returns true if the directory of a path may be made where files are written, since it exists in the other place.
    fn is_directory_elsewhere(&self, root: &Root, inside: &Path) -> bool {
        let Some(directory) = inside.parent() else { return true };
        root.elsewhere(directory).is_some_and(|other| self.disk.list(&other).is_ok())
    }

    /// Removes what hides a file that was just written.
    fn uncover(&self, path: &Path, durability: Durability) -> io::Result<()> {
        let Some((root, inside)) = self.find(path) else { return Ok(()) };
        let Some(shadow) = root.shadow(inside) else { return Ok(()) };
        let mut is_uncovered = false;
        for hiding in [small_file_aside(&shadow), shadow] {
            match self.disk.open(&hiding) {
                Err(error) if is_missing(&error) => continue,
                _ => {}
            }
            // Otherwise a power cut could keep the removal and lose what it is for.
            if durability != Durability::None && !is_uncovered {
                self.sync(&parent_of(&root.written(inside)))?;
            }
            self.disk.remove(&hiding)?;
            self.unsynced().insert(parent_of(&hiding));
            is_uncovered = true;
        }
        match durability {
            Durability::AtOnce => self.sync_changed(root, inside.parent().unwrap_or(inside)),
            Durability::None | Durability::WithDirectory => Ok(()),
        }
    }

    /// Removes a file from the place that isn't written to.
    fn remove_elsewhere(&self, place: &Path) -> io::Result<()> {
        if let Err(error) = self.disk.open(place)
            && is_missing(&error)
        {
            return Err(error);
        }
        // The file that took its place may be that of a process that stopped before it synced it.
        self.sync(&parent_of(place))?;
        self.disk.remove(place)?;
        self.unsynced().insert(parent_of(place));
        Ok(())
    }

    /// Removes an empty directory from the place that isn't written to.
    fn remove_dir_elsewhere(&self, place: &Path) -> io::Result<()> {
        // A file system that can't be written says of what is missing that it can't be removed.
        self.disk.list(place)?;
        self.disk.remove_dir(place)?;
        self.unsynced().insert(parent_of(place));
        Ok(())
    }

    /// Removes something from every place where it is, the older first: if that fails, readers see no change.
    fn remove_from_each(
        &self,
        root: &Root,
        inside: &Path,
        remove: impl Fn(&Path, bool) -> io::Result<()>,
    ) -> io::Result<()> {
        let written = root.written(inside);
        let mut removed: Option<PathBuf> = None;
        for place in root.searched(inside).rev() {
            if let Some(older) = &removed
                && self.disk.open(&place).is_ok()
            {
                // Otherwise it could come back in a power cut that takes the newer one.
                self.sync(&parent_of(older))?;
            }
            match remove(&place, place == written) {
                Err(error) if is_missing(&error) => {}
                done => {
                    done?;
                    removed = Some(place);
                }
            }
        }
        removed.map(drop).ok_or(io::ErrorKind::NotFound.into())
    }

    /// Makes durable what was changed on the way to a directory, and in the same one elsewhere.
    fn sync_changed(&self, root: &Root, directory: &Path) -> io::Result<()> {
        let (written, elsewhere) = (root.written(directory), root.elsewhere(directory));
        let concerns = |changed: &&PathBuf| {
            written.starts_with(changed) || elsewhere.as_ref() == Some(*changed)
        };
        let changed: Vec<PathBuf> = self.unsynced().iter().filter(concerns).cloned().collect();
        for directory in changed {
            match self.sync(&directory) {
                Err(error) if is_missing(&error) => {}
                // A directory above those of the game that may not be opened was made by others.
                Err(error)
                    if error.kind() == io::ErrorKind::PermissionDenied
                        && !self.roots.iter().any(|root| root.has(&directory)) => {}
                synced => synced?,
            }
            self.unsynced().remove(&directory);
        }
        Ok(())
    }

    /// Makes a directory's entries durable, as far as its file system can.
    fn sync(&self, directory: &Path) -> io::Result<()> {
        sync_directory(&*self.disk, directory).map(drop)
    }

    fn unsynced(&self) -> MutexGuard<'_, BTreeSet<PathBuf>> {
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The moment at which it is durable that nothing hides a file any more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Durability {
    /// Never for sure.
    None,
    /// With the next sync of its directory.
    WithDirectory,
    /// At once.
    AtOnce,
}

/// The innermost root of a path, and the path within it.
fn find<'a, 'b>(roots: &'a [Root], path: &'b Path) -> Option<(&'a Root, &'b Path)> {
    let found = roots.iter().filter_map(|root| Some((root, root.inside(path)?)));
    found.min_by_key(|(_, inside)| inside.components().count())
}

fn written(roots: &[Root], path: &Path) -> PathBuf {
    match find(roots, path) {
        Some((root, inside)) => root.written(inside),
        None => path.to_owned(),
    }
}

fn parent_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(path).to_owned()
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

impl Disk for FallbackDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        if let Some(elsewhere) = self.find(path).and_then(|(root, inside)| root.elsewhere(inside)) {
            match self.disk.open(&elsewhere) {
                Err(error) if is_missing(&error) => {}
                Err(error) if !is_no_file(&error) => return Err(error),
                _ => return Err(io::ErrorKind::AlreadyExists.into()),
            }
        }
        let file = self.write(path, |place| self.disk.create_new(place))?;
        Ok(Box::new(PlacedFile { file, roots: Arc::clone(&self.roots) }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        self.search(path, |place| self.disk.open(place))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries: Option<BTreeMap<String, DirEntry>> = None;
        for place in self.searched(directory) {
            match self.disk.list(&place) {
                Err(error) if is_missing(&error) => {}
                listed => {
                    let entries = entries.get_or_insert_default();
                    for entry in listed? {
                        entries.entry(entry.name.clone()).or_insert(entry);
                    }
                }
            }
        }
        let entries = entries.ok_or(io::ErrorKind::NotFound)?;
        Ok(entries.into_values().collect())
    }

    /// A directory that is in the other place only is made as well, so that who asked syncs it.
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.write(path, |place| self.disk.create_dir(place))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let Some((root, inside)) = self.find(path) else {
            let is_moved = self.roots.iter().any(|root| root.is_moved_from_below(path));
            let is_used = self.roots.iter().any(|root| root.is_written_below(path));
            // Nothing was made there, and it may not even be there.
            return if is_moved && !is_used { Ok(()) } else { self.disk.sync_dir(path) };
        };
        self.sync_changed(root, inside)?;
        match self.disk.sync_dir(&root.written(inside)) {
            Err(error) if is_missing(&error) => {
                let elsewhere = root.elsewhere(inside).ok_or(error)?;
                // Nothing was written to it by this process, so no entry is new.
                self.disk.list(&elsewhere).map(drop)
            }
            synced => synced,
        }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let Some((root, inside)) = self.find(path) else { return self.disk.remove(path) };
        self.remove_from_each(root, inside, |place, is_written| match is_written {
            true => self.disk.remove(place),
            false => self.remove_elsewhere(place),
        })
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let Some((root, inside)) = self.find(path) else { return self.disk.remove_dir(path) };
        if !self.list(path)?.is_empty() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        self.remove_from_each(root, inside, |place, is_written| match is_written {
            true => self.disk.remove_dir(place),
            false => self.remove_dir_elsewhere(place),
        })
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.write(path, |place| self.disk.replace(place, bytes))?;
        self.uncover(path, Durability::AtOnce)
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.write(path, |place| self.disk.replace_unsynced(place, bytes))?;
        self.uncover(path, Durability::None)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        self.disk.put_in_place(&self.written(written), &self.written(place))?;
        self.uncover(place, Durability::WithDirectory)
    }

    fn room(&self, path: &Path) -> io::Result<Room> {
        let Some((root, inside)) = self.find(path) else { return self.disk.room(path) };
        match self.disk.room(&root.written(inside)) {
            Err(error) if is_missing(&error) => self.disk.room(root.used_root()),
            room => room,
        }
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        self.search(path, |place| self.disk.read(place, max_len))
    }

    fn copies(&self, path: &Path, max_len: usize) -> Vec<io::Result<Vec<u8>>> {
        let places = self.searched(path).into_iter();
        places.flat_map(|place| self.disk.copies(&place, max_len)).collect()
    }

    fn covers_power_cuts(&self) -> bool {
        self.disk.covers_power_cuts()
    }

    /// A process that found the other place writable holds the lock there. A process that takes one looks at the other
    /// after that, so that of two that try at once none overlooks the other.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let lock = self.write(path, |place| self.disk.try_lock(place))?;
        let elsewhere = self.find(path).and_then(|(root, inside)| root.elsewhere(inside));
        match elsewhere {
            Some(elsewhere) if lock.is_some() && self.disk.is_locked(&elsewhere)? => Ok(None),
            _ => Ok(lock),
        }
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        let places = self.searched(path).into_iter();
        let answers: Vec<_> = places.map(|place| self.disk.is_locked(&place)).collect();
        if answers.iter().any(|answer| matches!(answer, Ok(true))) {
            return Ok(true);
        }
        answers.into_iter().try_fold(false, |_, answer| answer)
    }
}

/// A file in the place where its root is written.
#[derive(Debug)]
struct PlacedFile {
    file: Box<dyn AppendFile>,
    roots: Arc<[Root]>,
}

impl AppendFile for PlacedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.file.is_at(&written(&self.roots, path))
    }
}
