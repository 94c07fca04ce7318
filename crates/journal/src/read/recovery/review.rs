//! A brief look at a session, for a cleanup: what it says of itself, and since when its crash waits for an answer. No
//! checkpoint is read for it.

use std::io::ErrorKind;

use jiff::Timestamp;

use super::detect::{entry, is_half_archived, is_of_another_game, open_or_put_off};
use super::ladder::{deaths_in_restores, failed_trial};
use super::session_finder::Records;
use super::standing::{LockHolder, standing};
use super::{KnownTypes, Ladder, SessionEntry, SessionFinder};
use crate::disk::process::HowItEnded;
use crate::disk::{StoreError, StoredSession};
use crate::format::Head;
use crate::model::ids::{CheckpointId, SessionId};

/// The findings of a brief look at a session.
#[derive(Debug)]
pub struct Reviewed {
    /// Its entry for listings.
    pub entry: SessionEntry,
    /// Its crash, if it has one that waits for an answer.
    pub crash: Option<WaitingCrash>,
}

/// A crash that waits for an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WaitingCrash {
    /// The session's newest checkpoint.
    pub newest: CheckpointId,
    /// The last sign of life: nothing about the session is known to have happened later.
    pub since: Timestamp,
    /// True if the game died on all that was restored of it.
    pub is_hopeless: bool,
}

impl SessionFinder {
    /// Looks at a session. `records` are those of processes that were read once for many sessions. `None` if there is
    /// nothing to report, or if it isn't there any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it can't be read.
    pub fn review(
        &mut self,
        session: SessionId,
        types: &dyn KnownTypes,
        records: &mut Records,
    ) -> Result<Option<Reviewed>, StoreError> {
        self.going_by(records, |finder| match open_or_put_off(finder, session) {
            Ok(Some((stored, lock))) => Ok(reviewed(finder, &stored, types, lock)),
            Ok(None) => Ok(None),
            Err(error) if error.io_kind() == Some(ErrorKind::NotFound) => Ok(None),
            Err(error) => Err(error),
        })
    }

    /// The crash of a session that waits for an answer, with the session's lock held.
    pub fn waiting_crash(&mut self, stored: &StoredSession) -> Option<WaitingCrash> {
        // Its process may have died only now.
        self.learn_of_holders(stored);
        waiting_crash(self, stored, LockHolder::NoOther)
    }
}

fn reviewed(
    finder: &mut SessionFinder,
    stored: &StoredSession,
    types: &dyn KnownTypes,
    lock: LockHolder,
) -> Option<Reviewed> {
    if stored.index().is_forgotten() {
        finder.note_forgotten(stored.id());
        return None;
    }
    let heads = stored.index().heads();
    let head = heads.first().filter(|_| !is_of_another_game(finder, heads))?;
    let standing = standing(finder, stored.id(), head, lock);
    let entry = entry(stored, types, head, &standing);
    finder.note_entry(&entry, is_half_archived(stored, head));
    Some(Reviewed { entry, crash: waiting_crash(finder, stored, lock) })
}

/// The crash of a session, if it may be given up: one that may be played on another machine may not, nor one that was
/// answered, pinned or put away.
fn waiting_crash(
    finder: &mut SessionFinder,
    stored: &StoredSession,
    lock: LockHolder,
) -> Option<WaitingCrash> {
    let [head] = stored.index().heads() else { return None };
    let is_kept = head.declined || head.metadata.pinned || head.metadata.draft;
    if is_kept || !head.metadata.place.is_open() {
        return None;
    }
    let standing = standing(finder, stored.id(), head, lock);
    if !standing.has_crashed() || standing.cause == Some(HowItEnded::Elsewhere) {
        return None;
    }
    let trial = failed_trial(finder, stored.id(), head, &standing);
    let deaths = trial.iter().flat_map(|trial| deaths_in_restores(finder, trial, head));
    let deaths = deaths.map(|(_, died_at)| died_at).chain(standing.died_at);
    let since = deaths.fold(last_written(stored, head), Timestamp::max);
    let is_hopeless = trial.as_ref().is_some_and(Ladder::is_hopeless_after);
    Some(WaitingCrash { newest: head.id, since, is_hopeless })
}

/// The newest moment that any file of a session knows of. The clock may have been behind when it was played last, and
/// what was written before that shows that it can't have been earlier.
fn last_written(stored: &StoredSession, head: &Head) -> Timestamp {
    let index = stored.index();
    let begun = index.segments().iter().map(|segment| segment.header.created);
    let line = index.line(head.id).into_iter();
    let taken = line.filter_map(|id| index.commit(id)).map(|commit| commit.time);
    begun.chain(taken).fold(head.time, Timestamp::max)
}
