//! A disk that remembers every operation, fails on command, and says what a power cut would leave.
//!
//! [`SimulatedDisk`] behaves like the real one for its users. Beside that it records every step that changes something,
//! as a [`Trace`]. A [`Replay`] walks through such a trace and knows at every step which bytes and entries are durable
//! and which may be lost, and [`CrashStates`] turns that into [`Image`]s: disks as the machine may find them when the
//! power is back.

mod crash_states;
mod fault;
mod file;
mod image;
mod replay;
#[cfg(test)]
mod tests;
mod trace;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use xxhash_rust::xxh3::xxh3_64;

use super::file_tree::{FileTree, HeldLock, HoldsLocks};
use super::{AppendFile, DirEntry, Disk, Lock, Operation, Room};
use crate::format::ReadAt;
use file::SimulatedFile;

pub use crash_states::{CrashStates, Loss, left_after_each_step};
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
    tree: FileTree<FileId>,
    files: Vec<Arc<Vec<u8>>>,
    temporary_names: u64,
    process: u32,
    trace: Trace,
    operations: Vec<Operation>,
    fault: Option<Fault>,
    /// The lock file that another process replaces, and before which operation.
    theft: Option<(PathBuf, usize)>,
    /// The number of steps at that moment.
    stolen: Option<usize>,
    /// The lock file that a test watches, and the steps that were taken while it wasn't locked.
    watched: Option<(PathBuf, Vec<Step>)>,
    /// The number of bytes that there is room for.
    capacity: Option<usize>,
    /// True if its file system can't sync directories.
    refuses_directory_syncs: bool,
    /// The number of steps when the fault struck first.
    struck: Option<usize>,
    /// The number of operations that failed because of it.
    failures: usize,
}

impl SimulatedDisk {
    /// A disk that holds what `image` does, all of it durable.
    pub fn from_image(image: &Image) -> Self {
        let mut state = State::default();
        for (path, node) in image.nodes() {
            match node {
                Node::Directory => {
                    state.tree.directories.insert(path.path().to_path_buf());
                }
                Node::File(content) => {
                    let file = FileId(state.files.len());
                    state.files.push(Arc::clone(content.bytes()));
                    state.tree.files.insert(path.path().to_path_buf(), file);
                }
            }
        }
        state.trace = Trace::new(image.clone());
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// The content of the disk now, for a process that was merely killed: the page cache survives it.
    pub fn image(&self) -> Image {
        let state = self.state();
        let directories = state.tree.directories.iter().map(|path| (path.clone(), Node::Directory));
        let files = state.tree.files.iter().map(|(path, file)| {
            let bytes = state.files.get(file.0).cloned().unwrap_or_default();
            (path.clone(), Node::File(Content::new(bytes)))
        });
        directories.chain(files).collect()
    }

    /// The steps so far.
    pub fn trace(&self) -> Trace {
        self.state().trace.clone()
    }

    /// The number of steps so far.
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
        state.tree.locks.clear();
        state.process += 1;
    }

    /// Makes an operation fail.
    pub fn fail(&self, fault: Fault) {
        self.state().fault = Some(fault);
    }

    /// From now on its file system can't sync directories.
    pub fn refuse_directory_syncs(&self) {
        self.state().refuses_directory_syncs = true;
    }

    /// Before this operation, another process deletes a lock file and locks a new one.
    pub fn steal_lock(&self, path: PathBuf, at: usize) {
        self.state().theft = Some((path, at));
    }

    /// The number of steps after which a lock was stolen.
    pub fn stolen(&self) -> Option<usize> {
        self.state().stolen
    }

    /// From here on, notes the steps that are taken while a file isn't locked.
    pub fn watch_lock(&self, path: PathBuf) {
        self.state().watched = Some((path, Vec::new()));
    }

    /// The steps that were taken while the watched file wasn't locked.
    pub fn steps_without_lock(&self) -> Vec<Step> {
        self.state().watched.as_ref().map(|(_, steps)| steps.clone()).unwrap_or_default()
    }

    /// The steps since one of them.
    pub fn steps_since(&self, position: usize) -> Vec<Step> {
        self.state().trace.steps.iter().skip(position).cloned().collect()
    }

    /// Leaves room for this number of further bytes.
    pub fn leave_room_for(&self, bytes: usize) {
        let mut state = self.state();
        state.capacity = Some(state.used() + bytes);
    }

    /// Flips a bit as another program would, in what is there now and not in the trace.
    pub fn corrupt(&self, path: &Path, offset: usize) {
        let mut state = self.state();
        let Ok(file) = state.tree.file(path).copied() else { return };
        if let Some(bytes) = state.files.get_mut(file.0)
            && let Some(byte) = Arc::make_mut(bytes).get_mut(offset)
        {
            *byte ^= 0x10;
        }
    }

