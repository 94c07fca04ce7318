//! A disk of which every n-th operation fails.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::disk::{AppendFile, DirEntry, Disk, Lock, Room};
use crate::format::{Hold, ReadAt};

/// Another disk as one process sees it: some of what that process asks for fails.
#[derive(Clone, Debug)]
pub struct FlakyDisk {
    disk: Arc<dyn Disk>,
    faults: Faults,
}

#[derive(Clone, Debug, Default)]
struct Faults {
    asked: Arc<AtomicUsize>,
    /// The number of operations from one failure to the next; none fails if it is zero.
    every: Arc<AtomicUsize>,
}

impl Faults {
    fn strike(&self) -> io::Result<()> {
        let (asked, every) =
            (self.asked.fetch_add(1, Ordering::Relaxed), self.every.load(Ordering::Relaxed));
        match every > 0 && asked % every == every - 1 {
            true => Err(io::Error::other("every so many operations fail")),
            false => Ok(()),
        }
    }
}

impl FlakyDisk {
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, faults: Faults::default() }
    }

    /// From now on, one of every `every` operations fails. None does if it is zero.
    pub fn fail_every(&self, every: usize) {
        self.faults.every.store(every, Ordering::Relaxed);
    }

    fn asked(&self) -> io::Result<&dyn Disk> {
        self.faults.strike()?;
        Ok(&*self.disk)
    }
}

struct FlakyReader {
    file: Arc<dyn ReadAt>,
    faults: Faults,
}

impl ReadAt for FlakyReader {
    fn len(&self) -> io::Result<u64> {
        self.faults.strike()?;
        self.file.len()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.faults.strike()?;
        self.file.read_exact_at(offset, buffer)
    }

    fn hold(&self) -> Hold {
        self.file.hold()
    }
}

#[derive(Debug)]
struct FlakyFile {
    file: Box<dyn AppendFile>,
    faults: Faults,
}

impl AppendFile for FlakyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.faults.strike() {
            // As on a disk that fails in the middle.
            let (half, _) = bytes.split_at(bytes.len() / 2);
            self.file.append(half)?;
            return Err(error);
        }
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.faults.strike()?;
        self.file.sync()
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.faults.strike()?;
        self.file.is_at(path)
    }
}

impl Disk for FlakyDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let file = self.asked()?.create_new(path)?;
        Ok(Box::new(FlakyFile { file, faults: self.faults.clone() }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        let file = self.asked()?.open(path)?;
        Ok(Arc::new(FlakyReader { file, faults: self.faults.clone() }))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        self.asked()?.list(directory)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.asked()?.create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.asked()?.sync_dir(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.asked()?.remove(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.asked()?.remove_dir(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.asked()?.replace(path, bytes)
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.asked()?.replace_unsynced(path, bytes)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        self.asked()?.put_in_place(written, place)
    }

    fn room(&self, path: &Path) -> io::Result<Room> {
        self.asked()?.room(path)
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        self.asked()?.read(path, max_len)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.asked()?.try_lock(path)
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        self.asked()?.is_locked(path)
    }
}
