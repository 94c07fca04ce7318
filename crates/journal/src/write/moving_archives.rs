//! Moves the files of archived sessions to the place of archives, and home again those of sessions that are archived no
//! more, a slice at a time.
//!
//! With the session's lock held, its own directory is marked, durably: from now on its files are those of both directories
//! (`disk/archives_disk.rs`). So whatever becomes of the move, what is at the other place is found, and is removed with the
//! session. Each file that isn't there yet is copied beside its place there, synced, read back and put in its place. Only a
//! look that finds all of them there, byte for byte, removes them here. On two drives nothing becomes durable in one order, so
//! where directories can't be synced, that is the look of the next cleanup. The mark goes once nothing is there any more.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{debug, warn};

use super::archiving::the_only_line;
use super::filing::{refuse_to_guess, take};
use super::jobs::{Holds, Tools};
use super::slices::{LISTED_AT_ONCE, SLICE_BYTES, SYNC_EVERY};
use crate::disk::{
    AppendFile, ArchivePlace, Archives, Attempt, DirEntry, Disk, Layout, LocalStore, ReadAt,
    SessionLock, StoreAction, StoreError, directory_of_marked, is_archived_name, is_marked,
    make_directory, own, sync_directory, unmark, with_sources,
};
use crate::model::ids::SessionId;
use crate::model::session::{RequestError, ShelfPlace};

/// The sessions that are moved.
pub(super) struct MovingArchives {
    archives: Archives,
    place: ArchivePlace,
    archived: BTreeSet<SessionId>,
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
    /// Begins to move sessions, of which some are archived, if there is a place of archives.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it can't be reached.
    pub(super) fn begin(
        local: &LocalStore,
        sessions: VecDeque<SessionId>,
        archived: BTreeSet<SessionId>,
    ) -> Result<Option<Self>, StoreError> {
        let Some(archives) = local.archives.clone().filter(|_| !sessions.is_empty()) else {
            return Ok(None);
        };
        let place = ArchivePlace::open(&*archives.disk, local.store.layout(), &archives.root)?;
        Ok(Some(Self { archives, place, archived, waiting: sessions, current: None }))
    }

    /// Does the next slice.
    pub(super) fn step(&mut self, tools: &Tools<'_>) -> Moved {
        let (session, stepped) = match self.current.take() {
            Some(moving) => (moving.session, moving.step(&self.archives)),
            None => match self.next(tools) {
                Some(session) => (session, self.take_up(session, tools.finder.local())),
                None if self.waiting.is_empty() => return Moved::Done,
                None => return Moved::Going,
            },
        };
        match stepped {
            Ok(Step::Going(moving)) => {
                self.current = Some(moving);
                Moved::Going
            }
            Ok(Step::Moved(bytes)) => {
                debug!(%session, bytes, "the files of an archived session are at the place of archives");
                Moved::Session(session, bytes)
            }
            // It is played, gone, or has nothing to be moved now.
            Ok(Step::Nothing) | Err(RequestError::SessionInUse | RequestError::UnknownSession) => {
                Moved::Going
            }
            Err(error) => {
                warn!(
                    %session, error = %with_sources(&error),
                    "an archived session can't be moved to or from the archives directory"
                );
                Moved::Refused(session, error)
            }
        }
    }

    /// The next session that may have to be moved, of so many as are looked at in one slice.
    fn next(&mut self, tools: &Tools<'_>) -> Option<SessionId> {
        let layout = tools.finder.local().store.layout();
        for _ in 0..LISTED_AT_ONCE {
            let session = self.waiting.pop_front()?;
            let may_move = || {
                self.archived.contains(&session)
                    || is_marked(&*self.archives.disk, &layout.session(session))
            };
            if Some(session) != tools.playing() && may_move() {
                return Some(session);
            }
        }
        None
    }

    /// Gives up the session that is being moved, which has another turn.
    pub(super) fn cancel(&mut self) {
        if let Some(moving) = self.current.take() {
            self.waiting.push_front(moving.session);
            moving.leave(&*self.archives.disk);
        }
    }

    pub(super) fn holds(&self) -> Holds {
        self.current.as_ref().map_or(Holds::Nothing, |moving| Holds::Session(moving.session))
    }

