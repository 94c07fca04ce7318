//! Puts a session away: a slice at a time, its newest checkpoint, or its summary alone, becomes one file that
//! takes the place of all others.
//!
//! The file is that of a run of its own, which goes on from the checkpoint and supersedes all that was there, as
//! any run does that takes a session up. It is written beside its place, synced and read back. Then it is
//! renamed, durably, and with that the session is in the archive. Only then do the other files go.

mod leftovers;
mod snapshot;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tracing::debug;

use super::filing::{refuse_to_guess, take};
use super::group_copy::{CopyFailure, CopyStep, GroupCopy};
use super::open_segment::WriteFailure;
use super::slices::SLICE_BYTES;
use crate::ids::SessionId;
use crate::journal::{Head, ReadError};
use crate::recovery::{LockHolder, SessionFinder, standing};
use crate::session::{Archived, FailureCause, RequestError, ShelfMoved, ShelfPlace};
use crate::store::{DirectoryStore, MergedBlocks, SessionLock, StoredSession};
pub(super) use leftovers::{damaged_files, read_leftovers, remove_leftovers};
use snapshot::Snapshot;

/// A session that is being put away.
pub(super) struct Archiving {
    /// Its files, as they are until it is put away.
    stored: StoredSession,
    snapshot: Snapshot,
    from: ShelfPlace,
    stage: Stage,
    _lock: SessionLock,
}

/// How far it is.
enum Stage {
    Copying(Box<GroupCopy>),
    ReadingBack {
        written: PathBuf,
        /// What is left to read; `None` of a summary, which is known by its commit.
        blocks: Option<Box<MergedBlocks>>,
    },
    /// It is put away. What it takes the place of goes.
    Clearing,
}

/// What a step came to.
pub(super) enum Step {
    Going(Box<Archiving>),
    Done(ShelfMoved),
}

impl From<CopyFailure> for RequestError {
    fn from(failure: CopyFailure) -> Self {
        Self::Store(match failure {
            CopyFailure::Read(error) => error.into(),
            CopyFailure::Store(error) => error.into(),
            CopyFailure::Write(error) => error.into(),
        })
    }
}

impl From<WriteFailure> for RequestError {
    fn from(failure: WriteFailure) -> Self {
        Self::Store(failure.into())
    }
}

impl From<ReadError> for RequestError {
    fn from(error: ReadError) -> Self {
        Self::Store(error.into())
    }
}

impl Archiving {
    /// Looks whether a session may be put away, and begins with it.
    pub(super) fn begin(
        finder: &mut SessionFinder,
        session: SessionId,
        what: Archived,
        now: Timestamp,
    ) -> Result<Step, RequestError> {
        let (stored, lock) = take(&finder.local().store, session)?;
        Self::begin_taken(finder, stored, lock, what, now)
    }

    /// The same, with the session's lock held.
    pub(super) fn begin_taken(
        finder: &mut SessionFinder,
        stored: StoredSession,
        lock: SessionLock,
        what: Archived,
        now: Timestamp,
    ) -> Result<Step, RequestError> {
        refuse_to_guess(stored.index())?;
        let session = stored.id();
        let head = the_only_line(&stored)?;
        if head.metadata.draft {
            return Err(RequestError::NotBegun);
        }
        let from = head.metadata.place;
        if is_there_already(&stored, &head, what)? {
            let bytes = stored.bytes_with_attachments();
            return Ok(Step::Done(ShelfMoved { from, to: from, bytes, bytes_before: bytes }));
        }
        let standing = standing(finder, session, &head, LockHolder::Us);
        if standing.has_crashed() && !head.declined {
            return Err(RequestError::CrashUndecided);
        }
        let since = match from {
            ShelfPlace::Archive { since } => since,
            _ => now,
        };
        let place = ShelfPlace::Archive { since };
        let snapshot = Snapshot::of(finder.local(), &stored, &head, (standing.status, place), now);
        let mut archiving = Self { stored, snapshot, from, stage: Stage::Clearing, _lock: lock };
        archiving.write(&finder.local().store, what)?;
        Ok(Step::Going(Box::new(archiving)))
    }

    /// Does the next slice. If anything fails, everything is as it was.
    pub(super) fn step(mut self: Box<Self>, store: &DirectoryStore) -> Result<Step, RequestError> {
        match self.stage {
            Stage::Copying(copy) => {
                let snapshot = &self.snapshot;
                let complete = |segment| snapshot.complete(segment, store);
                self.stage = match copy.step(store, SLICE_BYTES, complete) {
                    Ok(CopyStep::Going(copy)) => Stage::Copying(copy),
                    Ok(CopyStep::Done(written)) => read_back(store, &self.snapshot, written)?,
                    Err(failure) if failure.is_damage() => {
                        self.stage = Stage::Clearing;
                        return self.copy_what_is_whole(store);
                    }
                    Err(failure) => return Err(failure.into()),
                };
                Ok(Step::Going(self))
            }
            Stage::ReadingBack { written, blocks } => {
                let rest = match blocks.map(read_slice).transpose() {
                    Ok(rest) => rest.flatten(),
                    Err(error) => {
                        let _ = store.remove_segment(&written);
                        return Err(error.into());
                    }
                };
                self.stage = match rest {
                    Some(blocks) => Stage::ReadingBack { written, blocks: Some(blocks) },
                    None => self.snapshot.put_in_place(store, &written)?,
                };
                Ok(Step::Going(self))
            }
            Stage::Clearing => Ok(Step::Done(self.clear(store))),
        }
    }

