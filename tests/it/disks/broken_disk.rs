//! Disks that break one sentence of the contract each.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{mem, thread};

use bevy_session::MemoryDisk;
use bevy_session::library::disk::{AppendFile, DirEntry, Disk, Hold, Lock, ReadAt, Room};
use bevy_session_journal::disk::conformance::DiskUnderTest;

/// The way in which a disk is broken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    MakesParents,
    MakesDirectoriesTwice,
    ListsBackwards,
    ListsNothingWhereNothingIs,
    ListsNoLengths,
    #[cfg(unix)]
    ListsForeignNames,
    StampsNothing,
    RemovesWhatIsNotThere,
    RemovesFullDirectories,
    CreatesOver,
    CreatesInAGap,
    LeavesTemporaries,
    KeepsWhatIsPut,
    ComparesContent,
    DrawsFileSystems,
    ReadsWhatWas,
    FillsWithZeros,
    ReadsAPart,
    HasNoCopies,
    ReplacesInHalves,
    ReadsByName,
    LocksTwice,
    NeverReleases,
    SeesNoLock,
    CreatesToAsk,
    LocksInAGap,
    HidesLocks,
    HoldsForEver,
    LosesBytes,
    LosesEntries,
    BringsBack,
    LosesReplacements,
    LosesPlaces,
    LocksBeyondDeath,
    IsOfOneProcess,
    HasNoLocks,
}

/// Each way, and the sentence that it breaks.
pub const FAULTS: &[(Fault, &str)] = &[
    (Fault::MakesParents, "directories are made in directories, once"),
    (Fault::MakesDirectoriesTwice, "directories are made in directories, once"),
    (Fault::ListsBackwards, "a listing has what is in a directory, by name"),
    (Fault::ListsNothingWhereNothingIs, "a listing has what is in a directory, by name"),
    (Fault::ListsNoLengths, "a listing has what is in a directory, by name"),
    #[cfg(unix)]
    (Fault::ListsForeignNames, "names that aren't Unicode are left out"),
    (Fault::StampsNothing, "a stamp tells that a file is another one"),
    (Fault::RemovesWhatIsNotThere, "what is removed is gone"),
    (Fault::RemovesFullDirectories, "what is removed is gone"),
    (Fault::CreatesOver, "a file is created once"),
    (Fault::CreatesInAGap, "of those who create at once, one does"),
    (Fault::LeavesTemporaries, "small files are replaced"),
    (Fault::KeepsWhatIsPut, "a file takes the place of another"),
    (Fault::ComparesContent, "a writer knows its file from a copy"),
    (Fault::DrawsFileSystems, "the room is that of a file system"),
    (Fault::ReadsWhatWas, "a file grows while it is read"),
    (Fault::FillsWithZeros, "nothing is read past the end"),
    (Fault::ReadsAPart, "a small file is read whole"),
    (Fault::HasNoCopies, "a small file is read whole"),
    (Fault::ReplacesInHalves, "who reads while a file is replaced reads the one or the other"),
    (Fault::ReadsByName, "who reads a file that is replaced reads on"),
    (Fault::ReadsByName, "who reads a file that is removed reads on"),
    (Fault::LocksTwice, "one at a time holds a lock"),
    (Fault::NeverReleases, "one at a time holds a lock"),
    (Fault::SeesNoLock, "one at a time holds a lock"),
    (Fault::CreatesToAsk, "to ask about a lock creates nothing"),
    (Fault::LocksInAGap, "of those who lock at once, one does"),
    (Fault::HidesLocks, "a lock that is held is an entry"),
    (Fault::HoldsForEver, "without its entry, a lock is lost"),
    (Fault::IsOfOneProcess, "another process sees what is written"),
    (Fault::IsOfOneProcess, "another process sees a lock"),
    (Fault::LosesBytes, "what was synced survives"),
    (Fault::LosesEntries, "what was synced survives"),
    (Fault::BringsBack, "what was removed stays removed"),
    (Fault::LosesReplacements, "what was replaced is durable"),
    (Fault::LosesPlaces, "what took a place is durable"),
    (Fault::LocksBeyondDeath, "a machine that stopped holds no lock"),
];