    /// Takes the lock of a session that has files in the wrong place.
    fn take_up(&self, session: SessionId, local: &LocalStore) -> Result<Step, RequestError> {
        let (disk, here) = (&*self.archives.disk, local.store.layout().session(session));
        if self.archived.contains(&session) && files_in(disk, &here)?.is_empty() {
            return Ok(Step::Nothing);
        }
        let (stored, lock) = take(&local.store, session)?;
        refuse_to_guess(stored.index())?;
        let (there, way) = match the_only_line(&stored)?.metadata.place {
            ShelfPlace::Archive { .. } => (self.there(&here)?, Way::Out),
            ShelfPlace::Open => match marked(disk, &here, &self.archives.root)? {
                Some(there) => (there, Way::Home),
                None => return Ok(Step::Nothing),
            },
            ShelfPlace::Trash { .. } => return Ok(Step::Nothing),
        };
        let (files, stage) = (Vec::new(), Stage::Next(VecDeque::new()));
        let mut moving = Moving { session, here, there, way, files, stage, copied: false, lock };
        remove_unfinished(disk, moving.to())?;
        moving.files = files_in(disk, moving.from())?;
        moving.stage = Stage::Next(moving.files.iter().cloned().collect());
        if way == Way::Home && !moving.files.is_empty() {
            let there = &moving.there;
            own(disk, &moving.here, there).attempt(StoreAction::Replace, there)?;
        }
        Ok(Step::Going(Box::new(moving)))
    }

    /// The directory of a session at the place of archives: the one that it has already, even if the game names another by
    /// now, or a new one.
    fn there(&self, here: &Path) -> Result<PathBuf, StoreError> {
        let disk = &*self.archives.disk;
        let Some(there) = marked(disk, here, &self.archives.root)? else {
            return self.place.mark(disk, here);
        };
        // Whoever marked it may have come no further.
        make_directory(disk, here, &there).map(|()| there)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Out,
    Home,
}

/// A session that is being moved.
struct Moving {
    session: SessionId,
    /// Its own directory.
    here: PathBuf,
    /// That at the place of archives.
    there: PathBuf,
    way: Way,
    /// The files to be moved, as they were listed.
    files: Vec<DirEntry>,
    stage: Stage,
    /// True if one wasn't there yet.
    copied: bool,
    lock: SessionLock,
}

enum Stage {
    /// The first of these is looked for.
    Next(VecDeque<DirEntry>),
    Comparing {
        pair: Pair,
        then: VecDeque<DirEntry>,
    },
    Copying {
        copy: Copy,
        then: VecDeque<DirEntry>,
    },
    ReadingBack {
        copy: Copy,
        then: VecDeque<DirEntry>,
    },
}

/// A file and its copy, compared a slice at a time.
struct Pair {
    name: String,
    one: Side,
    other: Side,
    at: u64,
}

struct Side {
    path: PathBuf,
    file: Arc<dyn ReadAt>,
}

/// A file that is being copied.
struct Copy {
    name: String,
    from: Side,
    file: Box<dyn AppendFile>,
    written: PathBuf,
    len: u64,
    at: u64,
    unsynced: u64,
    read_back: Option<Pair>,
}

enum Step {
    Going(Box<Moving>),
    /// This many bytes.
    Moved(u64),
    Nothing,
}

impl Moving {
    fn from(&self) -> &Path {
        match self.way {
            Way::Out => &self.here,
            Way::Home => &self.there,
        }
    }

    fn to(&self) -> &Path {
        match self.way {
            Way::Out => &self.there,
            Way::Home => &self.here,
        }
    }