    /// Gives it up, unless it is done but for what is left to clear away. Whether it is to be begun again.
    pub(super) fn let_go(self: Box<Self>, store: &DirectoryStore) -> bool {
        match self.stage {
            Stage::Copying(copy) => copy.abandon(store),
            Stage::ReadingBack { written, blocks } => {
                drop(blocks);
                let _ = store.remove_segment(&written);
            }
            Stage::Clearing => return false,
        }
        true
    }

    /// Begins to write the file.
    fn write(&mut self, store: &DirectoryStore, what: Archived) -> Result<(), RequestError> {
        self.stage = match what {
            Archived::WithWorld => Stage::Copying(self.snapshot.copy(&self.stored, store)?),
            Archived::SummaryOnly => {
                let written = self.snapshot.write_summary(&self.stored, store)?;
                read_back(store, &self.snapshot, written)?
            }
        };
        Ok(())
    }

    /// The newest checkpoint turned out to be damaged: the newest one that is whole is put away.
    fn copy_what_is_whole(
        mut self: Box<Self>,
        store: &DirectoryStore,
    ) -> Result<Step, RequestError> {
        let whole = self.stored.newest_verified(self.snapshot.head())?;
        let whole = whole.ok_or(RequestError::NothingToRestore)?.checkpoint;
        if whole == self.snapshot.kept() {
            // What can be read now and then is no damage that could be gone around.
            return Err(not_as_written(self.stored.directory()));
        }
        self.snapshot.go_on_from(&self.stored, whole);
        self.write(store, Archived::WithWorld)?;
        Ok(Step::Going(self))
    }

    fn clear(&self, store: &DirectoryStore) -> ShelfMoved {
        let session = self.stored.id();
        let bytes_before = self.stored.bytes_with_attachments();
        remove_leftovers(store, session, &damaged_files(&self.stored));
        let bytes = store.session_bytes(session).unwrap_or(bytes_before);
        debug!(%session, bytes_before, bytes, "session archived");
        ShelfMoved { from: self.from, to: self.snapshot.place(), bytes, bytes_before }
    }
}

/// The line that a session consists of.
fn the_only_line(stored: &StoredSession) -> Result<Head, RequestError> {
    match stored.index().heads() {
        [head] => Ok(head.clone()),
        [] => Err(RequestError::NothingToRestore),
        _ => Err(RequestError::Forked),
    }
}

/// Whether a session is in the archive, with no more than is to be kept.
fn is_there_already(
    stored: &StoredSession,
    head: &Head,
    what: Archived,
) -> Result<bool, RequestError> {
    let is_archived = head.metadata.place.is_archived();
    match (stored.index().is_without_world(head.id), what) {
        (true, Archived::WithWorld) => Err(RequestError::ArchivedWithoutWorld),
        (false, Archived::SummaryOnly) => Ok(false),
        (true, Archived::SummaryOnly) | (false, Archived::WithWorld) => Ok(is_archived),
    }
}

/// Opens what was written, and looks whether it says what it is to say.
fn read_back(
    store: &DirectoryStore,
    snapshot: &Snapshot,
    written: PathBuf,
) -> Result<Stage, RequestError> {
    let blocks = snapshot.blocks_of(store, &written);
    if blocks.is_err() {
        let _ = store.remove_segment(&written);
    }
    Ok(Stage::ReadingBack { blocks: blocks?.map(Box::new), written })
}

/// Reads a slice, which checks it; what is left.
fn read_slice(mut blocks: Box<MergedBlocks>) -> Result<Option<Box<MergedBlocks>>, ReadError> {
    let mut read = 0;
    while read < SLICE_BYTES {
        let Some(block) = blocks.next() else { return Ok(None) };
        read += block?.byte_len();
    }
    Ok(Some(blocks))
}

/// What was written isn't what was to be written.
#[derive(Debug, thiserror::Error)]
#[error("{path} doesn't hold what was written into it")]
struct NotAsWritten {
    path: PathBuf,
}

fn not_as_written(path: &Path) -> RequestError {
    let path = path.to_path_buf();
    RequestError::Store(FailureCause::at(&path.clone(), NotAsWritten { path }))
}
