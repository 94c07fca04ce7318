//! A disk that counts what is done to it.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::disk::{AppendFile, DirEntry, Disk, Lock, MemoryDisk, Room};
use crate::format::{Hold, ReadAt};

/// Another disk, and how many operations were asked of it and of its files.
#[derive(Clone, Debug)]
pub struct CountingDisk {
    disk: MemoryDisk,
    count: Arc<AtomicUsize>,
    /// Of these, those with the records of processes and their locks.
    records: Arc<AtomicUsize>,
}

impl CountingDisk {
    pub fn new(disk: MemoryDisk) -> Self {
        Self { disk, count: Arc::default(), records: Arc::default() }
    }

    pub fn records(&self) -> usize {
        self.records.load(Ordering::Relaxed)
    }

    fn note(&self, path: &Path) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        self.records.fetch_add(usize::from(name.starts_with("process-")), Ordering::Relaxed);
    }

    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    fn counted(&self) -> &MemoryDisk {
        self.count.fetch_add(1, Ordering::Relaxed);
        &self.disk
    }
}

struct CountingFile {
    file: Arc<dyn ReadAt>,
    count: Arc<AtomicUsize>,
}

impl ReadAt for CountingFile {
    fn len(&self) -> io::Result<u64> {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.file.len()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.file.read_exact_at(offset, buffer)
    }

    fn hold(&self) -> Hold {
        self.file.hold()
    }
}

impl Disk for CountingDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        self.counted().create_new(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        let file = self.counted().open(path)?;
        Ok(Arc::new(CountingFile { file, count: Arc::clone(&self.count) }))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        self.counted().list(directory)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.counted().create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.counted().sync_dir(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.counted().remove(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.counted().remove_dir(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.counted().replace(path, bytes)
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.counted().replace_unsynced(path, bytes)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        self.counted().put_in_place(written, place)
    }

    fn room(&self, path: &Path) -> io::Result<Room> {
        self.counted().room(path)
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        self.note(path);
        self.counted().read(path, max_len)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.counted().try_lock(path)
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        self.note(path);
        self.counted().is_locked(path)
    }
}
