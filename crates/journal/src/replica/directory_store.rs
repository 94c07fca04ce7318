//! A replica in a directory, as of a network drive, or of another disk of the same machine.
//!
//! `create` has to be exclusive, whole, durable and listed before it answers, and an exclusive create that is followed
//! by a write is none of that: a process that dies between leaves a torn entry, which blocks its position for good. So
//! the bytes are written to a file that only this process knows and synced; then that file gets the object's name by a
//! hard link, which the system makes in one step or refuses because the name is there; then the directory is synced, so
//! that the name survives as well. Only then it is answered. A name that was there already may be another process's of
//! which the directory isn't synced yet: so it is synced before *Existed* is answered too, and before a listing is, for
//! a machine that counts on a seal that a power cut then takes would be deceived. A session's objects are in one
//! directory, so that a listing costs one sync.
//!
//! Files that are written and haven't got their names yet are in a directory of the process, which holds a lock beside
//! it; those of processes that are gone are removed when the store is opened.

#![expect(
    clippy::disallowed_methods,
    reason = "this store is a directory; nothing else of the journal writes there"
)]

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Created, Key, Listing, ReplicaStore, StoreFault};
use crate::disk::{Disk, Lock, RealDisk, sync_all};
use crate::model::ids::{SessionId, random_u64};

/// The directory of files that have no name of an object yet.
const UNFINISHED: &str = "unfinished";

/// A store in a directory.
///
/// Processes on one machine may share it, and machines on a network drive whose file system has hard links and tells
/// the truth about syncs.
#[derive(Debug)]
pub struct DirectoryReplica {
    root: PathBuf,
    /// The directory in which this process writes files that have no name yet.
    unfinished: PathBuf,
    /// Says to others that this process lives; absent where the file system has no locks.
    lock: Option<Box<dyn Lock>>,
    /// Sessions whose directory is durable.
    known: Mutex<BTreeSet<SessionId>>,
}

impl DirectoryReplica {
    /// Opens a store, and makes its directory if need be.
    ///
    /// Fails where the directory can't be made or written.
    pub fn open(root: &Path) -> io::Result<Self> {
        let all = root.join(UNFINISHED);
        create_directories(&all)?;
        remove_abandoned(&all);
        let unfinished = all.join(format!("{:016x}", random_u64()));
        // Before the directory, so that no process finds that without its lock and takes it for abandoned.
        let lock = RealDisk.try_lock(&lock_of(&unfinished)).ok().flatten();
        create_directory(&unfinished)?;
        Ok(Self { root: root.to_owned(), unfinished, lock, known: Mutex::default() })
    }

    fn directory(&self, session: SessionId) -> PathBuf {
        self.root.join(session.to_string())
    }

    fn known(&self) -> MutexGuard<'_, BTreeSet<SessionId>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, key: Key) -> PathBuf {
        self.directory(key.session()).join(key.name())
    }

    fn try_create(&self, key: Key, bytes: &[u8]) -> io::Result<Created> {
        let directory = self.directory(key.session());
        if !self.known().contains(&key.session()) {
            create_directory(&directory)?;
            self.known().insert(key.session());
        }
        let written = self.unfinished.join(format!("{:016x}", random_u64()));
        let linked = write_new(&written, bytes)
            .and_then(|()| fs::hard_link(&written, directory.join(key.name())));
        // It has its name by now, or is of no use.
        let _ = fs::remove_file(&written);
        let created = match linked {
            Ok(()) => Created::New,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Created::Existed,
            Err(error) => {
                // The directory may be gone, so it is made once more.
                self.known().remove(&key.session());
                return Err(error);
            }
        };
        sync_directory(&directory)?;
        Ok(created)
    }

    fn try_list(&self, session: SessionId) -> io::Result<Listing> {
        let directory = self.directory(session);
        let mut listing = Listing::default();
        let entries = match fs::read_dir(&directory) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.require_store()?;
                return Ok(listing);
            }
            entries => entries?,
        };
        for entry in entries {
            let name = entry?.file_name();
            name.to_str()
                .and_then(|name| Key::of_name(session, name))
                .into_iter()
                .for_each(|key| listing.add(key));
        }
        sync_directory(&directory)?;
        Ok(listing)
    }

    /// A drive that isn't there has nothing, and neither has the directory in its place: that is no answer.
    fn require_store(&self) -> io::Result<()> {
        match self.unfinished.is_dir() {
            true => Ok(()),
            false => Err(io::Error::other("its directory isn't there")),
        }
    }

    fn try_read(&self, key: Key) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path(key)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.require_store().map(|()| None)
            }
            read => read.map(Some),
        }
    }

    fn try_delete(&self, key: Key) -> io::Result<()> {
        match fs::remove_file(self.path(key)) {
            Err(error) if error.kind() == ErrorKind::NotFound => self.require_store(),
            removed => removed,
        }
    }

    fn try_sessions(&self) -> io::Result<Vec<SessionId>> {
        self.require_store()?;
        let names = fs::read_dir(&self.root)?.map(|entry| Ok(entry?.file_name()));
        let names: Vec<_> = names.collect::<io::Result<_>>()?;
        let mut sessions: Vec<SessionId> =
            names.iter().filter_map(|name| name.to_str()?.parse().ok()).collect();
        sessions.sort();
        Ok(sessions)
    }
}

impl ReplicaStore for DirectoryReplica {
    fn create(&self, key: Key, bytes: &[u8]) -> Result<Created, StoreFault> {
        self.try_create(key, bytes).map_err(|error| StoreFault::new(key, error))
    }

    fn read(&self, key: Key) -> Result<Option<Vec<u8>>, StoreFault> {
        self.try_read(key).map_err(|error| StoreFault::new(key, error))
    }

    fn list(&self, session: SessionId) -> Result<Listing, StoreFault> {
        self.try_list(session).map_err(|error| StoreFault::new(session, error))
    }

    fn delete(&self, key: Key) -> Result<(), StoreFault> {
        self.try_delete(key).map_err(|error| StoreFault::new(key, error))
    }

    fn sessions(&self) -> Result<Vec<SessionId>, StoreFault> {
        self.try_sessions().map_err(|error| StoreFault::new(self.root.display(), error))
    }
}

impl Drop for DirectoryReplica {
    /// Removes the unfinished files. Any that stay are removed by the next process that opens the store.
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.unfinished);
        self.lock = None;
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    sync_all(&file)
}

/// Makes a directory whose parent is there. Its name is durable afterwards, even if another process made it.
fn create_directory(path: &Path) -> io::Result<()> {
    match RealDisk.create_dir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        created => created?,
    }
    path.parent().map_or(Ok(()), sync_directory)
}

fn create_directories(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    path.parent().map_or(Ok(()), create_directories)?;
    create_directory(path)
}

fn sync_directory(path: &Path) -> io::Result<()> {
    RealDisk.sync_dir(path)
}

/// The file that a process holds locked while its directory is in use.
fn lock_of(unfinished: &Path) -> PathBuf {
    unfinished.with_extension("lock")
}

/// Removes unfinished files of processes that are gone. On a file system without locks they stay.
fn remove_abandoned(all: &Path) {
    let Ok(entries) = fs::read_dir(all) else { return };
    let directories = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir());
    for directory in directories {
        let lock = lock_of(&directory);
        if lock.exists()
            && let Ok(Some(_lock)) = RealDisk.try_lock(&lock)
        {
            let _ = fs::remove_dir_all(&directory);
        }
    }
}
