//! A disk in memory, as somebody else would write one: with nothing but what is public.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy_session::library::disk::{AppendFile, DirEntry, Disk, Lock, ReadAt};

/// The disk. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct ShelfDisk(Arc<Mutex<Shelf>>);

#[derive(Debug, Default)]
struct Shelf {
    /// The number of each file, and none for a directory.
    names: BTreeMap<PathBuf, Option<usize>>,
    /// Files that ever were, so that who reads one reads on.
    files: Vec<Vec<u8>>,
    /// The number of the file that each lock was taken with.
    locks: BTreeMap<PathBuf, usize>,
}

/// An open file, by its number.
#[derive(Debug)]
struct Open(ShelfDisk, usize);

#[derive(Debug)]
struct Held(ShelfDisk, PathBuf, usize);

impl ShelfDisk {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn check_directory(&self, path: &Path) -> io::Result<()> {
        let is_there = path.as_os_str().is_empty() || self.names.get(path) == Some(&None);
        if is_there { Ok(()) } else { Err(ErrorKind::NotFound.into()) }
    }

    fn file(&self, path: &Path) -> io::Result<usize> {
        self.names.get(path).copied().flatten().ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn add(&mut self, path: &Path, bytes: &[u8]) -> io::Result<usize> {
        self.check_directory(path.parent().unwrap_or(path))?;
        if self.names.get(path) == Some(&None) {
            return Err(ErrorKind::IsADirectory.into());
        }
        self.files.push(bytes.to_vec());
        self.names.insert(path.to_owned(), Some(self.files.len() - 1));
        Ok(self.files.len() - 1)
    }

    fn check_new(&self, path: &Path) -> io::Result<()> {
        let is_taken = self.names.contains_key(path);
        if is_taken { Err(ErrorKind::AlreadyExists.into()) } else { Ok(()) }
    }
}

impl Disk for ShelfDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let mut shelf = self.shelf();
        shelf.check_new(path)?;
        Ok(Box::new(Open(self.clone(), shelf.add(path, b"")?)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        Ok(Arc::new(Open(self.clone(), self.shelf().file(path)?)))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        let shelf = self.shelf();
        shelf.check_directory(directory)?;
        let inside = shelf.names.iter().filter(|(path, _)| path.parent() == Some(directory));
        let entries = inside.filter_map(|(path, file)| {
            let name = path.file_name()?.to_str()?.to_owned();
            let (len, stamp) = file.map_or((0, 0), |file| (shelf.files[file].len(), file + 1));
            let (is_dir, is_file) = (file.is_none(), file.is_some());
            Some(DirEntry { name, is_dir, is_file, len: len as u64, stamp: stamp as u64 })
        });
        Ok(entries.collect())
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut shelf = self.shelf();
        shelf.check_directory(path.parent().unwrap_or(path))?;
        shelf.check_new(path)?;
        shelf.names.insert(path.to_owned(), None);
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.shelf().check_directory(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut shelf = self.shelf();
        shelf.file(path)?;
        shelf.names.remove(path);
        shelf.locks.remove(path);
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut shelf = self.shelf();
        shelf.check_directory(path)?;
        if shelf.names.keys().any(|name| name.parent() == Some(path)) {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
        shelf.names.remove(path);
        Ok(())
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.shelf().add(path, bytes).map(drop)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        let mut shelf = self.shelf();
        let file = shelf.file(written)?;
        shelf.names.remove(written);
        shelf.names.insert(place.to_owned(), Some(file));
        Ok(())
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let mut shelf = self.shelf();
        if shelf.locks.contains_key(path) {
            return Ok(None);
        }
        let file = shelf.add(path, b"")?;
        shelf.locks.insert(path.to_owned(), file);
        Ok(Some(Box::new(Held(self.clone(), path.to_owned(), file))))
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        Ok(self.shelf().locks.contains_key(path))
    }
}

impl AppendFile for Open {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.shelf().files[self.1].extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        Ok(self.0.shelf().file(path).is_ok_and(|file| file == self.1))
    }
}

impl ReadAt for Open {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.shelf().files[self.1].len() as u64)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.0.shelf().files[self.1].read_exact_at(offset, buffer)
    }
}

impl Lock for Held {
    fn is_held(&self) -> io::Result<bool> {
        Ok(self.0.shelf().locks.get(&self.1) == Some(&self.2))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut shelf = self.0.shelf();
        if shelf.locks.get(&self.1) == Some(&self.2) {
            shelf.locks.remove(&self.1);
            shelf.names.remove(&self.1);
        }
    }
}
