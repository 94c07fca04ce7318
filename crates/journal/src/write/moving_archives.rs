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

use tracing::{debug, warn};

use super::archiving::the_only_line;
use super::file_copy::{Compared, FileCopy, Pair, Side};
use super::filing::{refuse_to_guess, take};
use super::jobs::{Holds, Tools};
use super::slices::LISTED_AT_ONCE;
use crate::disk::{
    ArchivePlace, Archives, Attempt, DirEntry, Disk, Layout, LocalStore, SessionLock, StoreAction,
    StoreError, directory_of_marked, is_archived_name, is_marked, make_directory, own,
    sync_directory, unmark, with_sources,
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
        name: String,
        pair: Pair,
        then: VecDeque<DirEntry>,
    },
    Copying {
        copy: FileCopy,
        then: VecDeque<DirEntry>,
    },
    ReadingBack {
        copy: FileCopy,
        then: VecDeque<DirEntry>,
    },
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
            Stage::Comparing { name, mut pair, then } => match pair.compare_on()? {
                Compared::Equal => Stage::Next(then),
                Compared::SoFar => Stage::Comparing { name, pair, then },
                // Only these are ever written again, in the session's own directory.
                Compared::Different if Layout::is_attachment(&name) => match self.way {
                    Way::Out => self.begin_to_copy(disk, &name, then)?,
                    Way::Home => Stage::Next(then),
                },
                Compared::Different => {
                    let (here, there) = pair.paths();
                    let (here, there) = (here.display(), there.display());
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
                Err(error) => {
                    copy.remove(disk);
                    return Err(error.into());
                }
            },
            Stage::ReadingBack { mut copy, then } => match copy.read_back(disk, disk) {
                Ok(true) => Stage::ReadingBack { copy, then },
                Ok(false) => {
                    copy.put_in_place(disk)?;
                    Stage::Next(then)
                }
                Err(error) => {
                    copy.remove(disk);
                    return Err(error.into());
                }
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
                self.begin_to_copy(disk, &file.name, then)
            }
            other => {
                let one = Side::open(disk, self.from().join(&file.name))?;
                Ok(Stage::Comparing { name: file.name, pair: Pair::of(one, other?), then })
            }
        }
    }

    fn begin_to_copy(
        &mut self,
        disk: &dyn Disk,
        name: &str,
        then: VecDeque<DirEntry>,
    ) -> Result<Stage, StoreError> {
        self.copied = true;
        let (from, to) = (self.from().join(name), self.to().join(name));
        Ok(Stage::Copying { copy: FileCopy::begin((disk, from), (disk, to))?, then })
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
