//! Puts a session away: a slice at a time, its newest checkpoint, or its summary alone, becomes one file that
//! takes the place of all others.
//!
//! The file is that of a new run, which continues from the checkpoint and supersedes all that was there, as any run
//! does that resumes a session. It is written beside its place, synced and read back. Then it is renamed, durably, and
//! with that the session is in the archive. Only then do the other files go.
//!
//! The place of a session is a part of its metadata, so it is durable, forked with it and not rewound
//! (`model/session/shelf_place.rs`). `write/shelving.rs` writes it down for each line, `write/statements.rs` removes
//! what was said before and is said again; `format/index/head.rs` lets all lines agree on one place, the nearest.
//! Preparing a session to be played returns metadata without it.
//!
//! `write/snapshot_writing.rs` writes one checkpoint of a session into a file of its own, in slices: copied like a
//! merge, beside its place, read back and renamed. `write/session_copying.rs` makes a session of its own with it, which
//! holds both locks and leaves nothing of a copy that isn't reported. `write/archiving.rs` puts a session away with it,
//! as a job with the session's lock held, and then `archiving/leftovers.rs` clears the rest away. An order about
//! sessions cancels it first; it is begun again later. `SessionIndex::is_without_world` is what makes a summary a
//! session of which nothing is restored: the index has no way to such a checkpoint, retention leaves it alone, and
//! `prepare` refuses it.
//!
//! A request about many sessions (`edit_all`, `tidy`) is one order: the main thread names them, by a query or a
//! preview, and `write/editing_many.rs` does with one after the other what a request for it alone would do, a session
//! in each turn. An order from a preview names the newest checkpoint of each, and the session's own files must still
//! say so once its lock is held.
//!
//! `write/shelf_sweeping.rs` runs after `sweeping.rs`, for the sessions that the finder noted when it looked at them.
//! Nothing is removed because of that: each session is opened again for its place. The time that it has been there is
//! that of `ProvenTime` alone: no later than what an earlier process has written, since a clock that is a hundred years
//! off must not empty the trash.

mod leftovers;

use std::ops::ControlFlow::{self, Break, Continue};

use jiff::Timestamp;
use tracing::debug;

use super::News;
use super::filing::{refuse_to_guess, take};
use super::jobs::{Holds, Job, Slice, Tools, Urgency};
use super::snapshot::Snapshot;
use super::snapshot_writing::SnapshotWriting;
use crate::disk::{DirectoryStore, SessionLock, StoredSession};
use crate::format::Head;
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{
    Archived, RequestError, SessionMetadata, ShelfMove, ShelfMoved, ShelfPlace,
};
use crate::read::recovery::{LockHolder, SessionFinder, standing};
pub(super) use leftovers::{damaged_files, read_leftovers, remove_leftovers};

/// A session that is to be archived.
pub(super) struct Archive {
    session: SessionId,
    what: Archived,
    ticket: Ticket,
    /// `None` before its first slice.
    begun: Option<Archiving>,
}

impl Archive {
    pub(super) fn new(session: SessionId, what: Archived, ticket: Ticket) -> Self {
        Self { session, what, ticket, begun: None }
    }
}

impl Job for Archive {
    fn urgency(&self) -> Urgency {
        Urgency::Asked
    }

    fn is_about(&self, session: SessionId) -> bool {
        session == self.session
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let (session, what) = (self.session, self.what);
        let stepped = match self.begun.take() {
            None => {
                // The findings about it aren't true any more.
                tools.digests.note_changed(session);
                Archiving::begin(tools.finder, session, what, tools.now.wall)
            }
            Some(archiving) => archiving.step(&tools.finder.local().store),
        };
        let result = match stepped {
            Ok(Continue(archiving)) => {
                self.begun = Some(archiving);
                return Slice::Going(self);
            }
            Ok(Break(moved)) => Ok(moved),
            Err(error) => Err(error),
        };
        let (how, ticket) = (ShelfMove::Archive(what), Some(self.ticket));
        tools.news.push(News::Shelved { session, how, result, ticket });
        Slice::Done
    }

    fn holds(&self) -> Holds {
        self.begun.as_ref().map_or(Holds::Nothing, |_| Holds::Session(self.session))
    }

    fn cancel(&mut self, finder: &mut SessionFinder) {
        if let Some(archiving) = self.begun.take() {
            archiving.let_go(&finder.local().store);
        }
    }
}

/// A session that is being archived.
pub(super) struct Archiving {
    from: ShelfPlace,
    stage: Stage,
    _lock: SessionLock,
}

/// The stage of the move.
enum Stage {
    Writing(Box<SnapshotWriting>),
    /// It is in the archive. The files that it takes the place of are removed.
    Clearing {
        stored: Box<StoredSession>,
        place: ShelfPlace,
    },
}

/// The rest of the work after a slice, or the outcome of the move.
pub(super) type PutAway = ControlFlow<ShelfMoved, Archiving>;

impl Archiving {
    /// Begins to archive a session, if that is allowed.
    pub(super) fn begin(
        finder: &mut SessionFinder,
        session: SessionId,
        what: Archived,
        now: Timestamp,
    ) -> Result<PutAway, RequestError> {
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
    ) -> Result<PutAway, RequestError> {
        refuse_to_guess(stored.index())?;
        let session = stored.id();
        let head = the_only_line(&stored)?;
        if head.metadata.draft {
            return Err(RequestError::NotBegun);
        }
        let from = head.metadata.place;
        if is_there_already(&stored, &head, what)? {
            let bytes = stored.bytes_with_attachments();
            return Ok(Break(ShelfMoved { from, to: from, bytes, bytes_before: bytes }));
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
        Ok(Continue(Self { from, stage, _lock: lock }))
    }

    /// Does the next slice. If anything fails, everything is as it was.
    pub(super) fn step(mut self, store: &DirectoryStore) -> Result<PutAway, RequestError> {
        self.stage = match self.stage {
            Stage::Writing(writing) => match writing.step(store)? {
                Continue(writing) => Stage::Writing(Box::new(writing)),
                Break((stored, snapshot)) => {
                    Stage::Clearing { stored: Box::new(stored), place: snapshot.metadata().place }
                }
            },
            Stage::Clearing { stored, place } => {
                return Ok(Break(clear(&stored, (self.from, place), store)));
            }
        };
        Ok(Continue(self))
    }

    /// Gives it up, unless only the cleanup is left. Returns true if it is to be begun again.
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

/// The line that is meant by a session of which all others were declined.
pub(super) fn the_open_line(stored: &StoredSession) -> Result<Head, RequestError> {
    let mut open = stored.index().open_heads();
    match (open.next(), open.next()) {
        (Some(head), None) => Ok(head.clone()),
        _ => the_only_line(stored),
    }
}

/// Returns true if a session is in the archive, with no more than is to be kept.
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
