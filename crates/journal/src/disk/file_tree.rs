//! The base of both disks in memory: names, and the holders of locks.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use super::{DirEntry, Lock};

/// The names on a disk in memory. The disk decides what a file is.
#[derive(Clone, Debug)]
pub(super) struct FileTree<F> {
    pub directories: BTreeSet<PathBuf>,
    pub files: BTreeMap<PathBuf, F>,
    /// The number of the guard that holds the lock of a file.
    pub locks: BTreeMap<PathBuf, u64>,
    last_lock: u64,
}

impl<F> Default for FileTree<F> {
    fn default() -> Self {
        Self::of(BTreeSet::new(), BTreeMap::new())
    }
}

impl<F> FileTree<F> {
    /// These directories and files, with no lock held.
    pub fn of(directories: BTreeSet<PathBuf>, files: BTreeMap<PathBuf, F>) -> Self {
        Self { directories, files, locks: BTreeMap::new(), last_lock: 0 }
    }

    pub fn file(&self, path: &Path) -> io::Result<&F> {
        self.files.get(path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The entries of a directory, sorted by name. `measure` returns the length of a file, and its stamp.
    pub fn list(
        &self,
        directory: &Path,
        measure: impl Fn(&F) -> (u64, u64),
    ) -> io::Result<Vec<DirEntry>> {
        self.check_directory(directory)?;
        let (directories, files) = self.below(directory);
        let directories = directories.map(|path| (path, None));
        let files = files.map(|(path, file)| (path, Some(file)));
        let inside = directories.chain(files).filter(|(path, _)| path.parent() == Some(directory));
        let entries = inside.filter_map(|(path, file)| {
            let name = path.file_name()?.to_str()?.to_owned();
            let (len, stamp) = file.map_or((0, 0), &measure);
            Some(DirEntry { name, is_dir: file.is_none(), is_file: file.is_some(), len, stamp })
        });
        let mut entries: Vec<DirEntry> = entries.collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// All directories and files below a directory. Those of one directory are side by side, so that others aren't
    /// looked at.
    fn below<'a>(
        &'a self,
        directory: &'a Path,
    ) -> (impl Iterator<Item = &'a PathBuf>, impl Iterator<Item = (&'a PathBuf, &'a F)>) {
        let after = (Bound::Excluded(directory), Bound::Unbounded);
        let directories = self.directories.range::<Path, _>(after);
        let files = self.files.range::<Path, _>(after);
        (
            directories.take_while(move |path| path.starts_with(directory)),
            files.take_while(move |(path, _)| path.starts_with(directory)),
        )
    }

    /// Returns true if there is such a directory. Roots, and the working directory, always are.
    pub fn is_directory(&self, path: &Path) -> bool {
        let is_root = path.parent().is_none();
        is_root || path.as_os_str().is_empty() || self.directories.contains(path)
    }

    pub fn exists(&self, path: &Path) -> bool {
        self.is_directory(path) || self.files.contains_key(path)
    }

    pub fn check_directory(&self, path: &Path) -> io::Result<()> {
        if self.is_directory(path) { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    pub fn check_parent(&self, path: &Path) -> io::Result<()> {
        self.check_directory(path.parent().unwrap_or(path))
    }

    /// Returns an error if nothing can be created there.
    pub fn check_new(&self, path: &Path) -> io::Result<()> {
        self.check_parent(path)?;
        if self.exists(path) { Err(io::ErrorKind::AlreadyExists.into()) } else { Ok(()) }
    }

    /// Returns an error if no file can be put there, in the place of another one.
    pub fn check_replaceable(&self, path: &Path) -> io::Result<()> {
        let is_directory = self.is_directory(path);
        if is_directory { Err(io::ErrorKind::IsADirectory.into()) } else { Ok(()) }
    }

    /// Removes a file's name. Another file of this name can be made and locked.
    pub fn remove(&mut self, path: &Path) -> io::Result<F> {
        let removed = self.files.remove(path).ok_or(io::ErrorKind::NotFound)?;
        self.locks.remove(path);
        Ok(removed)
    }

    pub fn remove_directory(&mut self, path: &Path) -> io::Result<()> {
        self.check_directory(path)?;
        let (directories, files) = self.below(path);
        if directories.chain(files.map(|(path, _)| path)).next().is_some() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        self.directories.remove(path);
        Ok(())
    }

    /// Takes a lock; `None` if it is held. The number of the guard.
    pub fn take_lock(&mut self, path: &Path) -> Option<u64> {
        if self.locks.contains_key(path) { None } else { Some(self.force_lock(path)) }
    }

    /// Takes a lock even if it is held. Returns the number of the guard.
    pub fn force_lock(&mut self, path: &Path) -> u64 {
        self.last_lock += 1;
        self.locks.insert(path.to_owned(), self.last_lock);
        self.last_lock
    }
}

/// A disk in memory that has locks.
pub(super) trait HoldsLocks: Debug + Send + Sync {
    /// The number of the guard that holds a lock.
    fn holder(&self, path: &Path) -> io::Result<Option<u64>>;

    /// Releases a lock, if this guard holds it: another process may have put a new file in the place of the
    /// one that was locked.
    fn release(&self, path: &Path, number: u64);
}

/// A lock that is held for as long as this lives.
#[derive(Debug)]
pub(super) struct HeldLock<D: HoldsLocks> {
    pub disk: D,
    pub path: PathBuf,
    pub number: u64,
}

impl<D: HoldsLocks> Lock for HeldLock<D> {
    fn is_held(&self) -> io::Result<bool> {
        Ok(self.disk.holder(&self.path)? == Some(self.number))
    }
}

impl<D: HoldsLocks> Drop for HeldLock<D> {
    fn drop(&mut self) {
        self.disk.release(&self.path, self.number);
    }
}