    /// Does the next slice. If anything fails, no file is gone.
    fn step(mut self: Box<Self>, archives: &Archives) -> Result<Step, RequestError> {
        let disk = &*archives.disk;
        self.stage = match mem::replace(&mut self.stage, Stage::Next(VecDeque::new())) {
            Stage::Next(mut then) => match then.pop_front() {
                Some(file) => self.look_for(disk, file, then)?,
                None => return self.end(archives),
            },
            Stage::Comparing { mut pair, then } => match pair.compare_on()? {
                Compared::Equal => Stage::Next(then),
                Compared::SoFar => Stage::Comparing { pair, then },
                // Only these are ever written again, in the session's own directory.
                Compared::Different if Layout::is_attachment(&pair.name) => match self.way {
                    Way::Out => self.begin_to_copy(disk, pair.name, then)?,
                    Way::Home => Stage::Next(then),
                },
                Compared::Different => {
                    let (here, there) = (pair.one.path.display(), pair.other.path.display());
                    warn!(
                        session = %self.session, %here, %there,
                        "two copies of a file differ, so neither is removed and the session \
                         isn't moved"
                    );
                    return Ok(Step::Nothing);
                }
            },
            Stage::Copying { mut copy, then } => match copy.write_on() {
                Ok(true) => Stage::Copying { copy, then },
                Ok(false) => Stage::ReadingBack { copy, then },
                Err(error) => return Err(copy.give_up(disk, error)),
            },
            Stage::ReadingBack { mut copy, then } => match copy.read_back(disk) {
                Ok(true) => Stage::ReadingBack { copy, then },
                Ok(false) => {
                    copy.put_in_place(disk, self.to())?;
                    Stage::Next(then)
                }
                Err(error) => return Err(copy.give_up(disk, error)),
            },
        };
        Ok(Step::Going(self))
    }

    fn look_for(
        &mut self,
        disk: &dyn Disk,
        file: DirEntry,
        then: VecDeque<DirEntry>,
    ) -> Result<Stage, StoreError> {
        match Side::open(disk, self.to().join(&file.name)) {
            Err(error) if error.io_kind() == Some(io::ErrorKind::NotFound) => {
                self.begin_to_copy(disk, file.name, then)
            }
            other => {
                let one = Side::open(disk, self.from().join(&file.name))?;
                let pair = Pair { name: file.name, one, other: other?, at: 0 };
                Ok(Stage::Comparing { pair, then })
            }
        }
    }

    fn begin_to_copy(
        &mut self,
        disk: &dyn Disk,
        name: String,
        then: VecDeque<DirEntry>,
    ) -> Result<Stage, StoreError> {
        self.copied = true;
        Ok(Stage::Copying { copy: Copy::begin(disk, self.from(), self.to(), name)?, then })
    }

    /// Removes the files that were found in both places, if they are still those and the place is the place.
    fn end(&self, archives: &Archives) -> Result<Step, RequestError> {
        let disk = &*archives.disk;
        let is_ordered = synced(disk, self.to())? && !cfg!(windows);
        if self.copied && !is_ordered {
            return Ok(Step::Nothing);
        }
        let is_place = marked(disk, &self.here, &archives.root)?.as_ref() == Some(&self.there);
        let copies = files_in(disk, self.to())?;
        let is_copied = |file: &DirEntry| {
            copies.iter().any(|copy| {
                copy.name == file.name
                    && (copy.len == file.len || Layout::is_attachment(&file.name))
            })
        };
        let is_unchanged = files_in(disk, self.from())? == self.files;
        if !is_place
            || !is_unchanged
            || !self.files.iter().all(is_copied)
            || !self.lock.is_held()?
        {
            warn!(session = %self.session, "an archived session changed while it was moved, so it stays where it was");
            return Ok(Step::Nothing);
        }
        for file in &self.files {
            let path = self.from().join(&file.name);
            disk.remove(&path).attempt(StoreAction::RemoveFile, &path)?;
        }
        synced(disk, self.from())?;
        if self.way == Way::Home {
            unmark(disk, &self.here, &self.there)
                .attempt(StoreAction::RemoveDirectory, &self.there)?;
            synced(disk, &self.here)?;
            return Ok(Step::Nothing);
        }
        Ok(Step::Moved(self.files.iter().map(|file| file.len).sum()))
    }

    fn leave(self, disk: &dyn Disk) {
        if let Stage::Copying { copy, .. } | Stage::ReadingBack { copy, .. } = self.stage {
            copy.remove(disk);
        }
    }
}

enum Compared {
    Equal,
    Different,
    /// There is more.
    SoFar,
}

impl Pair {
    /// Compares a slice.
    fn compare_on(&mut self) -> Result<Compared, StoreError> {
        let (len, other) = (self.one.len()?, self.other.len()?);
        if len != other {
            return Ok(Compared::Different);
        }
        let slice = (len - self.at).min(SLICE_BYTES as u64);
        let is_same = self.one.read(self.at, slice)? == self.other.read(self.at, slice)?;
        self.at += slice;
        Ok(match is_same {
            false => Compared::Different,
            true if self.at < len => Compared::SoFar,
            true => Compared::Equal,
        })
    }
}

impl Side {
    fn open(disk: &dyn Disk, path: PathBuf) -> Result<Self, StoreError> {
        let file = disk.open(&path).attempt(StoreAction::Open, &path)?;
        Ok(Self { path, file })
    }

