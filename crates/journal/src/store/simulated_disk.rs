//! A disk that remembers every operation, fails on command, and says what a power cut would leave.
//!
//! [`SimulatedDisk`] behaves like the real one for who uses it. Beside that it writes down every
//! step that changes something, as a [`Trace`]. A [`Replay`] walks through such a trace and tells
//! at every step which bytes and entries are durable and which may be lost, and [`CrashStates`]
//! turns that into [`Image`]s: disks as the machine may find them when the power is back.

mod crash_states;
mod fault;
mod file;
mod image;
mod replay;
#[cfg(test)]
mod tests;
mod trace;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use xxhash_rust::xxh3::xxh3_64;

use super::{AppendFile, DirEntry, Disk, Lock, Operation, Room};
use crate::journal::ReadAt;
use file::SimulatedFile;

pub use crash_states::{CrashStates, Loss};
pub use fault::{Fault, FaultKind};
pub use image::{Content, Image, Node, Place};
pub use replay::{FileSystem, Replay};
pub use trace::{FileId, Step, Trace, What};

/// A file system in memory that remembers what was done to it. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    directories: BTreeMap<PathBuf, ()>,
    entries: BTreeMap<PathBuf, FileId>,
    files: Vec<Arc<Vec<u8>>>,
    locks: BTreeMap<PathBuf, u64>,
    next_lock: u64,
    temporary_names: u64,
    process: u32,
    trace: Trace,
    operations: Vec<Operation>,
    fault: Option<Fault>,
    /// The lock file that another process replaces, and before which operation.
    theft: Option<(PathBuf, usize)>,
    /// How many steps there were then.
    stolen: Option<usize>,
    /// The lock file that a test watches, and the steps that were taken while it wasn't locked.
    watched: Option<(PathBuf, Vec<Step>)>,
    /// How many bytes there is room for.
    capacity: Option<usize>,
    /// How many steps there were when the fault struck first.
    struck: Option<usize>,
    /// How many operations failed because of it.
    failures: usize,
}

