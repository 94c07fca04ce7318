//! A disk in memory: for tests, and for games that save nowhere.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use xxhash_rust::xxh3::xxh3_64;

use super::file_tree::{FileTree, HeldLock, HoldsLocks};
use super::{AppendFile, DirEntry, Disk, Lock, Room};
use crate::format::ReadAt;

/// A file system in memory. Clones share it.
///
/// It behaves like the real one, and on command it fails, damages a file, or hands out the copy
/// that a killed process would leave.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    state: Arc<Mutex<State>>,
}

/// An operation that can be made to fail.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Operation {
    /// Creating a file.
    Create,
    /// Appending to a file. A failing one appends the first half of its bytes, as on a full disk.
    Append,
    /// Making a file durable.
    Sync,
    /// Opening a file for reading.
    Open,
    /// Reading from a file.
    Read,
    /// Listing a directory.
    List,
    /// Creating a directory.
    CreateDirectory,
    /// Making a directory's entries durable.
    SyncDirectory,
    /// Removing a file or directory.
    Remove,
    /// Replacing a small file as a whole, or giving a finished slot its place.
    Replace,
    /// Taking a lock, or asking who holds it.
    Lock,
    /// Looking whether a file or directory is there.
    Exists,
}

#[derive(Debug, Default)]
struct State {
    tree: FileTree<Content>,
    failing_next: BTreeMap<Operation, VecDeque<io::ErrorKind>>,
    failing: BTreeMap<Operation, io::ErrorKind>,
    failing_after: BTreeMap<Operation, (usize, io::ErrorKind)>,
    /// Paths below which nothing can be changed.
    refused: BTreeMap<PathBuf, io::ErrorKind>,
    /// The number of bytes that there is room for, if that is bounded.
    capacity: Option<u64>,
    /// True if synced data may not survive a power cut.
    syncs_weakly: bool,
}

/// The bytes of a file, which stay readable for who has it open after it was removed.
type Content = Arc<Mutex<Vec<u8>>>;

impl MemoryDisk {
    /// Makes the next operation of this sort fail, after those that were ordered before.
    pub fn fail_next(&self, operation: Operation, error: io::ErrorKind) {
        self.state().failing_next.entry(operation).or_default().push_back(error);
    }

    /// Makes an operation of this sort fail, and all after it until [`Self::heal`], once this many have
    /// succeeded.
    pub fn fail_after(&self, operation: Operation, successes: usize, error: io::ErrorKind) {
        self.state().failing_after.insert(operation, (successes, error));
    }

    /// Makes every operation of this sort fail until [`Self::heal`].
    pub fn fail_always(&self, operation: Operation, error: io::ErrorKind) {
        self.state().failing.insert(operation, error);
    }

    /// Makes everything fail that changes something at or below this path, until [`Self::heal`]: a place without
    /// permission, a file system that is read-only. Reading still works.
    pub fn refuse_writes(&self, path: &Path, error: io::ErrorKind) {
        self.state().refused.insert(path.to_owned(), error);
    }

    /// Syncs succeed, and a power cut may take what was synced all the same, until [`Self::heal`]: a network drive, or a
    /// cache that the system can't reach.
    pub fn sync_weakly(&self) {
        self.state().syncs_weakly = true;
    }

    /// Leaves room for this number of further bytes, until [`Self::enlarge`].
    pub fn leave_room_for(&self, bytes: u64) {
        let mut state = self.state();
        state.capacity = Some(state.used() + bytes);
    }

    /// Takes away the bound on how much there is room for.
    pub fn enlarge(&self) {
        self.state().capacity = None;
    }

    /// Lets everything succeed again.
    pub fn heal(&self) {
        let mut state = self.state();
        state.failing.clear();
        state.failing_after.clear();
        state.failing_next.clear();
        state.refused.clear();
        state.syncs_weakly = false;
    }

    /// Flips bits of one byte. Does nothing if it isn't there.
    pub fn corrupt(&self, path: &Path, offset: usize, flipped_bits: u8) {
        let content = self.state().tree.files.get(path).cloned();
        if let Some(content) = content
            && let Some(byte) = lock(&content).get_mut(offset)
        {
            *byte ^= flipped_bits;
        }
    }

