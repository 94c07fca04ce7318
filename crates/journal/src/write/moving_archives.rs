//! Moves the files of archived sessions to the place of archives, a slice at a time.
//!
//! With the session's lock held, its own directory is marked, durably: from now on its files are those of both directories
//! (`disk/archives_disk.rs`). So whatever becomes of the move, what is at the other place is found, and is removed with the
//! session. Each file is then copied beside its place there, synced, read back and put in its place. Once all are there,
//! durably, they go here. A process that dies meanwhile leaves files in both directories; the next move copies them again.

use std::collections::VecDeque;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{debug, warn};

use super::archiving::the_only_line;
use super::filing::{refuse_to_guess, take};
use super::jobs::{Holds, Tools};
use super::slices::SLICE_BYTES;
use crate::disk::{
    AppendFile, ArchivePlace, Archives, Attempt, DirEntry, Disk, Layout, LocalStore, ReadAt,
    SessionLock, StoreAction, StoreError, create_directory, directory_of_marked, refuses_syncs,
    with_sources,
};
use crate::model::ids::SessionId;
use crate::model::session::RequestError;

/// The sessions that are moved.
pub(super) struct MovingArchives {
    archives: Archives,
    place: ArchivePlace,
    waiting: VecDeque<SessionId>,
    current: Option<Box<Moving>>,
}

/// A piece of the work.
pub(super) enum Moved {
    Going,
    /// All files of a session are at the place of archives: this many bytes.
    Session(SessionId, u64),
    Refused(SessionId, RequestError),
    Done,
}

impl MovingArchives {
    /// Begins to move sessions, if there is a place of archives.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it can't be reached.
    pub(super) fn begin(
        local: &LocalStore,
        waiting: VecDeque<SessionId>,
    ) -> Result<Option<Self>, StoreError> {
        let Some(archives) = local.archives.clone().filter(|_| !waiting.is_empty()) else {
            return Ok(None);
        };
        let place = ArchivePlace::open(&*archives.disk, local.store.layout(), &archives.root)?;
        Ok(Some(Self { archives, place, waiting, current: None }))
    }

    /// Does the next slice.
    pub(super) fn step(&mut self, tools: &Tools<'_>) -> Moved {
        let (session, stepped) = match self.current.take() {
            Some(moving) => (moving.session, moving.step(&*self.archives.disk)),
            None => {
                let Some(session) = self.waiting.pop_front() else { return Moved::Done };
                if Some(session) == tools.playing() {
                    return Moved::Going;
                }
                (session, self.take_up(session, tools.finder.local()))
            }
        };
        match stepped {
            Ok(Step::Going(moving)) => {
                self.current = Some(moving);
                Moved::Going
            }
            Ok(Step::Moved(bytes)) => {
                debug!(%session, bytes, "the files of an archived session were moved to the place of archives");
                Moved::Session(session, bytes)
            }
            // It is played, gone or not archived any more.
            Ok(Step::Nothing) | Err(RequestError::SessionInUse | RequestError::UnknownSession) => {
                Moved::Going
            }
            Err(error) => {
                warn!(%session, error = %with_sources(&error), "an archived session can't be moved to the place of archives");
                Moved::Refused(session, error)
            }
        }
    }

    /// Gives up the session that is being moved. It stays as it is.
    pub(super) fn cancel(&mut self) {
        if let Some(moving) = self.current.take() {
            moving.leave(&*self.archives.disk);
        }
    }

    pub(super) fn holds(&self) -> Holds {
        self.current.as_ref().map_or(Holds::Nothing, |moving| Holds::Session(moving.session))
    }

    /// Takes the lock of a session that has files here and is archived.
    fn take_up(&self, session: SessionId, local: &LocalStore) -> Result<Step, RequestError> {
        let (disk, directory) = (&*self.archives.disk, local.store.layout().session(session));
        if files_in(disk, &directory)?.is_empty() {
            return Ok(Step::Nothing);
        }
        let (stored, lock) = take(&local.store, session)?;
        refuse_to_guess(stored.index())?;
        if !the_only_line(&stored)?.metadata.place.is_archived() {
            return Ok(Step::Nothing);
        }
        let there = self.beside(disk, &directory)?;
        let files = files_in(disk, &directory)?;
        let stage = Stage::next(files.iter().map(|file| file.name.clone()).collect());
        Ok(Step::Going(Box::new(Moving { session, directory, there, files, stage, lock })))
    }