impl SimulatedDisk {
    /// A disk that holds what `image` does, all of it durable.
    pub fn from_image(image: &Image) -> Self {
        let mut state = State::default();
        for (path, node) in image.nodes() {
            match node {
                Node::Directory => {
                    state.directories.insert(path.path().to_path_buf(), ());
                }
                Node::File(content) => {
                    let file = FileId(state.files.len());
                    state.files.push(Arc::clone(content.bytes()));
                    state.entries.insert(path.path().to_path_buf(), file);
                }
            }
        }
        state.trace = Trace::new(image.clone());
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// What is on the disk now, for a process that was merely killed: the page cache survives it.
    pub fn image(&self) -> Image {
        let state = self.state();
        let directories = state.directories.keys().map(|path| (path.clone(), Node::Directory));
        let files = state.entries.iter().map(|(path, file)| {
            let bytes = state.files.get(file.0).cloned().unwrap_or_default();
            (path.clone(), Node::File(Content::new(bytes)))
        });
        directories.chain(files).collect()
    }

    /// The steps so far.
    pub fn trace(&self) -> Trace {
        self.state().trace.clone()
    }

    /// How many steps there are so far.
    pub fn position(&self) -> usize {
        self.state().trace.steps.len()
    }

    /// Every operation that was attempted so far, reading ones included.
    pub fn operations(&self) -> Vec<Operation> {
        self.state().operations.clone()
    }

    /// Ends the process that uses the disk: its locks are released, and what it wrote stays.
    pub fn kill_process(&self) {
        let mut state = self.state();
        state.locks.clear();
        state.process += 1;
    }

    /// Makes an operation fail.
    pub fn fail(&self, fault: Fault) {
        self.state().fault = Some(fault);
    }

    /// Before this operation, another process deletes a lock file and locks a new one.
    pub fn steal_lock(&self, path: PathBuf, at: usize) {
        self.state().theft = Some((path, at));
    }

    /// After how many steps a lock was stolen.
    pub fn stolen(&self) -> Option<usize> {
        self.state().stolen
    }

    /// From here on, notes the steps that are taken while a file isn't locked.
    pub fn watch_lock(&self, path: PathBuf) {
        self.state().watched = Some((path, Vec::new()));
    }

    /// What was done while the watched file wasn't locked.
    pub fn steps_without_lock(&self) -> Vec<Step> {
        self.state().watched.as_ref().map(|(_, steps)| steps.clone()).unwrap_or_default()
    }

    /// What was done since a step.
    pub fn steps_since(&self, position: usize) -> Vec<Step> {
        self.state().trace.steps.iter().skip(position).cloned().collect()
    }

    /// Leaves room for so many bytes more than there are now.
    pub fn leave_room_for(&self, bytes: usize) {
        let mut state = self.state();
        state.capacity = Some(state.used() + bytes);
    }

    /// Flips a bit behind everybody's back, in what is there now and not in the trace.
    pub fn corrupt(&self, path: &Path, offset: usize) {
        let mut state = self.state();
        let Ok(file) = state.file(path) else { return };
        if let Some(bytes) = state.files.get_mut(file.0)
            && let Some(byte) = Arc::make_mut(bytes).get_mut(offset)
        {
            *byte ^= 0x10;
        }
    }

    /// How many operations were made to fail so far.
    pub fn failures(&self) -> usize {
        self.state().failures
    }

    /// Lets everything succeed again, and says after how many steps something failed first.
    pub fn heal(&self) -> Option<usize> {
        let mut state = self.state();
        state.fault = None;
        state.struck.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked elsewhere has left nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, unless this operation is to fail.
    fn begin(&self, operation: Operation) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.begin(operation)?;
        Ok(state)
    }

    fn replace_file(&self, path: &Path, bytes: &[u8], synced: bool) -> io::Result<()> {
        let temporary = self.state().temporary_beside(path);
        let replaced = self.write_new(&temporary, bytes, synced).and_then(|()| {
            let mut state = self.begin(Operation::Replace)?;
            if state.directories.contains_key(path) {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            state.rename(&temporary, path)
        });
        if replaced.is_err() {
            let _ = self.remove(&temporary);
        }
        replaced
    }

    fn write_new(&self, path: &Path, bytes: &[u8], synced: bool) -> io::Result<()> {
        let mut file = self.create_new(path)?;
        file.append(bytes)?;
        if synced { file.sync() } else { Ok(()) }
    }
}

impl Disk for SimulatedDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let mut state = self.begin(Operation::Create)?;
        state.check_new(path)?;
        let file = state.create(path);
        Ok(Box::new(SimulatedFile::new(self.clone(), file)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        let state = self.begin(Operation::Open)?;
        let file = state.file(path)?;
        Ok(Arc::new(SimulatedFile::new(self.clone(), file)))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        let state = self.begin(Operation::List)?;
        state.check_directory(directory)?;
        let directories = state.directories.keys().map(|path| (path, None));
        let files = state.entries.iter().map(|(path, file)| (path, state.files.get(file.0)));
        let mut entries: Vec<DirEntry> = directories
            .chain(files)
            .filter(|(path, _)| path.parent() == Some(directory))
            .filter_map(|(path, bytes)| {
                let name = path.file_name()?.to_str()?.to_owned();
                let (len, stamp) =
                    bytes.map_or((0, 0), |bytes| (bytes.len() as u64, xxh3_64(bytes)));
                let is_file = bytes.is_some();
                Some(DirEntry { name, is_dir: !is_file, is_file, len, stamp })
            })
            .collect();
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Operation::CreateDirectory)?;
        state.check_new(path)?;
        state.directories.insert(path.to_owned(), ());
        state.note(What::CreateDirectory { path: Place::from(path) });
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let begun = self.begin(Operation::SyncDirectory).map(drop);
        let mut state = self.state();
        let synced = begun.and_then(|()| state.check_directory(path));
        state.note(What::SyncDirectory { path: Place::from(path), succeeded: synced.is_ok() });
        synced
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Operation::Remove)?;
        let file = state.file(path)?;
        state.entries.remove(path);
        // Who makes another file of this name can lock that.
        state.locks.remove(path);
        state.note(What::Remove { path: Place::from(path), file });
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Operation::Remove)?;
        state.check_directory(path)?;
        let lies_in = |entry: &PathBuf| entry.parent() == Some(path);
        if state.entries.keys().any(lies_in) || state.directories.keys().any(lies_in) {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        state.directories.remove(path);
        state.note(What::RemoveDirectory { path: Place::from(path) });
        Ok(())
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.replace_file(path, bytes, true)?;
        self.sync_dir(path.parent().unwrap_or(path))
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.replace_file(path, bytes, false)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        let mut state = self.begin(Operation::Replace)?;
        if state.directories.contains_key(place) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        state.rename(written, place)
    }