    /// The number of operations that were made to fail so far.
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
            state.tree.check_replaceable(path)?;
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
        state.tree.check_new(path)?;
        let file = state.create(path);
        Ok(Box::new(SimulatedFile::new(self.clone(), file)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        let state = self.begin(Operation::Open)?;
        let file = *state.tree.file(path)?;
        Ok(Arc::new(SimulatedFile::new(self.clone(), file)))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        let state = self.begin(Operation::List)?;
        state.tree.list(directory, |file| {
            let bytes = state.files.get(file.0);
            bytes.map_or((0, 0), |bytes| (bytes.len() as u64, xxh3_64(bytes)))
        })
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Operation::CreateDirectory)?;
        state.tree.check_new(path)?;
        state.tree.directories.insert(path.to_owned());
        state.note(What::CreateDirectory { path: Place::from(path) });
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let begun = self.begin(Operation::SyncDirectory).map(drop);
        let mut state = self.state();
        let synced = begun.and_then(|()| match state.refuses_directory_syncs {
            true => Err(io::ErrorKind::Unsupported.into()),
            false => state.tree.check_directory(path),
        });
        state.note(What::SyncDirectory { path: Place::from(path), succeeded: synced.is_ok() });
        synced
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Operation::Remove)?;
        let file = state.tree.remove(path)?;
        state.note(What::Remove { path: Place::from(path), file });
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin(Operation::Remove)?;
        state.tree.remove_directory(path)?;
        state.note(What::RemoveDirectory { path: Place::from(path) });
        Ok(())
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.replace_file(path, bytes, true)?;
        match self.sync_dir(path.parent().unwrap_or(path)) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
            synced => synced,
        }
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.replace_file(path, bytes, false)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        let mut state = self.begin(Operation::Replace)?;
        state.tree.check_replaceable(place)?;
        state.rename(written, place)
    }

    fn room(&self, _: &Path) -> io::Result<Room> {
        let state = self.state();
        let capacity = state.capacity.ok_or(io::ErrorKind::Unsupported)?;
        Ok(Room { free: capacity.saturating_sub(state.used()) as u64, file_system: 0 })
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        let state = self.begin(Operation::Read)?;
        let bytes = state.bytes(*state.tree.file(path)?)?;
        if bytes.len() > max_len {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.to_vec())
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let mut state = self.begin(Operation::Lock)?;
        state.tree.check_parent(path)?;
        if !state.tree.files.contains_key(path) {
            state.create(path);
        }
        let Some(number) = state.tree.take_lock(path) else { return Ok(None) };
        Ok(Some(Box::new(HeldLock { disk: self.clone(), path: path.to_owned(), number })))
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        Ok(self.begin(Operation::Lock)?.tree.locks.contains_key(path))
    }
}

impl State {
    fn begin(&mut self, operation: Operation) -> io::Result<()> {
        let number = self.operations.len();
        self.operations.push(operation);
        if let Some((path, _)) = self.theft.take_if(|(_, at)| number >= *at) {
            self.tree.force_lock(&path);
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
        let lengths = self.tree.files.values().filter_map(|file| self.files.get(file.0));
        lengths.map(|bytes| bytes.len()).sum()
    }

    /// The number of these bytes that there is room for.
    fn room_for(&self, bytes: usize) -> usize {
        let free = self.capacity.map(|capacity| capacity.saturating_sub(self.used()));
        free.map_or(bytes, |free| free.min(bytes))
    }

    fn note(&mut self, what: What) {
        let step = Step { process: self.process, what };
        if let Some((lock, steps)) = &mut self.watched
            && !self.tree.locks.contains_key(lock)
        {
            steps.push(step.clone());
        }
        self.trace.steps.push(step);
    }

    fn create(&mut self, path: &Path) -> FileId {
        let file = FileId(self.files.len());
        self.files.push(Arc::default());
        self.tree.files.insert(path.to_owned(), file);
        self.note(What::Create { path: Place::from(path), file });
        file
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let file = self.tree.remove(from)?;
        self.tree.files.insert(to.to_owned(), file);
        self.note(What::Rename { from: Place::from(from), to: Place::from(to), file });
        Ok(())
    }

    /// A name that no file has, not even one that a process on the disk of before a crash was writing.
    fn temporary_beside(&mut self, path: &Path) -> PathBuf {
        loop {
            self.temporary_names += 1;
            let mut name = path.file_name().unwrap_or_default().to_owned();
            name.push(format!(".{:016x}.new", self.temporary_names));
            let temporary = path.with_file_name(name);
            if !self.tree.exists(&temporary) {
                return temporary;
            }
        }
    }

    fn bytes(&self, file: FileId) -> io::Result<&Arc<Vec<u8>>> {
        self.files.get(file.0).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl HoldsLocks for SimulatedDisk {
    fn holder(&self, path: &Path) -> io::Result<Option<u64>> {
        Ok(self.begin(Operation::Exists)?.tree.locks.get(path).copied())
    }

    fn release(&self, path: &Path, number: u64) {
        let locks = &mut self.state().tree.locks;
        if locks.get(path) == Some(&number) {
            locks.remove(path);
        }
    }
}