    /// The directory of a session at the place of archives, which is made and marked if it is new: the one that it has
    /// already, even if the game names another by now.
    fn beside(&self, disk: &dyn Disk, directory: &Path) -> Result<PathBuf, StoreError> {
        let marked =
            || directory_of_marked(disk, directory).attempt(StoreAction::LookFor, directory);
        let there = match marked()? {
            Some(there) => there,
            None => {
                self.place.mark(disk, directory)?;
                self.place.directory_of(directory)
            }
        };
        prepare(disk, &there)?;
        Ok(there)
    }
}

/// A session that is being moved.
struct Moving {
    session: SessionId,
    directory: PathBuf,
    there: PathBuf,
    /// The files to be moved, as they were listed.
    files: Vec<DirEntry>,
    stage: Stage,
    lock: SessionLock,
}

enum Stage {
    /// The first of these is to be copied.
    Next(VecDeque<String>),
    Copying {
        copy: Copy,
        then: VecDeque<String>,
    },
    ReadingBack {
        copy: Copy,
        then: VecDeque<String>,
    },
    /// All are there.
    Copied,
}

/// A file that is being copied.
struct Copy {
    name: String,
    from: Arc<dyn ReadAt>,
    written: PathBuf,
    file: Box<dyn AppendFile>,
    len: u64,
    at: u64,
}

enum Step {
    Going(Box<Moving>),
    /// This many bytes.
    Moved(u64),
    Nothing,
}

impl Stage {
    fn next(then: VecDeque<String>) -> Self {
        if then.is_empty() { Self::Copied } else { Self::Next(then) }
    }
}

impl Moving {
    /// Does the next slice. If anything fails, all files are here as they were.
    fn step(mut self: Box<Self>, disk: &dyn Disk) -> Result<Step, RequestError> {
        self.stage = match mem::replace(&mut self.stage, Stage::Copied) {
            Stage::Next(mut then) => match then.pop_front() {
                Some(name) => {
                    let copy = Copy::begin(disk, &self.directory, &self.there, name)?;
                    Stage::Copying { copy, then }
                }
                None => Stage::Copied,
            },
            Stage::Copying { mut copy, then } => match copy.write_on() {
                Ok(true) => Stage::Copying { copy, then },
                Ok(false) => Stage::ReadingBack { copy: Copy { at: 0, ..copy }, then },
                Err(error) => return Err(copy.give_up(disk, error)),
            },
            Stage::ReadingBack { mut copy, then } => match copy.compare_on(disk) {
                Ok(true) => Stage::ReadingBack { copy, then },
                Ok(false) => {
                    copy.put_in_place(disk, &self.there)?;
                    Stage::next(then)
                }
                Err(error) => return Err(copy.give_up(disk, error)),
            },
            Stage::Copied => return self.finish(disk),
        };
        Ok(Step::Going(self))
    }

    /// Removes the files here, if they are still those that were copied.
    fn finish(&self, disk: &dyn Disk) -> Result<Step, RequestError> {
        sync_directory(disk, &self.there)?;
        if !self.lock.is_held()? || files_in(disk, &self.directory)? != self.files {
            return Ok(Step::Nothing);
        }
        for file in &self.files {
            let path = self.directory.join(&file.name);
            disk.remove(&path).attempt(StoreAction::RemoveFile, &path)?;
        }
        sync_directory(disk, &self.directory)?;
        Ok(Step::Moved(self.files.iter().map(|file| file.len).sum()))
    }

    fn leave(self, disk: &dyn Disk) {
        if let Stage::Copying { copy, .. } | Stage::ReadingBack { copy, .. } = self.stage {
            copy.remove(disk);
        }
    }
}

