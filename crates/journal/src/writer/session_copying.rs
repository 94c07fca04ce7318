//! Makes a session of its own out of one that isn't played: its newest checkpoint in one file, a slice at a time. What
//! there is of the first one isn't touched.

use jiff::Timestamp;
use tracing::debug;

use super::archiving::the_only_line;
use super::drafting;
use super::filing::{refuse_to_guess, take};
use super::orders::DraftOrder;
use super::snapshot::Snapshot;
use super::snapshot_writing::{Progress, SnapshotWriting};
use crate::ids::SessionId;
use crate::journal::Head;
use crate::recovery::{LockHolder, SessionFinder, fields_of_draft, standing};
use crate::session::{
    Archived, AttachmentError, AttachmentVersion, NewSession, RequestError, SessionMetadata,
    SessionStatus, ShelfPlace,
};
use crate::store::{DirectoryStore, SessionLock, StoredSession};

/// A session that is being copied.
pub(super) struct SessionCopying {
    writing: SnapshotWriting,
    /// What is attached to the session itself and isn't copied yet.
    attachments: Vec<AttachmentVersion>,
    session: SessionId,
    copy: SessionId,
    /// Of the one that is copied, and of the copy.
    _locks: [SessionLock; 2],
}

/// What a step came to.
pub(super) enum Step {
    Going(Box<SessionCopying>),
    /// The copy is durable.
    Done(SessionId),
}

impl SessionCopying {
    /// Looks whether a session can be copied, and begins with it.
    pub(super) fn begin(
        finder: &mut SessionFinder,
        session: SessionId,
        name: &str,
        (game_version, now): (&str, Timestamp),
    ) -> Result<Step, RequestError> {
        let (stored, lock) = take(&finder.local().store, session)?;
        refuse_to_guess(stored.index())?;
        let head = the_only_line(&stored)?;
        let metadata = SessionMetadata {
            id: SessionId::random(),
            name: name.to_owned(),
            pinned: false,
            place: ShelfPlace::Open,
            started: now,
            ..head.metadata.clone()
        };
        let copy = metadata.id;
        if metadata.draft {
            draft(finder, &stored, &head, (metadata, game_version), now)?;
            return Ok(Step::Done(copy));
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
        Ok(Step::Going(Box::new(Self { writing, attachments, session, copy, _locks })))
    }

    /// Does the next slice. If anything fails, nothing is left of the copy.
    pub(super) fn step(mut self: Box<Self>, store: &DirectoryStore) -> Result<Step, RequestError> {
        // Before the world: a copy that can be found is whole.
        if let Some(next) = self.attachments.pop() {
            copy_attachment(store, self.session, self.copy, &next)
                .inspect_err(|_| leave_nothing(store, self.copy))?;
            return Ok(Step::Going(self));
        }
        let Self { writing, attachments, session, copy, _locks } = *self;
        match writing.step(store).inspect_err(|_| leave_nothing(store, copy))? {
            Progress::Going(writing) => {
                Ok(Step::Going(Box::new(Self { writing, attachments, session, copy, _locks })))
            }
            Progress::InPlace { .. } => {
                debug!(session = %copy, "session copied");
                Ok(Step::Done(copy))
            }
        }
    }

    /// Gives it up, to be begun again.
    pub(super) fn let_go(self, store: &DirectoryStore) {
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

/// A copy that isn't whole, or isn't reported as one, is none. What can't be removed is swept away later.
pub(super) fn leave_nothing(store: &DirectoryStore, copy: SessionId) {
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
