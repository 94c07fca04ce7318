//! A process's disk: the machine's, with what may befall an operation.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::World;
use super::world::WeakWorld;
use crate::disk::simulated_disk::SimulatedDisk;
use crate::disk::{AppendFile, DirEntry, Disk, Lock, Operation, Room};
use crate::format::ReadAt;

/// The part of a process that uses the disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// What keeps the replica. The world goes on between two operations of it.
    Keeper,
    /// The game, whose save is one moment to others.
    Game,
}

/// The disk of a machine as one of its processes has it.
#[derive(Clone, Debug)]
pub struct Desk {
    pub world: WeakWorld,
    pub machine: usize,
    /// The number of the process. What another one has left open does nothing any more.
    pub process: u64,
    pub role: Role,
    pub disk: SimulatedDisk,
}

/// Mishaps of a disk that last for a while.
#[derive(Clone, Debug, Default)]
pub struct Ills {
    pub full_until: u64,
    pub broken_until: u64,
    /// A file that can't be opened, and until when.
    pub locked: Option<(PathBuf, u64, io::ErrorKind)>,
}

impl Ills {
    pub fn error(&self, now: u64, operation: Operation, path: &Path) -> Option<io::Error> {
        use Operation::{Append, Create, CreateDirectory, Open, Read, Replace};
        let grows = matches!(operation, Append | Create | CreateDirectory | Replace);
        let opens = matches!(operation, Open | Read);
        match &self.locked {
            Some((locked, until, error)) if opens && now < *until && locked == path => {
                return Some((*error).into());
            }
            _ => {}
        }
        if grows && now < self.full_until {
            return Some(io::ErrorKind::StorageFull.into());
        }
        (now < self.broken_until).then(|| io::Error::other("input/output error"))
    }
}

impl Desk {
    fn begin(&self, operation: Operation, path: &Path) -> io::Result<()> {
        let world = self.world.get().ok_or_else(gone)?;
        if self.role == Role::Keeper {
            world.between_operations(self.machine);
        }
        world.operate(self, operation, path)
    }

    fn world(&self) -> Option<World> {
        self.world.get()
    }
}

pub fn gone() -> io::Error {
    io::Error::other("the process is dead")
}

impl Disk for Desk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        self.begin(Operation::Create, path)?;
        let file = self.disk.create_new(path)?;
        Ok(Box::new(DeskFile { desk: self.clone(), path: path.to_owned(), file }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        self.begin(Operation::Open, path)?;
        let file = self.disk.open(path)?;
        Ok(Arc::new(OpenFile { desk: self.clone(), path: path.to_owned(), file }))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        self.begin(Operation::List, directory)?;
        self.disk.list(directory)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.begin(Operation::CreateDirectory, path)?;
        self.disk.create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.begin(Operation::SyncDirectory, path)?;
        self.disk.sync_dir(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.begin(Operation::Remove, path)?;
        self.disk.remove(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.begin(Operation::Remove, path)?;
        self.disk.remove_dir(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.begin(Operation::Replace, path)?;
        self.disk.replace(path, bytes)
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.begin(Operation::Replace, path)?;
        self.disk.replace_unsynced(path, bytes)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        self.begin(Operation::Replace, place)?;
        self.disk.put_in_place(written, place)
    }

    fn room(&self, path: &Path) -> io::Result<Room> {
        self.disk.room(path)
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        self.begin(Operation::Read, path)?;
        self.disk.read(path, max_len)
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        self.begin(Operation::Lock, path)?;
        self.disk.try_lock(path)
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        self.begin(Operation::Lock, path)?;
        self.disk.is_locked(path)
    }
}

#[derive(Debug)]
struct DeskFile {
    desk: Desk,
    path: PathBuf,
    file: Box<dyn AppendFile>,
}

impl AppendFile for DeskFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.desk.begin(Operation::Append, &self.path).inspect_err(|_| {
            // A part of it may be there all the same, unless the process is dead.
            let is_alive = self.desk.world().is_some_and(|world| world.is_alive(&self.desk));
            if is_alive {
                let _ = self.file.append(&bytes[..bytes.len() / 2]);
            }
        })?;
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.desk.begin(Operation::Sync, &self.path)?;
        self.file.sync()
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        self.desk.begin(Operation::Exists, path)?;
        self.file.is_at(path)
    }
}

struct OpenFile {
    desk: Desk,
    path: PathBuf,
    file: Arc<dyn ReadAt>,
}

impl ReadAt for OpenFile {
    fn len(&self) -> io::Result<u64> {
        self.desk.begin(Operation::Read, &self.path)?;
        self.file.len()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.desk.begin(Operation::Read, &self.path)?;
        self.file.read_exact_at(offset, buffer)
    }
}