    /// Cuts a file off. Does nothing if it isn't there.
    pub fn truncate(&self, path: &Path, len: usize) {
        let content = self.state().tree.files.get(path).cloned();
        if let Some(content) = content {
            lock(&content).truncate(len);
        }
    }

    /// Removes a file, or a directory with everything in it, as another program would.
    pub fn remove_all(&self, path: &Path) {
        let mut state = self.state();
        state.tree.directories.retain(|directory| !directory.starts_with(path));
        state.tree.files.retain(|file, _| !file.starts_with(path));
        state.tree.locks.retain(|lock, _| !lock.starts_with(path));
    }

    /// Copies a file of another disk, or a directory with everything in it, as a cloud would.
    pub fn take_from(&self, other: &Self, path: &Path) {
        let copy = other.snapshot();
        let (mut taken, mut state) = (copy.state(), self.state());
        let directories = std::mem::take(&mut taken.tree.directories).into_iter();
        state.tree.directories.extend(directories.filter(|directory| directory.starts_with(path)));
        let files = std::mem::take(&mut taken.tree.files).into_iter();
        state.tree.files.extend(files.filter(|(file, _)| file.starts_with(path)));
    }

    /// The content of a file; `None` if it isn't there.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let content = self.state().tree.files.get(path).cloned()?;
        let bytes = lock(&content).clone();
        Some(bytes)
    }

    /// Puts a file there, and the directories that lead to it, as another program would.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.state();
        state.tree.directories.extend(path.ancestors().skip(1).map(Path::to_owned));
        state.tree.files.insert(path.to_owned(), Arc::new(Mutex::new(bytes.to_vec())));
    }

    /// A copy that shares nothing: what a killed process leaves, with its locks released.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        let state = self.state();
        let files = state.tree.files.iter().map(|(path, content)| {
            let bytes = lock(content).clone();
            (path.clone(), Arc::new(Mutex::new(bytes)))
        });
        let tree = FileTree::of(state.tree.directories.clone(), files.collect());
        let copy = State { tree, ..State::default() };
        Self { state: Arc::new(Mutex::new(copy)) }
    }

    /// The paths of all files.
    #[must_use]
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state().tree.files.keys().cloned().collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The state, unless this operation was ordered to fail.
    fn begin(&self, operation: Operation) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.take_failure(operation)?;
        Ok(state)
    }

    /// The same for one that changes something.
    fn begin_change(&self, operation: Operation, path: &Path) -> io::Result<MutexGuard<'_, State>> {
        let state = self.begin(operation)?;
        let mut refused = state.refused.iter();
        match refused.find(|(root, _)| path.starts_with(root)).map(|(_, error)| *error) {
            Some(error) => Err(error.into()),
            None => Ok(state),
        }
    }
}