/// The number of times that a thread steps back for another one.
const PATIENCE: usize = 20_000;

/// A disk in memory that is whole but for one fault. Clones share it.
#[derive(Clone, Debug)]
pub struct BrokenDisk {
    disk: MemoryDisk,
    fault: Option<Fault>,
    /// Counts those who came to the gap between a look and a change of a path.
    arrived: Arc<Mutex<BTreeMap<PathBuf, usize>>>,
    /// Counts reads of small files.
    reads: Arc<AtomicUsize>,
    /// A number that is another one each time.
    drawn: Arc<AtomicU64>,
    /// The number of holders of locks that are taken in a gap.
    holders: Arc<Mutex<BTreeMap<PathBuf, usize>>>,
}

impl BrokenDisk {
    /// A disk with this fault; a whole one without.
    pub fn new(fault: Option<Fault>) -> Self {
        Self {
            disk: MemoryDisk::default(),
            fault,
            arrived: Arc::default(),
            reads: Arc::default(),
            drawn: Arc::default(),
            holders: Arc::default(),
        }
    }

    /// A disk that has no locks, which is no fault.
    pub fn without_locks() -> Self {
        Self::new(Some(Fault::HasNoLocks))
    }

    /// The disk for the kit. After a power cut it has all that it had, but for the fault.
    pub fn under_test(self) -> DiskUnderTest {
        let (other, after) = (self.of_another_process(), self.clone());
        DiskUnderTest::new(Arc::new(self), "")
            .seen_by_another_process(Arc::new(other))
            .after_power_cut(move || after.after_power_cut())
    }

    fn of_another_process(&self) -> Self {
        match self.has(Fault::IsOfOneProcess) {
            true => Self { disk: self.disk.snapshot(), ..self.clone() },
            false => self.clone(),
        }
    }

