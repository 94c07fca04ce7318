//! Setting sessions aside, and deleting them.

use std::time::Duration;

use jiff::Timestamp;

use super::cloud::note_forgotten;
use super::open_segment::{OpenSegment, Preamble, WriteFailure};
use super::statements::clear_repeated;
use super::unplayed_run;
use crate::disk::{DirectoryStore, FinishedFile, LocalStore, SessionLock, StoredSession};
use crate::format::{Head, Lineage, Record, SegmentHeader, SessionIndex, nearest};
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::{
    EndReason, Fields, LeaveCause, Leaving, RequestError, SessionStatus, SessionUpdate,
};
use crate::read::recovery::{
    LockHolder, OfferedSession, SessionFinder, deaths_of, fields_of, standing,
};

/// Notes in the journal that the crashed lines of a session, or one of them, aren't wanted back.
pub fn decline(
    finder: &mut SessionFinder,
    decline: OfferedSession,
    now: Timestamp,
) -> Result<(), RequestError> {
    let (stored, _lock) = take(&finder.local().store, decline.session)?;
    refuse_to_guess(stored.index())?;
    let OfferedSession { session, line } = decline;
    let heads = stored.index().heads();
    let mut wanted: Vec<&Head> = stored.index().open_heads().collect();
    if let [only] = wanted[..] {
        // Of a fork, the lines that were left cleanly were offered as well.
        wanted.retain(|_| standing(finder, session, only, LockHolder::NoOther).has_crashed());
    }
    wanted.retain(|head| line.is_none_or(|line| head.id == line));
    // Once it is declined, nothing keeps the records of the processes that died with it.
    let deaths = deaths_of(finder, session, &wanted);
    let declined: Vec<CheckpointId> = wanted.into_iter().map(|head| head.id).collect();
    let Some(newest) = heads.first().filter(|_| !declined.is_empty()) else {
        return Err(RequestError::NothingToDecline);
    };
    let about = declined.clone();
    let record = Record::Declined { heads: declined, deaths };
    write_down(finder.local(), &stored, newest, &about, &record, now)
}

/// Ends a session as failed whose crash nobody has answered for this long, if it is still what it was when it was
/// chosen: it ended when it crashed, not now. Its files stay. Returns the cause and that time, or `None` if it isn't
/// what it was.
pub fn give_up(
    finder: &mut SessionFinder,
    (session, newest): (SessionId, CheckpointId),
    keep: Duration,
    now: Timestamp,
) -> Result<Option<(LeaveCause, Timestamp)>, RequestError> {
    let (stored, _lock) = take(&finder.local().store, session)?;
    refuse_to_guess(stored.index())?;
    let crash = finder.waiting_crash(&stored).filter(|crash| crash.newest == newest);
    let crash = crash.filter(|crash| finder.time().has_passed(crash.since, keep, now));
    let (Some(crash), [head]) = (crash, stored.index().heads()) else { return Ok(None) };
    let cause = match crash.is_hopeless {
        true => LeaveCause::RecoveryFailed,
        false => LeaveCause::TimedOut,
    };
    // Once it has ended, nothing keeps the records of the processes that died with it.
    let deaths = deaths_of(finder, session, &[head]);
    if !deaths.is_empty() {
        let record = Record::Declined { heads: Vec::new(), deaths };
        write_down(finder.local(), &stored, head, &[head.id], &record, now)?;
    }
    let record = Record::End {
        status: SessionStatus::Failed,
        reason: Some(EndReason::Failed),
        leaving: Leaving::by(cause),
        time: crash.since,
        play_time: head.play_time,
    };
    write_down(finder.local(), &stored, head, &[head.id], &record, now)?;
    Ok(Some((cause, crash.since)))
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
        // They are in the newest checkpoint, which would be read whole for them.
        _ if !update.changes_fields() => Fields::default(),
        Some(fields) => fields.clone(),
        None if stored.index().is_without_world(head.id) => {
            let summary = stored.index().commit(head.id).and_then(|commit| commit.summary.as_ref());
            summary.map(|summary| summary.fields.clone()).unwrap_or_default()
        }
        None => fields_of(&mut stored, head.id)?,
    };
    update.check(&head.metadata, &fields)?;
    let (metadata_changes, fields_change) = update.apply(&mut head.metadata, &mut fields);
    let metadata = Record::Metadata(Box::new(head.metadata.clone()));
    let changed = [(metadata_changes, metadata), (fields_change, Record::Fields(Box::new(fields)))];
    for (_, record) in changed.into_iter().filter(|(changes, _)| *changes) {
        write_down(finder.local(), &stored, &head, &[head.id], &record, now)?;
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
    let (stored, _lock) = take(&finder.local().store, session)?;
    forget_for_good(finder.local(), &stored, now)
}