impl Disk for MemoryDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        let mut state = self.begin_change(Operation::Create, path)?;
        state.tree.check_new(path)?;
        let content = Content::default();
        state.tree.files.insert(path.to_owned(), Arc::clone(&content));
        Ok(Box::new(OpenFile { disk: self.clone(), path: path.to_owned(), content }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        let state = self.begin(Operation::Open)?;
        let content = Arc::clone(state.tree.file(path)?);
        Ok(Arc::new(OpenFile { disk: self.clone(), path: path.to_owned(), content }))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        self.begin(Operation::List)?.tree.list(directory, |content| {
            let bytes = lock(content);
            (bytes.len() as u64, xxh3_64(&bytes))
        })
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin_change(Operation::CreateDirectory, path)?;
        state.tree.check_new(path)?;
        state.tree.directories.insert(path.to_owned());
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.begin(Operation::SyncDirectory)?.tree.check_directory(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.begin_change(Operation::Remove, path)?.tree.remove(path).map(drop)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.begin_change(Operation::Remove, path)?.tree.remove_directory(path)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.begin_change(Operation::Replace, path)?;
        state.tree.check_parent(path)?;
        state.check_room(bytes.len())?;
        state.tree.check_replaceable(path)?;
        state.tree.files.insert(path.to_owned(), Arc::new(Mutex::new(bytes.to_vec())));
        Ok(())
    }

    fn replace_unsynced(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.replace(path, bytes)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        let mut state = self.begin_change(Operation::Replace, place)?;
        let content = Arc::clone(state.tree.file(written)?);
        state.tree.check_replaceable(place)?;
        state.tree.files.remove(written);
        state.tree.files.insert(place.to_owned(), content);
        Ok(())
    }

    fn room(&self, _: &Path) -> io::Result<Room> {
        let state = self.state();
        // Memory has no bound that would be worth keeping room for.
        let capacity = state.capacity.ok_or(io::ErrorKind::Unsupported)?;
        Ok(Room { free: capacity.saturating_sub(state.used()), file_system: 0 })
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        let state = self.begin(Operation::Read)?;
        let bytes = lock(state.tree.file(path)?).clone();
        if bytes.len() > max_len {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes)
    }

    fn covers_power_cuts(&self) -> bool {
        !self.state().syncs_weakly
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        let mut state = self.begin_change(Operation::Lock, path)?;
        state.tree.check_parent(path)?;
        state.tree.files.entry(path.to_owned()).or_default();
        let Some(number) = state.tree.take_lock(path) else { return Ok(None) };
        Ok(Some(Box::new(HeldLock { disk: self.clone(), path: path.to_owned(), number })))
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        Ok(self.begin(Operation::Lock)?.tree.locks.contains_key(path))
    }
}

impl State {
    fn take_failure(&mut self, operation: Operation) -> io::Result<()> {
        let next = self.failing_next.get_mut(&operation).and_then(VecDeque::pop_front);
        let later = self.failing_after.get_mut(&operation).and_then(|(successes, error)| {
            let is_over = *successes == 0;
            *successes = successes.saturating_sub(1);
            is_over.then_some(*error)
        });
        match next.or(later).or_else(|| self.failing.get(&operation).copied()) {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    /// Bytes of all files.
    fn used(&self) -> u64 {
        self.tree.files.values().map(|content| lock(content).len() as u64).sum()
    }

    /// Returns an error if there is no room for this number of further bytes.
    fn check_room(&self, bytes: usize) -> io::Result<()> {
        let has_room = self.capacity.is_none_or(|capacity| self.used() + bytes as u64 <= capacity);
        if has_room { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }
}

#[derive(Debug)]
struct OpenFile {
    disk: MemoryDisk,
    /// The path by which it was opened.
    path: PathBuf,
    content: Content,
}

impl AppendFile for OpenFile {
    fn is_at(&self, path: &Path) -> io::Result<bool> {
        let state = self.disk.begin(Operation::Exists)?;
        Ok(state.tree.files.get(path).is_some_and(|there| Arc::ptr_eq(there, &self.content)))
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let permitted = self.disk.begin_change(Operation::Append, &self.path);
        let permitted = permitted.and_then(|state| state.check_room(bytes.len()));
        let appended = match permitted {
            Ok(()) => bytes,
            Err(_) => bytes.get(..bytes.len() / 2).unwrap_or_default(),
        };
        lock(&self.content).extend_from_slice(appended);
        permitted
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.begin(Operation::Sync).map(drop)
    }
}

impl ReadAt for OpenFile {
    fn len(&self) -> io::Result<u64> {
        self.disk.begin(Operation::Read).map(drop)?;
        ReadAt::len(&*lock(&self.content))
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.disk.begin(Operation::Read).map(drop)?;
        lock(&self.content).read_exact_at(offset, buffer)
    }
}

impl HoldsLocks for MemoryDisk {
    fn holder(&self, path: &Path) -> io::Result<Option<u64>> {
        Ok(self.begin(Operation::Exists)?.tree.locks.get(path).copied())
    }

    fn release(&self, path: &Path, number: u64) {
        let tree = &mut self.state().tree;
        if tree.locks.get(path) == Some(&number) {
            tree.locks.remove(path);
            // Without its lock it is of no use.
            tree.files.remove(path);
        }
    }
}

/// A thread that panicked in between has left nothing half done that matters to anyone else.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
