//! What was found of each session when it was looked at last, so that it isn't read again for nothing.

use std::collections::HashMap;

use jiff::Timestamp;
use tracing::warn;

use super::detect::{FoundSession, look_at};
use super::{KnownTypes, SessionFinder, SlotListing};
use crate::ids::SessionId;
use crate::session::SessionStatus;

/// The sessions that were looked at, each with the stamp of its files.
#[derive(Debug, Default)]
pub struct KnownSessions(HashMap<SessionId, Known>);

#[derive(Clone, Copy, Debug)]
struct Known {
    stamp: u64,
    /// Whether it was left in good order, so that nothing but its files decides what is found.
    is_settled: bool,
}

/// Journal bytes that one step of a listing looks through, about: in tests, one session. What is known
/// already counts as little.
const STEP_BYTES: u64 = if cfg!(test) { 1 } else { 1 << 20 };
const KNOWN_BYTES: u64 = 16 << 10;

/// A listing that is under way, a slice at a time.
///
/// It looks at every session whose files changed since it was looked at last, or of which more than
/// the files matters: a lock, a record, a crash that waits for an answer.
pub struct Listing {
    /// The slots, if anything about them changed. Looked at first, since offers name them.
    slots: Option<SlotListing>,
    /// The next one last.
    waiting: Vec<SessionId>,
    before: HashMap<SessionId, Known>,
    known: HashMap<SessionId, Known>,
    found: Vec<FoundSession>,
}

/// What a listing came to.
pub struct Listed {
    pub found: Vec<FoundSession>,
    /// The sessions that aren't there any more.
    pub gone: Vec<SessionId>,
    pub slots: Option<SlotListing>,
}

impl Listing {
    pub fn begin(finder: &mut SessionFinder) -> Self {
        let slots = finder.list_slots();
        let (known, found) = (HashMap::new(), Vec::new());
        let mut sessions = match finder.store().sessions() {
            Ok(sessions) => sessions,
            Err(error) => {
                warn!(%error, "the sessions on this machine can't be listed");
                // Then none is known to be gone, either.
                let known = std::mem::take(&mut finder.known_mut().0);
                return Self { slots, waiting: Vec::new(), before: HashMap::new(), known, found };
            }
        };
        finder.settle_all_but_existing();
        let before = std::mem::take(&mut finder.known_mut().0);
        sessions.reverse();
        Self { slots, waiting: sessions, before, known, found }
    }

    /// Looks at the next few sessions. Whether there are more.
    pub fn step(
        &mut self,
        finder: &mut SessionFinder,
        types: &dyn KnownTypes,
        now: Timestamp,
    ) -> bool {
        let mut read = 0;
        while read < STEP_BYTES {
            let Some(session) = self.waiting.pop() else { return false };
            read += self.look(finder, types, session, now);
        }
        !self.waiting.is_empty()
    }

    /// Once there are no more: what was found.
    pub fn end(self, finder: &mut SessionFinder) -> Listed {
        finder.known_mut().0 = self.known;
        Listed { found: self.found, gone: self.before.into_keys().collect(), slots: self.slots }
    }

    /// Gives it up, and keeps what is known already.
    pub fn give_up(mut self, finder: &mut SessionFinder) {
        if self.slots.is_some() {
            finder.note_slots_changed();
        }
        // What was found and isn't reported is looked at again.
        self.known.retain(|session, _| self.found.iter().all(|found| found.session != *session));
        self.before.extend(self.known);
        finder.known_mut().0 = self.before;
    }

    /// Looks at one session, and says how many bytes that was, about.
    fn look(
        &mut self,
        finder: &mut SessionFinder,
        types: &dyn KnownTypes,
        session: SessionId,
        now: Timestamp,
    ) -> u64 {
        let settled = self.before.remove(&session).filter(|known| known.is_settled);
        let is_same =
            |known: &Known| finder.store().session_stamp(session).ok() == Some(known.stamp);
        if let Some(settled) = settled.filter(is_same) {
            self.known.insert(session, settled);
            return KNOWN_BYTES;
        }
        let (stamp, what) = look_at(finder, types, session, now);
        let is_settled = what.as_ref().is_some_and(FoundSession::is_settled);
        self.known.insert(session, Known { stamp, is_settled });
        let bytes = what.as_ref().and_then(|what| Some(what.entry.as_ref()?.bytes));
        self.found.extend(what);
        bytes.unwrap_or_default().max(2 * KNOWN_BYTES)
    }
}

impl FoundSession {
    /// Whether it was left in good order, and there is nothing to report of it.
    fn is_settled(&self) -> bool {
        let left = self
            .entry
            .as_ref()
            .is_some_and(|entry| entry.status == SessionStatus::Closed || entry.status.has_ended());
        left && self.corruption.is_none() && self.failure.is_none() && self.offers.is_empty()
    }
}