impl Copy {
    fn begin(disk: &dyn Disk, from: &Path, to: &Path, name: String) -> Result<Self, StoreError> {
        let (source, written) = (from.join(&name), Layout::unfinished(&to.join(&name)));
        let from = disk.open(&source).attempt(StoreAction::Open, &source)?;
        let len = from.len().attempt(StoreAction::Read, &source)?;
        let file = disk.create_new(&written).attempt(StoreAction::CreateFile, &written)?;
        Ok(Self { name, from, written, file, len, at: 0 })
    }

    /// Copies a slice. Returns true if there is more.
    fn write_on(&mut self) -> Result<bool, StoreError> {
        let bytes = self.slice_of(&*Arc::clone(&self.from))?;
        self.file.append(&bytes).attempt(StoreAction::Append, &self.written)?;
        self.at += bytes.len() as u64;
        if self.at < self.len {
            return Ok(true);
        }
        self.file.sync().attempt(StoreAction::Sync, &self.written).map(|()| false)
    }

    /// Reads a slice back. Returns true if there is more.
    fn compare_on(&mut self, disk: &dyn Disk) -> Result<bool, StoreError> {
        let there = disk.open(&self.written).attempt(StoreAction::Open, &self.written)?;
        let is_whole = there.len().attempt(StoreAction::Read, &self.written)? == self.len;
        let bytes = self.slice_of(&*Arc::clone(&self.from))?;
        if !is_whole || self.slice_of(&*there)? != bytes {
            let other = io::Error::new(
                io::ErrorKind::InvalidData,
                "what was written isn't what is read back",
            );
            return Err(other).attempt(StoreAction::Read, &self.written);
        }
        self.at += bytes.len() as u64;
        Ok(self.at < self.len)
    }

    fn slice_of(&self, file: &dyn ReadAt) -> Result<Vec<u8>, StoreError> {
        let len = (self.len - self.at).min(SLICE_BYTES as u64);
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(SLICE_BYTES)];
        file.read_exact_at(self.at, &mut bytes).attempt(StoreAction::Read, &self.written)?;
        Ok(bytes)
    }

    /// Gives it its name. The file that had it is an older copy of it.
    fn put_in_place(self, disk: &dyn Disk, directory: &Path) -> Result<(), RequestError> {
        let place = directory.join(&self.name);
        let put = disk.put_in_place(&self.written, &place).attempt(StoreAction::Replace, &place);
        put.map_err(|error| self.give_up(disk, error))
    }

    fn give_up(self, disk: &dyn Disk, error: StoreError) -> RequestError {
        self.remove(disk);
        error.into()
    }

    fn remove(self, disk: &dyn Disk) {
        let Self { written, file, .. } = self;
        drop(file);
        // What stays is removed when the session is moved again.
        let _ = disk.remove(&written);
    }
}

/// Makes the directory at the place of archives, and removes what was never finished there.
fn prepare(disk: &dyn Disk, there: &Path) -> Result<(), StoreError> {
    for directory in create_directory(disk, there)? {
        sync_directory(disk, &directory)?;
    }
    for entry in disk.list(there).attempt(StoreAction::List, there)? {
        if Layout::place_of_unfinished(&entry.name).is_some() {
            let path = there.join(&entry.name);
            disk.remove(&path).attempt(StoreAction::RemoveFile, &path)?;
        }
    }
    Ok(())
}

/// The files of a session that are moved. Small files that are written again stay.
fn files_in(disk: &dyn Disk, directory: &Path) -> Result<Vec<DirEntry>, StoreError> {
    let mut entries = match disk.list(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        listed => listed.attempt(StoreAction::List, directory)?,
    };
    let moves = |name: &str| {
        Layout::is_segment_name(name) || Layout::is_events_name(name) || Layout::is_attachment(name)
    };
    entries.retain(|entry| entry.is_file && moves(&entry.name));
    Ok(entries)
}

/// Makes a directory's entries durable, as far as its file system can.
fn sync_directory(disk: &dyn Disk, directory: &Path) -> Result<(), StoreError> {
    match disk.sync_dir(directory) {
        Err(error) if refuses_syncs(&error) => Ok(()),
        synced => synced.attempt(StoreAction::SyncDirectory, directory),
    }
}
