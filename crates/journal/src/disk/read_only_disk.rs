//! A disk that is only looked at.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::{AppendFile, DirEntry, Disk, Lock, Room};
use crate::format::ReadAt;

/// Another disk, of which nothing but reading gets through: for programs that look at a game's files
/// while it runs, and must not get in its way.
///
/// Every change fails with [`io::ErrorKind::ReadOnlyFilesystem`]. Locks count as not supported, since even asking for
/// one can make the game's own attempt fail.
#[derive(Clone, Debug)]
pub struct ReadOnlyDisk(Arc<dyn Disk>);

impl ReadOnlyDisk {
    /// The same files, to be looked at.
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self(disk)
    }
}

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for ReadOnlyDisk {
    fn create_new(&self, _: &Path) -> io::Result<Box<dyn AppendFile>> {
        refused()
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        self.0.open(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        self.0.list(directory)
    }

    fn create_dir(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn remove(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn remove_dir(&self, _: &Path) -> io::Result<()> {
        refused()
    }

    fn replace(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        refused()
    }

    fn replace_unsynced(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        refused()
    }

    fn put_in_place(&self, _: &Path, _: &Path) -> io::Result<()> {
        refused()
    }

    fn room(&self, path: &Path) -> io::Result<Room> {
        self.0.room(path)
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        self.0.read(path, max_len)
    }

    fn copies(&self, path: &Path, max_len: usize) -> Vec<io::Result<Vec<u8>>> {
        self.0.copies(path, max_len)
    }

    fn covers_power_cuts(&self) -> bool {
        self.0.covers_power_cuts()
    }

    fn try_lock(&self, _: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn is_locked(&self, _: &Path) -> io::Result<bool> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Layout, LocalStore, MemoryDisk};

    #[test]
    fn a_read_only_disk_refuses_every_change() {
        let disk = MemoryDisk::default();
        disk.create_dir(Path::new("data")).unwrap();
        disk.replace(Path::new("data/note"), b"here").unwrap();
        let before = disk.paths();
        let looking = ReadOnlyDisk::new(Arc::new(disk.clone()));
        let path = Path::new("data/note");
        assert_eq!(looking.read(path, 10).unwrap(), b"here");
        assert!(looking.remove(path).is_err() && looking.replace(path, b"x").is_err());
        assert!(looking.create_new(Path::new("data/new")).is_err());
        assert!(looking.try_lock(Path::new("data/lock")).is_err());
        let layout =
            Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
        let local = LocalStore::new(Arc::new(looking), layout);
        assert!(!local.is_elsewhere(1), "who has no id takes no run for another machine's");
        assert_eq!(disk.paths(), before);
        assert_eq!(disk.content(path).as_deref(), Some(&b"here"[..]));
    }
}