    fn room(&self, _: &Path) -> io::Result<Room> {
        let state = self.state();
        let capacity = state.capacity.ok_or(io::ErrorKind::Unsupported)?;
        Ok(Room { free: capacity.saturating_sub(state.used()) as u64, file_system: 0 })
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        let state = self.begin(Operation::Read)?;
        let bytes = state.bytes(state.file(path)?)?;
        if bytes.len() > max_len {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.to_vec())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        let state = self.begin(Operation::Exists)?;
        Ok(state.is_directory(path) || state.entries.contains_key(path))
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let mut state = self.begin(Operation::Lock)?;
        state.check_parent(path)?;
        if !state.entries.contains_key(path) {
            state.create(path);
        }
        if state.locks.contains_key(path) {
            return Ok(None);
        }
        state.next_lock += 1;
        let number = state.next_lock;
        state.locks.insert(path.to_owned(), number);
        Ok(Some(Box::new(HeldLock { disk: self.clone(), path: path.to_owned(), number })))
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        Ok(self.begin(Operation::Lock)?.locks.contains_key(path))
    }
}

impl State {
    fn begin(&mut self, operation: Operation) -> io::Result<()> {
        let number = self.operations.len();
        self.operations.push(operation);
        if let Some((path, _)) = self.theft.take_if(|(_, at)| number >= *at) {
            self.next_lock += 1;
            self.locks.insert(path, self.next_lock);
            self.stolen = Some(self.trace.steps.len());
        }
        match &self.fault {
            Some(fault) if fault.strikes(number, operation, self.struck.is_some()) => {
                let position = self.trace.steps.len();
                self.struck.get_or_insert(position);
                self.failures += 1;
                Err(fault.kind.error())
            }
            _ => Ok(()),
        }
    }

    /// Bytes of all files that have a name.
    fn used(&self) -> usize {
        let lengths = self.entries.values().filter_map(|file| self.files.get(file.0));
        lengths.map(|bytes| bytes.len()).sum()
    }

    /// How many of these bytes there is room for.
    fn room_for(&self, bytes: usize) -> usize {
        let free = self.capacity.map(|capacity| capacity.saturating_sub(self.used()));
        free.map_or(bytes, |free| free.min(bytes))
    }

    fn note(&mut self, what: What) {
        let step = Step { process: self.process, what };
        if let Some((lock, steps)) = &mut self.watched
            && !self.locks.contains_key(lock)
        {
            steps.push(step.clone());
        }
        self.trace.steps.push(step);
    }

    fn create(&mut self, path: &Path) -> FileId {
        let file = FileId(self.files.len());
        self.files.push(Arc::default());
        self.entries.insert(path.to_owned(), file);
        self.note(What::Create { path: Place::from(path), file });
        file
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let file = self.file(from)?;
        self.entries.remove(from);
        self.entries.insert(to.to_owned(), file);
        self.note(What::Rename { from: Place::from(from), to: Place::from(to), file });
        Ok(())
    }

    fn temporary_beside(&mut self, path: &Path) -> PathBuf {
        self.temporary_names += 1;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{:016x}.new", self.temporary_names));
        path.with_file_name(name)
    }

    fn file(&self, path: &Path) -> io::Result<FileId> {
        self.entries.get(path).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn bytes(&self, file: FileId) -> io::Result<&Arc<Vec<u8>>> {
        self.files.get(file.0).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Whether there is such a directory. Roots, and the working directory, always are.
    fn is_directory(&self, path: &Path) -> bool {
        path.parent().is_none()
            || path.as_os_str().is_empty()
            || self.directories.contains_key(path)
    }

    fn check_directory(&self, path: &Path) -> io::Result<()> {
        if self.is_directory(path) { Ok(()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn check_parent(&self, path: &Path) -> io::Result<()> {
        path.parent().map_or(Ok(()), |parent| self.check_directory(parent))
    }

    fn check_new(&self, path: &Path) -> io::Result<()> {
        self.check_parent(path)?;
        if self.is_directory(path) || self.entries.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Ok(())
    }
}

#[derive(Debug)]
struct HeldLock {
    disk: SimulatedDisk,
    path: PathBuf,
    number: u64,
}

impl Lock for HeldLock {
    fn is_held(&self) -> io::Result<bool> {
        Ok(self.disk.begin(Operation::Exists)?.locks.get(&self.path) == Some(&self.number))
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        // The lock of a process that was killed may be another's by now.
        if state.locks.get(&self.path) == Some(&self.number) {
            state.locks.remove(&self.path);
        }
    }
}
