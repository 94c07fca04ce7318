//! Setting sessions aside, and deleting them.

use jiff::Timestamp;

use super::open_segment::{OpenSegment, Preamble, WriteFailure};
use crate::ids::{CheckpointId, RunId, SessionId, random_u64};
use crate::journal::{Head, Record, SegmentHeader, SessionIndex, nearest};
use crate::recovery::{LockHolder, SessionFinder, fields_of, standing};
use crate::session::{RequestError, SessionUpdate};
use crate::store::{DirectoryStore, LocalStore, SessionLock, StoredSession};

/// Notes in the journal that the crashed lines of a session aren't wanted back.
pub fn decline(
    finder: &mut SessionFinder,
    session: SessionId,
    now: Timestamp,
) -> Result<(), RequestError> {
    let (stored, _lock) = take(&finder.local().store, session)?;
    refuse_to_guess(stored.index())?;
    let heads = stored.index().heads();
    let mut wanted: Vec<&Head> = heads.iter().filter(|head| !head.declined).collect();
    if let [only] = heads {
        // Of a fork, the lines that were left cleanly were offered as well.
        wanted.retain(|_| standing(finder, session, only, LockHolder::Us).has_crashed());
    }
    let declined: Vec<CheckpointId> = wanted.into_iter().map(|head| head.id).collect();
    let Some(newest) = heads.first().filter(|_| !declined.is_empty()) else {
        return Err(RequestError::NothingToDecline);
    };
    let about = declined.clone();
    write_down(finder.local(), newest, about, &Record::Declined { heads: declined }, now)
}

/// Changes what a session that isn't played says about itself: of its newest line, and the fields of the
/// newest checkpoint there. Nothing is written where nothing changes.
pub fn edit(
    finder: &mut SessionFinder,
    session: SessionId,
    update: SessionUpdate,
    now: Timestamp,
) -> Result<(), RequestError> {
    let local = finder.local();
    let (mut stored, _lock) = take(&local.store, session)?;
    refuse_to_guess(stored.index())?;
    let Some(mut head) = stored.index().heads().first().cloned() else {
        return Err(RequestError::NothingToRestore);
    };
    let mut fields = match &head.fields {
        Some(fields) => fields.clone(),
        None => fields_of(&mut stored, head.id)?,
    };
    update.check(&head.metadata, &fields)?;
    let (metadata_changes, fields_change) = update.apply(&mut head.metadata, &mut fields);
    let metadata = Record::Metadata(Box::new(head.metadata.clone()));
    let changed = [(metadata_changes, metadata), (fields_change, Record::Fields(Box::new(fields)))];
    for (_, record) in changed.into_iter().filter(|(changes, _)| *changes) {
        write_down(finder.local(), &head, vec![head.id], &record, now)?;
    }
    Ok(())
}

/// Deletes a session. It is first marked as forgotten, so that what a crash leaves of it halfway
/// isn't taken for a session.
pub fn forget(
    finder: &mut SessionFinder,
    session: SessionId,
    now: Timestamp,
) -> Result<(), RequestError> {
    let local = finder.local();
    let (stored, _lock) = take(&local.store, session)?;
    let heads = stored.index().heads();
    if let Some(head) = heads.first() {
        let about = heads.iter().map(|head| head.id).collect();
        write_down(local, head, about, &Record::Forgotten, now)?;
    }
    Ok(local.store.remove_session(session)?)
}

/// Opens a session with its lock held, so that it holds nothing which came later than it was read. Why
/// it can't be opened comes before who holds it.
fn take(
    store: &DirectoryStore,
    session: SessionId,
) -> Result<(StoredSession, SessionLock), RequestError> {
    let lock = store.lock_session(session);
    let stored = store.open_session_to_change(session)?;
    match lock {
        Ok(Some(lock)) => Ok((stored, lock)),
        Ok(None) => Err(RequestError::SessionInUse),
        Err(error) => Err(error.into()),
    }
}

/// A file that can't be read now may hold a line that would be offered again, although it was
/// reported as declined.
fn refuse_to_guess(index: &SessionIndex) -> Result<(), RequestError> {
    index.unreadable_file().map_or(Ok(()), |cause| Err(RequestError::Store(cause)))
}

/// Writes one record into a segment of its own, durably.
fn write_down(
    local: &LocalStore,
    head: &Head,
    about: Vec<CheckpointId>,
    record: &Record,
    now: Timestamp,
) -> Result<(), RequestError> {
    let header = SegmentHeader {
        required_features: 0,
        optional_features: 0,
        session: head.metadata.id,
        run: RunId::random(),
        ancestors: Vec::new(),
        // Which heads a decline is about is in its record, however many those are.
        supersedes: nearest(&about),
        host: local.host.id,
        boot: local.boot.clone(),
        segment: 0,
        nonce: random_u64(),
        predecessor: None,
        base: None,
        cipher: 0,
        key_check: 0,
        game_version: head.game_version.clone(),
        schema: head.schema,
        created: now,
        metadata: head.metadata.clone(),
        archive: false,
        events: None,
        slot: None,
        begun: None,
    };
    let write = || -> Result<(), WriteFailure> {
        let mut segment = OpenSegment::begin(&local.store, &header, Preamble::default())?;
        segment.append_record(record)?;
        segment.sync(&local.store)
    };
    write().map_err(|failure| RequestError::Store(failure.into()))
}
