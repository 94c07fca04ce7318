//! The move of a session from one directory to another, which may be on another disk: a slice at a time.
//!
//! The order is what makes it safe, see `archive_disk.rs`: the directory that is copied to is marked; the files are copied
//! there, each beside its place, synced, read back and renamed; the one that was copied from is marked; the mark of the other
//! goes; what was copied goes, and its mark last. Each step is durable before the next one.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;

use super::is_missing;
use super::marks::{clear_mark, is_marked, is_of_session, set_mark};
use crate::disk::directory::create_directory;
use crate::disk::directory_syncs::has_no_syncs;
use crate::disk::error::Attempt;
use crate::disk::{AppendFile, DirEntry, Disk, Layout, StoreAction, StoreError};
use crate::format::ReadAt;

/// Bytes that are copied, or read back, in one slice.
const SLICE_BYTES: usize = if cfg!(test) { 64 } else { 1 << 20 };

/// The move of a session from one directory to another. Its lock is held.
#[derive(Debug)]
pub struct Relocation {
    disk: Arc<dyn Disk>,
    from: PathBuf,
    to: PathBuf,
    /// The directory above the one that is copied to, below which directories are made.
    root: PathBuf,
    /// True if that is made as well.
    makes_root: bool,
    /// The number of the place of archives.
    place: u64,
    stage: Stage,
}

/// The next thing to do.
#[derive(Debug)]
enum Stage {
    Preparing,
    Copying {
        /// The files as they were when the move began.
        all: Vec<DirEntry>,
        waiting: VecDeque<String>,
        current: Option<Box<FileCopy>>,
    },
    Turning,
    Done,
}

impl Relocation {
    pub(super) fn new(
        disk: &Arc<dyn Disk>,
        (from, to): (PathBuf, PathBuf),
        root: PathBuf,
        place: u64,
    ) -> Self {
        let (disk, stage) = (Arc::clone(disk), Stage::Preparing);
        Self { disk, from, to, root, makes_root: false, place, stage }
    }

    /// Makes the directory above all that it makes, too.
    pub(super) fn making_root(self) -> Self {
        Self { makes_root: true, ..self }
    }

    /// Everything was copied already, and the other directory counts.
    pub(super) fn turned(self) -> Self {
        Self { stage: Stage::Turning, ..self }
    }

    /// Does the next slice. Returns true if there is more to do.
    ///
    /// # Errors
    ///
    /// [`StoreError`]. Then the session is whole in one of the two directories, and that one counts.
    pub fn step(&mut self) -> Result<bool, StoreError> {
        match &mut self.stage {
            Stage::Preparing => {
                let all = self.prepare()?;
                let waiting = all.iter().map(|entry| entry.name.clone()).collect();
                self.stage = Stage::Copying { all, waiting, current: None };
            }
            Stage::Copying { waiting, current, all } => {
                if let Some(copy) = current {
                    if !copy.step(&*self.disk)? {
                        *current = None;
                    }
                } else if let Some(name) = waiting.pop_front() {
                    let (from, to) = (self.from.join(&name), self.to.join(&name));
                    *current = Some(Box::new(FileCopy::begin(&*self.disk, from, to)?));
                } else {
                    let all = std::mem::take(all);
                    self.refuse_if_changed(&all)?;
                    self.stage = Stage::Turning;
                }
            }
            Stage::Turning => {
                self.turn()?;
                self.clear()?;
                self.stage = Stage::Done;
            }
            Stage::Done => {}
        }
        Ok(!matches!(self.stage, Stage::Done))
    }

    /// Makes the directory that is copied to and marks it. Returns the files to be copied.
    fn prepare(&self) -> Result<Vec<DirEntry>, StoreError> {
        let disk = &*self.disk;
        if self.makes_root {
            for changed in create_directory(disk, &self.root)? {
                sync(disk, &changed).attempt(StoreAction::SyncDirectory, &changed)?;
            }
        }
        // One at a time: a place whose disk isn't mounted any more isn't made.
        let inside = self.to.strip_prefix(&self.root).unwrap_or(&self.to);
        let mut directory = self.root.clone();
        for part in inside.components() {
            let above = directory.clone();
            directory.push(part);
            match disk.create_dir(&directory) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made.attempt(StoreAction::CreateDirectory, &directory)?,
            }
            // One that is there already may have been made by a process that stopped before it synced it.
            sync(disk, &above).attempt(StoreAction::SyncDirectory, &above)?;
        }
        let was_marked = is_marked(disk, &self.to).attempt(StoreAction::LookFor, &self.to)?;
        set_mark(disk, &self.to, self.place)?;
        for entry in list(disk, &self.to)? {
            let is_left = was_marked && is_of_session(&entry.name);
            if is_left || Layout::place_of_unfinished(&entry.name).is_some() {
                remove(disk, &self.to.join(&entry.name))?;
            }
        }
        self.files()
    }

    /// The files that are the session.
    fn files(&self) -> Result<Vec<DirEntry>, StoreError> {
        let mut entries = list(&*self.disk, &self.from)?;
        entries.retain(|entry| is_of_session(&entry.name));
        match entries.iter().find(|entry| !entry.is_file) {
            Some(other) => {
                let (path, source) = (self.from.join(&other.name), io::ErrorKind::IsADirectory);
                Err(io::Error::from(source)).attempt(StoreAction::Read, &path)
            }
            None => Ok(entries),
        }
    }

    /// A process of which no lock says so may have written to the session.
    fn refuse_if_changed(&self, before: &[DirEntry]) -> Result<(), StoreError> {
        match self.files()? == before {
            true => Ok(()),
            false => {
                let busy = io::Error::from(io::ErrorKind::ResourceBusy);
                Err(busy).attempt(StoreAction::Read, &self.from)
            }
        }
    }

    /// From the first mark on that is durable here, or the other one that is gone, the other directory counts.
    fn turn(&self) -> Result<(), StoreError> {
        sync(&*self.disk, &self.to).attempt(StoreAction::SyncDirectory, &self.to)?;
        set_mark(&*self.disk, &self.from, self.place)?;
        clear_mark(&*self.disk, &self.to)
    }

    /// Removes what was copied.
    fn clear(&self) -> Result<(), StoreError> {
        let (disk, from) = (&*self.disk, &self.from);
        for entry in list(disk, from)? {
            if !Layout::is_elsewhere_name(&entry.name) {
                remove(disk, &from.join(&entry.name))?;
            }
        }
        // Without the mark, what a power cut brings back would be the session.
        sync(disk, from).attempt(StoreAction::SyncDirectory, from)?;
        clear_mark(disk, from)?;
        disk.remove_dir(from).attempt(StoreAction::RemoveDirectory, from)?;
        let above = from.parent().unwrap_or(from);
        sync(disk, above).attempt(StoreAction::SyncDirectory, above)
    }
}