    fn len(&self) -> Result<u64, StoreError> {
        self.file.len().attempt(StoreAction::Read, &self.path)
    }

    fn read(&self, at: u64, len: u64) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(SLICE_BYTES)];
        let read = self.file.read_exact_at(at, &mut bytes);
        read.attempt(StoreAction::Read, &self.path).map(|()| bytes)
    }
}

impl Copy {
    fn begin(disk: &dyn Disk, from: &Path, to: &Path, name: String) -> Result<Self, StoreError> {
        let (from, written) =
            (Side::open(disk, from.join(&name))?, Layout::unfinished(&to.join(&name)));
        let len = from.len()?;
        let file = disk.create_new(&written).attempt(StoreAction::CreateFile, &written)?;
        Ok(Self { name, from, file, written, len, at: 0, unsynced: 0, read_back: None })
    }

    /// Copies a slice. Returns true if there is more.
    fn write_on(&mut self) -> Result<bool, StoreError> {
        let len = (self.len - self.at).min(SLICE_BYTES as u64);
        let bytes = self.from.read(self.at, len)?;
        self.file.append(&bytes).attempt(StoreAction::Append, &self.written)?;
        (self.at, self.unsynced) = (self.at + len, self.unsynced + len);
        let is_whole = self.at >= self.len;
        if is_whole || self.unsynced >= SYNC_EVERY {
            self.file.sync().attempt(StoreAction::Sync, &self.written)?;
            self.unsynced = 0;
        }
        Ok(!is_whole)
    }

    /// Reads a slice back. Returns true if there is more.
    fn read_back(&mut self, disk: &dyn Disk) -> Result<bool, StoreError> {
        let pair = match self.read_back.take() {
            Some(pair) => pair,
            None => {
                let one = Side::open(disk, self.from.path.clone())?;
                let other = Side::open(disk, self.written.clone())?;
                Pair { name: self.name.clone(), one, other, at: 0 }
            }
        };
        match self.read_back.insert(pair).compare_on()? {
            Compared::Equal => Ok(false),
            Compared::SoFar => Ok(true),
            Compared::Different => {
                let why = "what was written isn't what is read back";
                let other = io::Error::new(io::ErrorKind::InvalidData, why);
                Err(other).attempt(StoreAction::Read, &self.written)
            }
        }
    }

    /// Gives it its name.
    fn put_in_place(mut self, disk: &dyn Disk, directory: &Path) -> Result<(), RequestError> {
        self.read_back = None;
        let place = directory.join(&self.name);
        let put = disk.put_in_place(&self.written, &place).attempt(StoreAction::Replace, &place);
        put.map_err(|error| self.give_up(disk, error))
    }

    fn give_up(self, disk: &dyn Disk, error: StoreError) -> RequestError {
        self.remove(disk);
        error.into()
    }

    fn remove(self, disk: &dyn Disk) {
        let Self { written, file, read_back, .. } = self;
        drop((file, read_back));
        // What stays is removed when the session is moved again.
        let _ = disk.remove(&written);
    }
}

/// The directory of a session at the place of archives.
fn marked(disk: &dyn Disk, here: &Path, root: &Path) -> Result<Option<PathBuf>, StoreError> {
    directory_of_marked(disk, here, Some(root)).attempt(StoreAction::LookFor, here)
}

/// Removes what was never finished.
fn remove_unfinished(disk: &dyn Disk, directory: &Path) -> Result<(), StoreError> {
    for entry in disk.list(directory).attempt(StoreAction::List, directory)? {
        if Layout::place_of_unfinished(&entry.name).is_some_and(is_archived_name) {
            let path = directory.join(&entry.name);
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
    entries.retain(|entry| entry.is_file && is_archived_name(&entry.name));
    Ok(entries)
}

fn synced(disk: &dyn Disk, directory: &Path) -> Result<bool, StoreError> {
    sync_directory(disk, directory).attempt(StoreAction::SyncDirectory, directory)
}
