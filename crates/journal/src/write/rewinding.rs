//! Takes a session back to one of its checkpoints while nobody plays it.
//!
//! A new run begins with a copy of the checkpoint, takes the place of the newest line, and is closed: as a rewind in the
//! game, after which it is left at once. So whatever goes on with the session's newest checkpoint goes on there. No file
//! is removed: what is newer is a branch.

use std::ops::ControlFlow::Continue;

use jiff::Timestamp;

use super::filing::{refuse_to_guess, take};
use super::snapshot::Snapshot;
use super::snapshot_writing::SnapshotWriting;
use crate::disk::StoredSession;
use crate::format::{Head, SessionIndex};
use crate::model::ids::{CheckpointId, SessionId};
use crate::model::session::{Archived, Move, RequestError};
use crate::read::recovery::{LockHolder, SessionFinder, deaths_of, line_with, standing};

/// Takes a session back to a checkpoint. Returns the end of the line that was left, and the one that it begins with then: its newest checkpoint stays as it is, so
/// that what was recorded since is handed out by a recovery, and only the deaths on it count no more.
///
/// # Errors
///
/// [`RequestError`]. The session is as it was then.
pub(super) fn rewind(
    finder: &mut SessionFinder,
    session: SessionId,
    to: CheckpointId,
    now: Timestamp,
) -> Result<(CheckpointId, CheckpointId), RequestError> {
    let (mut stored, _lock) = take(&finder.local().store, session)?;
    refuse_to_guess(stored.index())?;
    let head = line_with(stored.index(), to).cloned().ok_or(RequestError::NothingToRestore)?;
    check(finder, session, &head)?;
    refuse_unreadable(&mut stored, to)?;
    if is_there(stored.index(), &head, to) {
        finder.local().store.remove_trial(session)?;
        return Ok((head.id, to));
    }
    let play_time = stored.index().commit(to).map(|commit| commit.play_time);
    let moment = (to, play_time.ok_or(RequestError::UnknownCheckpoint)?);
    let deaths = deaths_of(finder, session, &[&head]);
    let snapshot = Snapshot::going_back(finder.local(), &stored, &head, moment, deaths, now);
    let begins_with = snapshot.begins_with();
    let store = &finder.local().store;
    let mut writing = SnapshotWriting::begin(stored, snapshot, Archived::WithWorld, store)?;
    while let Continue(going_on) = writing.step(store)? {
        writing = going_on;
    }
    // What was tried before doesn't count against this checkpoint, also if that can't be removed: it is of an older run.
    let _ = store.remove_trial(session);
    Ok((head.id, begins_with))
}

/// Returns true if whatever goes on with the session goes on at this checkpoint already.
fn is_there(index: &SessionIndex, head: &Head, checkpoint: CheckpointId) -> bool {
    let is_at_hand = !head.declined && head.metadata.place.is_open();
    checkpoint == head.id && is_at_hand && index.heads().len() == 1
}

/// Refuses what can't be resumed: a draft, and a session that has ended.
fn check(finder: &mut SessionFinder, session: SessionId, head: &Head) -> Result<(), RequestError> {
    if head.metadata.draft {
        return Err(RequestError::NotBegun);
    }
    standing(finder, session, head, LockHolder::NoOther).status.after(Move::Recover)?;
    Ok(())
}

/// Refuses a checkpoint that can't be read whole.
fn refuse_unreadable(stored: &mut StoredSession, to: CheckpointId) -> Result<(), RequestError> {
    if stored.index().is_without_world(to) {
        return Err(RequestError::ArchivedWithoutWorld);
    }
    if stored.verified_plan(to)?.is_some() {
        return Ok(());
    }
    let (index, counter) = (stored.index(), to.counter);
    Err(match index.validity(to) {
        Some(_) => RequestError::CheckpointDamaged,
        None if index.has_known(to.run) && counter <= index.newest_counter() => {
            RequestError::CheckpointPruned
        }
        None => RequestError::UnknownCheckpoint,
    })
}