/// Deletes a session whose lock is held.
pub(super) fn forget_for_good(
    local: &LocalStore,
    stored: &StoredSession,
    now: Timestamp,
) -> Result<(), RequestError> {
    let heads = stored.index().heads();
    // Before anything goes: what a crash interrupts is removed by another start, which notes nothing.
    note_forgotten(local, stored);
    if let Some(head) = heads.first() {
        let lineage = stored.index().lineage_of_deletion();
        write_with(local, stored.index(), head, &lineage, &Record::Forgotten, now)?;
    }
    Ok(local.store.remove_session(stored.id())?)
}

/// Opens a session with its lock held, so that it has nothing that came after the reading. An error of opening it comes
/// before one of its lock.
pub(super) fn take(
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
pub(super) fn refuse_to_guess(index: &SessionIndex) -> Result<(), RequestError> {
    index.unreadable_file().map_or(Ok(()), |cause| Err(RequestError::Store(cause)))
}

/// Writes one record into a new segment, durably. Earlier records that it replaces are removed.
pub(super) fn write_down(
    local: &LocalStore,
    stored: &StoredSession,
    head: &Head,
    about: &[CheckpointId],
    record: &Record,
    now: Timestamp,
) -> Result<(), RequestError> {
    // The heads that a decline is about are in its record, however many those are.
    let lineage = Lineage { supersedes: nearest(about), ..Lineage::default() };
    write_with(local, stored.index(), head, &lineage, record, now)?;
    clear_repeated(&local.store, stored, about, record);
    Ok(())
}

/// Writes one record into a segment whose header says what it is about, durably.
fn write_with(
    local: &LocalStore,
    index: &SessionIndex,
    head: &Head,
    lineage: &Lineage,
    record: &Record,
    now: Timestamp,
) -> Result<(), RequestError> {
    let build = (&*head.game_version, head.schema);
    let created = later_than_all(index, now);
    let Lineage { ancestors, supersedes, .. } = lineage.in_header();
    let header = SegmentHeader {
        ancestors,
        supersedes,
        ..unplayed_run::header(local, head.metadata.clone(), build, created)
    };
    let further = lineage.in_records();
    let write = || -> Result<(), WriteFailure> {
        let preamble = Preamble { lineage: &further, ..Preamble::default() };
        let mut segment = OpenSegment::begin(&local.store, &header, preamble)?;
        segment.append_record(record)?;
        segment.sync(&local.store)
    };
    write().map_err(|failure| RequestError::Store(failure.into()))?;
    local.store.note_finished(header.session, None, [FinishedFile::whole(&header)]);
    Ok(())
}

/// Now, or, where the clock went back since something was said about the session, later than that: of two such
/// statements the one that was created later holds.
fn later_than_all(index: &SessionIndex, now: Timestamp) -> Timestamp {
    let statements = index.segments().iter().filter(|segment| segment.scan.groups.is_empty());
    let last = statements.map(|segment| segment.header.created).max();
    let after_last = last.and_then(|last| last.checked_add(Duration::from_nanos(1)).ok());
    after_last.map_or(now, |after_last| now.max(after_last))
}