/// Makes a directory's entries durable, as far as its file system can.
pub(super) fn sync(disk: &dyn Disk, directory: &Path) -> io::Result<()> {
    match disk.sync_dir(directory) {
        Err(error) if has_no_syncs(&error) => Ok(()),
        synced => synced,
    }
}

fn list(disk: &dyn Disk, directory: &Path) -> Result<Vec<DirEntry>, StoreError> {
    disk.list(directory).attempt(StoreAction::List, directory)
}

fn remove(disk: &dyn Disk, path: &Path) -> Result<(), StoreError> {
    match disk.remove(path) {
        Err(error) if is_missing(&error) => Ok(()),
        removed => removed.attempt(StoreAction::RemoveFile, path),
    }
}

/// A file that is being copied.
struct FileCopy {
    from: PathBuf,
    to: PathBuf,
    /// The path at which it is written.
    unfinished: PathBuf,
    source: Arc<dyn ReadAt>,
    len: u64,
    /// The bytes that were copied, or read back, so far, and their hash.
    done: u64,
    hasher: Xxh3,
    /// The copy that is written; `None` once it is read back.
    written: Option<Box<dyn AppendFile>>,
    /// The copy that is read back, and the hash that it must have.
    read_back: Option<(Arc<dyn ReadAt>, u64)>,
}

impl fmt::Debug for FileCopy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FileCopy").field("from", &self.from).finish_non_exhaustive()
    }
}

impl FileCopy {
    fn begin(disk: &dyn Disk, from: PathBuf, to: PathBuf) -> Result<Self, StoreError> {
        let source = disk.open(&from).attempt(StoreAction::Open, &from)?;
        let len = source.len().attempt(StoreAction::Read, &from)?;
        let unfinished = Layout::unfinished(&to);
        let written = disk.create_new(&unfinished).attempt(StoreAction::CreateFile, &unfinished)?;
        let (done, hasher, written, read_back) = (0, Xxh3::new(), Some(written), None);
        Ok(Self { from, to, unfinished, source, len, done, hasher, written, read_back })
    }

    /// Does the next slice. Returns true if there is more to do.
    fn step(&mut self, disk: &dyn Disk) -> Result<bool, StoreError> {
        let is_at_end = self.done == self.len;
        match (&mut self.written, &self.read_back) {
            (Some(file), _) if !is_at_end => {
                let bytes = next(&*self.source, self.done, self.len);
                let bytes = bytes.attempt(StoreAction::Read, &self.from)?;
                file.append(&bytes).attempt(StoreAction::Append, &self.unfinished)?;
                self.note(&bytes);
            }
            (Some(file), _) => {
                file.sync().attempt(StoreAction::Sync, &self.unfinished)?;
                self.written = None;
                let copy = disk.open(&self.unfinished);
                let copy = copy.attempt(StoreAction::Open, &self.unfinished)?;
                self.read_back = Some((copy, self.hasher.digest()));
                (self.done, self.hasher) = (0, Xxh3::new());
            }
            (None, Some((copy, _))) if !is_at_end => {
                let bytes = next(&**copy, self.done, self.len);
                let bytes = bytes.attempt(StoreAction::Read, &self.unfinished)?;
                self.note(&bytes);
            }
            (None, read_back) => {
                let is_alike = read_back
                    .as_ref()
                    .is_some_and(|(_, expected)| *expected == self.hasher.digest());
                if !is_alike {
                    let damaged = io::Error::from(io::ErrorKind::InvalidData);
                    return Err(damaged).attempt(StoreAction::Read, &self.unfinished);
                }
                self.read_back = None;
                let placed = disk.put_in_place(&self.unfinished, &self.to);
                placed.attempt(StoreAction::Replace, &self.to)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn note(&mut self, bytes: &[u8]) {
        self.done += bytes.len() as u64;
        self.hasher.update(bytes);
    }
}

/// The next bytes of a file of this length.
fn next(file: &dyn ReadAt, from: u64, len: u64) -> io::Result<Vec<u8>> {
    let count = usize::try_from(len - from).unwrap_or(SLICE_BYTES).min(SLICE_BYTES);
    let mut bytes = vec![0; count];
    file.read_exact_at(from, &mut bytes)?;
    Ok(bytes)
}
