//! What was found of each session when it was looked at last, so that it isn't read again for nothing.

use std::collections::HashMap;

use jiff::Timestamp;
use tracing::warn;

use super::Machine;
use super::detect::{Found, look_at};
use crate::capture::SavedTypes;
use crate::journal::SessionId;
use crate::session::SessionStatus;

/// The sessions that were looked at, each with the stamp of its files.
#[derive(Debug, Default)]
pub(crate) struct KnownSessions(HashMap<SessionId, Known>);

#[derive(Clone, Copy, Debug)]
struct Known {
    stamp: u64,
    /// Whether it was left in good order, so that nothing but its files decides what is found.
    is_settled: bool,
}

/// Looks at every session whose files changed since it was looked at last, or of which more than the
/// files matters: a lock, a record, a crash that waits for an answer. What was found, and the sessions
/// that aren't there any more.
pub(crate) fn look(
    machine: &mut Machine,
    types: &SavedTypes,
    now: Timestamp,
) -> (Vec<Found>, Vec<SessionId>) {
    let sessions = match machine.store().sessions() {
        Ok(sessions) => sessions,
        Err(error) => {
            warn!(%error, "the sessions on this machine can't be listed");
            return (Vec::new(), Vec::new());
        }
    };
    machine.settle_all_but_existing();
    let mut before = std::mem::take(&mut machine.known_mut().0);
    let mut known = HashMap::with_capacity(sessions.len());
    let mut found = Vec::new();
    for session in sessions {
        let settled = before.remove(&session).filter(|known| known.is_settled);
        let is_same =
            |known: &Known| machine.store().session_stamp(session).ok() == Some(known.stamp);
        if let Some(settled) = settled.filter(is_same) {
            known.insert(session, settled);
            continue;
        }
        let (stamp, what) = look_at(machine, types, session, now);
        let is_settled = what.as_ref().is_some_and(Found::is_settled);
        known.insert(session, Known { stamp, is_settled });
        found.extend(what);
    }
    machine.known_mut().0 = known;
    (found, before.into_keys().collect())
}

impl Found {
    /// Whether it was left in good order, and nothing is to be told of it.
    fn is_settled(&self) -> bool {
        let left = self
            .entry
            .as_ref()
            .is_some_and(|entry| entry.status == SessionStatus::Closed || entry.status.has_ended());
        left && self.corruption.is_none() && self.failure.is_none() && self.offers.is_empty()
    }
}
