//! Puts a session away: a slice at a time, its newest checkpoint, or its summary alone, becomes one file that
//! takes the place of all others.
//!
//! The file is that of a run of its own, which goes on from the checkpoint and supersedes all that was there, as
//! any run does that takes a session up. It is written beside its place, synced and read back. Then it is
//! renamed, durably, and with that the session is in the archive. Only then do the other files go.

mod leftovers;

use jiff::Timestamp;
use tracing::debug;

use super::filing::{refuse_to_guess, take};
use super::snapshot::Snapshot;
use super::snapshot_writing::{Progress, SnapshotWriting};
use crate::ids::SessionId;
use crate::journal::Head;
use crate::recovery::{LockHolder, SessionFinder, standing};
use crate::session::{Archived, RequestError, SessionMetadata, ShelfMoved, ShelfPlace};
use crate::store::{DirectoryStore, SessionLock, StoredSession};
pub(super) use leftovers::{damaged_files, read_leftovers, remove_leftovers};

/// A session that is being put away.
pub(super) struct Archiving {
    from: ShelfPlace,
    stage: Stage,
    _lock: SessionLock,
}

/// How far it is.
enum Stage {
    Writing(Box<SnapshotWriting>),
    /// It is put away. What it takes the place of goes.
    Clearing {
        stored: Box<StoredSession>,
        place: ShelfPlace,
    },
}

/// What a step came to.
pub(super) enum Step {
    Going(Archiving),
    Done(ShelfMoved),
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
        let standing = standing(finder, session, &head, LockHolder::NoOther);
        if standing.has_crashed() && !head.declined {
            return Err(RequestError::CrashUndecided);
        }
        let since = match from {
            ShelfPlace::Archive { since } => since,
            _ => now,
        };
        let place = ShelfPlace::Archive { since };
        let metadata = SessionMetadata { place, ..head.metadata.clone() };
        let local = finder.local();
        let snapshot = Snapshot::of(local, &stored, &head, (standing.status, metadata), now);
        let writing = SnapshotWriting::begin(stored, snapshot, what, &local.store)?;
        let stage = Stage::Writing(Box::new(writing));
        Ok(Step::Going(Self { from, stage, _lock: lock }))
    }

    /// Does the next slice. If anything fails, everything is as it was.
    pub(super) fn step(mut self, store: &DirectoryStore) -> Result<Step, RequestError> {
        self.stage = match self.stage {
            Stage::Writing(writing) => match writing.step(store)? {
                Progress::Going(writing) => Stage::Writing(Box::new(writing)),
                Progress::InPlace { stored, snapshot } => {
                    Stage::Clearing { stored: Box::new(stored), place: snapshot.metadata().place }
                }
            },
            Stage::Clearing { stored, place } => {
                return Ok(Step::Done(clear(&stored, (self.from, place), store)));
            }
        };
        Ok(Step::Going(self))
    }

    /// Gives it up, unless it is done but for what is left to clear away. Whether it is to be begun again.
    pub(super) fn let_go(self, store: &DirectoryStore) -> bool {
        match self.stage {
            Stage::Writing(writing) => writing.let_go(store),
            Stage::Clearing { .. } => return false,
        }
        true
    }
}

fn clear(
    stored: &StoredSession,
    (from, to): (ShelfPlace, ShelfPlace),
    store: &DirectoryStore,
) -> ShelfMoved {
    let session = stored.id();
    let bytes_before = stored.bytes_with_attachments();
    remove_leftovers(store, session, &damaged_files(stored));
    let bytes = store.session_bytes(session).unwrap_or(bytes_before);
    debug!(%session, bytes_before, bytes, "session archived");
    ShelfMoved { from, to, bytes, bytes_before }
}

/// The line that a session consists of.
pub(super) fn the_only_line(stored: &StoredSession) -> Result<Head, RequestError> {
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
