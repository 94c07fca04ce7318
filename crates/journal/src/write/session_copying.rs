//! Makes a new session out of one that isn't played: its newest checkpoint in one file, a slice at a time. The files of
//! the first one aren't touched.

use std::ops::ControlFlow::{self, Break, Continue};

use jiff::Timestamp;
use tracing::debug;

use super::News;
use super::archiving::the_open_line;
use super::drafting;
use super::filing::{refuse_to_guess, take};
use super::jobs::{Holds, Job, Slice, Tools, Urgency};
use super::orders::DraftOrder;
use super::snapshot::Snapshot;
use super::snapshot_writing::SnapshotWriting;
use crate::disk::{DirectoryStore, SessionLock, StoredSession};
use crate::format::Head;
use crate::model::ids::{SessionId, Ticket};
use crate::model::session::{
    Archived, AttachmentError, AttachmentVersion, NewSession, RequestError, SessionMetadata,
    SessionStatus, ShelfPlace,
};
use crate::read::recovery::{LockHolder, SessionFinder, entry_of_new, fields_of_draft, standing};

/// A session that is to be copied.
pub(super) struct CopySession {
    session: SessionId,
    name: String,
    game_version: String,
    ticket: Ticket,
    /// `None` before its first slice.
    begun: Option<Box<SessionCopying>>,
}

impl CopySession {
    pub(super) fn new(
        session: SessionId,
        name: String,
        game_version: String,
        ticket: Ticket,
    ) -> Self {
        Self { session, name, game_version, ticket, begun: None }
    }
}

impl Job for CopySession {
    fn urgency(&self) -> Urgency {
        Urgency::Asked
    }

    fn is_about(&self, session: SessionId) -> bool {
        session == self.session
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let Tools { finder, types, now, news, .. } = tools;
        let (session, build) = (self.session, (&*self.game_version, now.wall));
        let stepped = match self.begun.take() {
            None => SessionCopying::begin(finder, session, &self.name, build),
            Some(copying) => copying.step(&finder.local().store),
        };
        let result = match stepped {
            Ok(Continue(copying)) => {
                self.begun = Some(copying);
                return Slice::Going(self);
            }
            Ok(Break(copy)) => entry_of_new(finder, *types, copy, now.wall)
                .map(Box::new)
                .inspect_err(|_| leave_nothing(&finder.local().store, copy)),
            Err(error) => Err(error),
        };
        news.push(News::Copied { session, result, ticket: self.ticket });
        Slice::Done
    }

    fn holds(&self) -> Holds {
        self.begun.as_ref().map_or(Holds::Nothing, |_| Holds::Session(self.session))
    }

    fn cancel(&mut self, finder: &mut SessionFinder) {
        if let Some(copying) = self.begun.take() {
            copying.let_go(&finder.local().store);
        }
    }
}

/// A session that is being copied.
struct SessionCopying {
    writing: SnapshotWriting,
    /// The attachments of the session itself that aren't copied yet.
    attachments: Vec<AttachmentVersion>,
    session: SessionId,
    copy: SessionId,
    /// Of the one that is copied, and of the copy.
    _locks: [SessionLock; 2],
}

/// The rest of the work after a slice, or the copy, which is durable.
type Copied = ControlFlow<SessionId, Box<SessionCopying>>;

impl SessionCopying {
    /// Looks whether a session can be copied, and begins with it.
    fn begin(
        finder: &mut SessionFinder,
        session: SessionId,
        name: &str,
        (game_version, now): (&str, Timestamp),
    ) -> Result<Copied, RequestError> {
        let (stored, lock) = take(&finder.local().store, session)?;
        refuse_to_guess(stored.index())?;
        let head = the_open_line(&stored)?;
        let metadata = SessionMetadata {
            id: SessionId::random(),
            name: name.to_owned(),
            pinned: false,
            place: ShelfPlace::Open,
            started: now,
            planned: None,
            ..head.metadata.clone()
        };
        let copy = metadata.id;
        if metadata.draft {
            draft(finder, &stored, &head, (metadata, game_version), now)?;
            return Ok(Break(copy));
        }
        if stored.index().is_without_world(head.id) {
            return Err(RequestError::ArchivedWithoutWorld);
        }
        // The crash stays with the session that crashed.
        let status = match standing(finder, session, &head, LockHolder::NoOther).status {
            status if status.is_running() => SessionStatus::Closed,
            status => status,
        };
        let local = finder.local();
        let locked = local.store.lock_session(copy)?.ok_or(RequestError::SessionInUse)?;
        let snapshot = Snapshot::of(local, &stored, &head, (status, metadata), now);
        let begun = local.store.create_session_directory(copy).map_err(RequestError::from);
        let attachments = stored.own_attachments().to_vec();
        let write =
            |()| SnapshotWriting::begin(stored, snapshot, Archived::WithWorld, &local.store);
        let writing = begun.and_then(write).inspect_err(|_| leave_nothing(&local.store, copy))?;
        let _locks = [lock, locked];
        Ok(Continue(Box::new(Self { writing, attachments, session, copy, _locks })))
    }

    /// Does the next slice. If anything fails, nothing is left of the copy.
    fn step(mut self: Box<Self>, store: &DirectoryStore) -> Result<Copied, RequestError> {
        // Before the world: a copy that can be found is whole.
        if let Some(next) = self.attachments.pop() {
            copy_attachment(store, self.session, self.copy, &next)
                .inspect_err(|_| leave_nothing(store, self.copy))?;
            return Ok(Continue(self));
        }
        let Self { writing, attachments, session, copy, _locks } = *self;
        match writing.step(store).inspect_err(|_| leave_nothing(store, copy))? {
            Continue(writing) => {
                Ok(Continue(Box::new(Self { writing, attachments, session, copy, _locks })))
            }
            Break(_) => {
                debug!(session = %copy, "session copied");
                Ok(Break(copy))
            }
        }
    }

    /// Gives it up, to be begun again.
    fn let_go(self, store: &DirectoryStore) {
        self.writing.let_go(store);
        leave_nothing(store, self.copy);
    }
}

/// One that is damaged, or was removed meanwhile, isn't copied.
fn copy_attachment(
    store: &DirectoryStore,
    session: SessionId,
    copy: SessionId,
    AttachmentVersion { name, version, .. }: &AttachmentVersion,
) -> Result<(), RequestError> {
    match store.read_session_attachment(session, name, Some(*version)) {
        Ok(attachment) => Ok(store.write_session_attachment(copy, *version, &attachment)?),
        Err(AttachmentError::Damaged { .. } | AttachmentError::Missing) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A copy that isn't whole, or isn't reported as one, is none. Files that can't be removed are left to a later cleanup.
fn leave_nothing(store: &DirectoryStore, copy: SessionId) {
    let _ = store.remove_session(copy);
}

/// A plan is copied as one.
fn draft(
    finder: &SessionFinder,
    stored: &StoredSession,
    head: &Head,
    (metadata, game_version): (SessionMetadata, &str),
    now: Timestamp,
) -> Result<(), RequestError> {
    let mut session = NewSession::named(metadata.name.clone());
    session.fields = fields_of_draft(stored.index(), head);
    let order = DraftOrder { metadata, session };
    drafting::draft(finder.local(), &order, game_version, now).map(drop)
}