    fn after_power_cut(&self) -> Arc<dyn Disk> {
        let disk = self.disk.snapshot();
        match self.fault {
            Some(Fault::LosesBytes) => disk.truncate(Path::new("inner/file"), 3),
            Some(Fault::LosesEntries) => disk.remove_all(Path::new("inner/file")),
            Some(Fault::BringsBack) => disk.put(Path::new("file"), b"one"),
            Some(Fault::LosesReplacements) => disk.put(Path::new("small"), b"first"),
            Some(Fault::LosesPlaces) => disk.remove_all(Path::new("slot")),
            Some(Fault::LocksBeyondDeath) => mem::forget(disk.try_lock(Path::new("lock"))),
            _ => {}
        }
        let fault = self.fault.filter(|fault| *fault == Fault::HasNoLocks);
        Arc::new(Self { disk, ..Self::new(fault) })
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// Waits until another thread is in the same gap, for a while.
    fn wait_in_gap(&self, path: &Path) {
        let arrived = count_up(&self.arrived, path);
        // The second of two goes on at once, and lets the first one go on.
        let both = arrived + arrived % 2;
        wait_until(|| lock(&self.arrived).get(path).is_some_and(|arrived| *arrived >= both));
    }

    fn is_held(&self, path: &Path) -> bool {
        lock(&self.holders).get(path).is_some_and(|holders| *holders > 0)
    }

    /// Puts the first half there, until somebody has read it.
    fn put_half(&self, path: &Path, bytes: &[u8]) {
        self.disk.put(path, &bytes[..bytes.len() / 2]);
        let seen = self.reads.load(Ordering::SeqCst) + 2;
        wait_until(|| self.reads.load(Ordering::SeqCst) >= seen);
    }

    fn guard(&self, path: &Path, lock: Option<Box<dyn Lock>>) -> Box<dyn Lock> {
        Box::new(BrokenLock { disk: self.clone(), path: path.to_owned(), lock })
    }

    fn lock_in_gap(&self, path: &Path) -> Option<Box<dyn Lock>> {
        if self.is_held(path) {
            return None;
        }
        self.wait_in_gap(path);
        count_up(&self.holders, path);
        Some(self.guard(path, None))
    }

    fn change_listing(&self, directory: &Path, entries: &mut Vec<DirEntry>) {
        match self.fault {
            Some(Fault::ListsBackwards) => entries.reverse(),
            Some(Fault::ListsNoLengths) => entries.iter_mut().for_each(|entry| entry.len = 0),
            Some(Fault::StampsNothing) => entries.iter_mut().for_each(|entry| entry.stamp = 1),
            Some(Fault::HidesLocks) => entries.retain(|entry| {
                !self.disk.is_locked(&directory.join(&entry.name)).is_ok_and(|held| held)
            }),
            #[cfg(unix)]
            Some(Fault::ListsForeignNames) => {
                let paths = self.disk.paths().into_iter().filter(|path| path.to_str().is_none());
                entries.extend(paths.map(|path| DirEntry {
                    name: path.to_string_lossy().into_owned(),
                    is_dir: false,
                    is_file: true,
                    len: 0,
                    stamp: 0,
                }));
            }
            _ => {}
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts one more for a path; how many there are then.
fn count_up(counts: &Mutex<BTreeMap<PathBuf, usize>>, path: &Path) -> usize {
    let mut counts = lock(counts);
    let count = counts.entry(path.to_owned()).or_default();
    *count += 1;
    *count
}

/// Lets other threads go first until something is so, or for long enough.
fn wait_until(is_so: impl Fn() -> bool) {
    (0..PATIENCE).take_while(|_| !is_so()).for_each(|_| thread::yield_now());
}

/// A success in place of an error of this kind.
fn overlook(result: io::Result<()>, kind: ErrorKind) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == kind => Ok(()),
        done => done,
    }
}

impl Disk for BrokenDisk {
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn AppendFile>> {
        match self.fault {
            Some(Fault::CreatesOver) => drop(self.disk.remove(path)),
            Some(Fault::CreatesInAGap) if self.disk.content(path).is_none() => {
                self.wait_in_gap(path);
                let _ = self.disk.remove(path);
            }
            _ => {}
        }
        let file = self.disk.create_new(path)?;
        Ok(Box::new(BrokenFile { disk: self.clone(), file, written: Vec::new() }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn ReadAt>> {
        let file = self.disk.open(path)?;
        if self.has(Fault::ReadsWhatWas) {
            return Ok(Arc::new(self.disk.content(path).unwrap_or_default()));
        }
        Ok(Arc::new(BrokenReader { disk: self.clone(), file, path: path.to_owned() }))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<DirEntry>> {
        let mut entries = match self.disk.list(directory) {
            Err(_) if self.has(Fault::ListsNothingWhereNothingIs) => Vec::new(),
            listed => listed?,
        };
        self.change_listing(directory, &mut entries);
        Ok(entries)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        if self.has(Fault::MakesParents) {
            path.ancestors().skip(1).for_each(|parent| drop(self.disk.create_dir(parent)));
        }
        let created = self.disk.create_dir(path);
        match self.has(Fault::MakesDirectoriesTwice) {
            true => overlook(created, ErrorKind::AlreadyExists),
            false => created,
        }
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let removed = self.disk.remove(path);
        match self.has(Fault::RemovesWhatIsNotThere) {
            true => overlook(removed, ErrorKind::NotFound),
            false => removed,
        }
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        match self.disk.remove_dir(path) {
            Err(_) if self.has(Fault::RemovesFullDirectories) => {
                self.disk.remove_all(path);
                Ok(())
            }
            removed => removed,
        }
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if self.has(Fault::ReplacesInHalves) {
            self.put_half(path, bytes);
        }
        if self.has(Fault::LeavesTemporaries) {
            self.disk.put(&path.with_extension("new"), bytes);
        }
        self.disk.replace(path, bytes)
    }

    fn put_in_place(&self, written: &Path, place: &Path) -> io::Result<()> {
        let content = self.disk.content(written);
        self.disk.put_in_place(written, place)?;
        if let Some(content) = content.filter(|_| self.has(Fault::KeepsWhatIsPut)) {
            self.disk.put(written, &content);
        }
        Ok(())
    }

    fn room(&self, path: &Path) -> io::Result<Room> {
        match self.has(Fault::DrawsFileSystems) {
            true => Ok(Room { free: 1, file_system: self.drawn.fetch_add(1, Ordering::SeqCst) }),
            false => self.disk.room(path),
        }
    }

    fn read(&self, path: &Path, max_len: usize) -> io::Result<Vec<u8>> {
        let read = match self.disk.read(path, max_len) {
            Err(error)
                if error.kind() == ErrorKind::FileTooLarge && self.has(Fault::ReadsAPart) =>
            {
                let mut bytes = self.disk.content(path).unwrap_or_default();
                bytes.truncate(max_len);
                Ok(bytes)
            }
            read => read,
        };
        self.reads.fetch_add(1, Ordering::SeqCst);
        read
    }

    fn copies(&self, path: &Path, max_len: usize) -> Vec<io::Result<Vec<u8>>> {
        match self.has(Fault::HasNoCopies) {
            true => Vec::new(),
            false => self.disk.copies(path, max_len),
        }
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Box<dyn Lock>>> {
        match self.fault {
            Some(Fault::HasNoLocks) => return Err(ErrorKind::Unsupported.into()),
            Some(Fault::LocksInAGap) => return Ok(self.lock_in_gap(path)),
            _ => {}
        }
        match self.disk.try_lock(path)? {
            None if self.has(Fault::LocksTwice) => Ok(Some(self.guard(path, None))),
            lock => Ok(lock.map(|lock| self.guard(path, Some(lock)))),
        }
    }

    fn is_locked(&self, path: &Path) -> io::Result<bool> {
        match self.fault {
            Some(Fault::HasNoLocks) => return Err(ErrorKind::Unsupported.into()),
            Some(Fault::LocksInAGap) => return Ok(self.is_held(path)),
            Some(Fault::SeesNoLock) => return Ok(false),
            Some(Fault::CreatesToAsk) => self.disk.put(path, b""),
            _ => {}
        }
        self.disk.is_locked(path)
    }
}

#[derive(Debug)]
struct BrokenFile {
    disk: BrokenDisk,
    file: Box<dyn AppendFile>,
    written: Vec<u8>,
}

impl AppendFile for BrokenFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written.extend_from_slice(bytes);
        self.file.append(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }

    fn is_at(&self, path: &Path) -> io::Result<bool> {
        match self.disk.has(Fault::ComparesContent) {
            true => Ok(self.disk.disk.content(path).as_ref() == Some(&self.written)),
            false => self.file.is_at(path),
        }
    }
}

struct BrokenReader {
    disk: BrokenDisk,
    file: Arc<dyn ReadAt>,
    path: PathBuf,
}

impl ReadAt for BrokenReader {
    fn len(&self) -> io::Result<u64> {
        match self.disk.has(Fault::ReadsByName) {
            true => self.disk.disk.open(&self.path)?.len(),
            false => self.file.len(),
        }
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        if self.disk.has(Fault::ReadsByName) {
            return self.disk.disk.open(&self.path)?.read_exact_at(offset, buffer);
        }
        match self.file.read_exact_at(offset, buffer) {
            Err(_) if self.disk.has(Fault::FillsWithZeros) => {
                buffer.fill(0);
                Ok(())
            }
            read => read,
        }
    }

    fn hold(&self) -> Hold {
        self.file.hold()
    }
}

#[derive(Debug)]
struct BrokenLock {
    disk: BrokenDisk,
    path: PathBuf,
    /// The lock of the disk below. None if it was given twice, or in a gap.
    lock: Option<Box<dyn Lock>>,
}

impl Lock for BrokenLock {
    fn is_held(&self) -> io::Result<bool> {
        if self.disk.has(Fault::LocksInAGap) {
            // Long enough for the other one to take it as well.
            wait_until(|| false);
        }
        match &self.lock {
            Some(lock) if !self.disk.has(Fault::HoldsForEver) => lock.is_held(),
            _ => Ok(true),
        }
    }
}

impl Drop for BrokenLock {
    fn drop(&mut self) {
        if self.disk.has(Fault::NeverReleases) {
            mem::forget(self.lock.take());
        }
        if self.disk.has(Fault::LocksInAGap)
            && let Some(holders) = lock(&self.disk.holders).get_mut(&self.path)
        {
            *holders -= 1;
        }
    }
}
