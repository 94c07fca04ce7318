//! The findings about each session at the last look, so that it isn't read again for nothing.
//!
//! A listing asks for the state of every file again, which is several calls of the system for each session. The state of
//! the directories alone would be faster, and would miss a file that grew, and what happened within one tick of the file
//! system's clock.

use std::collections::HashMap;

use jiff::Timestamp;
use tracing::error;

use super::detect::{FoundSession, Look, look_at};
use super::index::{Remembered, pack, unpack};
use super::session_finder::Records;
use super::{KnownTypes, Ladder, SessionEntry, SessionFinder, SlotListing};
use crate::disk::{IndexedSession, with_sources};
use crate::model::ids::SessionId;
use crate::model::session::{FailureCause, SessionStatus};

/// The sessions that were looked at, each with the stamp of its files.
#[derive(Debug, Default)]
pub struct KnownSessions(HashMap<SessionId, Known>);

#[derive(Clone, Debug, Default)]
struct Known {
    stamp: u64,
    /// True if it was left in good order, so that nothing but its files decides what is found.
    is_settled: bool,
    /// True if it was reported to the game.
    is_reported: bool,
    /// The finding, for the index and from it.
    packed: Option<Box<[u8]>>,
    /// True if only the index has it, until the stamp is compared.
    is_from_index: bool,
}

/// Stands in the place of a stamp where the files couldn't be read.
const UNREADABLE: u64 = 0;
/// Journal bytes that one step of a listing looks through, about: in tests, one session. Sessions that are known
/// already count as little.
const STEP_BYTES: u64 = if cfg!(test) { 1 } else { 1 << 20 };
const KNOWN_BYTES: u64 = 16 << 10;

/// The sessions that a listing looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ListingScope {
    /// All of which something may have changed, and all of which more than the files matters: a lock, a
    /// record, a crash that waits for an answer.
    All,
    /// Those whose files changed, but for the one that this process plays.
    Changed {
        /// The session that this process plays.
        playing: Option<SessionId>,
    },
}

/// A listing that is under way, a slice at a time.
pub struct Listing {
    scope: ListingScope,
    slots: Slots,
    /// The next one last.
    waiting: Vec<SessionId>,
    /// Those that wait until the records of processes are read: once, for all of them.
    put_off: Vec<SessionId>,
    records: Records,
    before: HashMap<SessionId, Known>,
    known: HashMap<SessionId, Known>,
    /// The entries from the index of sessions that weren't looked at yet, if it is trusted so far.
    early: Vec<SessionEntry>,
    settled: Vec<SessionEntry>,
    found: Vec<FoundSession>,
    gone: Vec<SessionId>,
    failure: Option<FailureCause>,
}

/// The slots are looked at before any session, since offers name them, and after what may be shown early.
enum Slots {
    Waiting,
    /// Unless nothing about them changed.
    Listed(Option<SlotListing>),
}

/// The outcome of a listing.
pub struct Listed {
    /// Sessions that were left in good order, and of which there is nothing to report.
    pub settled: Vec<SessionEntry>,
    /// All others.
    pub found: Vec<FoundSession>,
    /// The sessions that aren't there any more.
    pub gone: Vec<SessionId>,
    pub slots: Option<SlotListing>,
    /// The reason that the sessions can't be listed, so that there may be others.
    pub failure: Option<FailureCause>,
}

impl KnownSessions {
    /// The sessions that were found last, with the stamps of their files; `None` where these could not be read.
    pub(super) fn stamps(&self) -> impl Iterator<Item = (SessionId, Option<u64>)> {
        let stamp = |known: &Known| Some(known.stamp).filter(|stamp| *stamp != UNREADABLE);
        self.0.iter().map(move |(id, known)| (*id, stamp(known)))
    }

    /// The finding about a session, if nothing but its files decides it, and the stamp that these had.
    pub(super) fn entry(&self, session: SessionId) -> Option<(u64, SessionEntry)> {
        let known = self.0.get(&session)?;
        Some((known.stamp, unpack(known.packed.as_ref()?)?))
    }

    /// Nothing is known of a session any more.
    pub(super) fn forget(&mut self, session: SessionId) {
        self.0.remove(&session);
    }

    /// The sessions to write into the index.
    pub(super) fn indexed(&self) -> Vec<IndexedSession> {
        let indexed = |(id, known): (&SessionId, &Known)| {
            let entry = known.packed.clone()?.into_vec();
            Some(IndexedSession { id: *id, stamp: known.stamp, entry })
        };
        let mut sessions: Vec<IndexedSession> = self.0.iter().filter_map(indexed).collect();
        sessions.sort_unstable_by_key(|session| session.id);
        sessions
    }
}

impl Listing {
    pub fn begin(
        finder: &mut SessionFinder,
        types: &dyn KnownTypes,
        scope: ListingScope,
        now: Timestamp,
    ) -> Self {
        let mut listing = Self {
            scope,
            slots: Slots::Waiting,
            waiting: Vec::new(),
            put_off: Vec::new(),
            records: Records::ReadLater,
            before: HashMap::new(),
            known: HashMap::new(),
            early: Vec::new(),
            settled: Vec::new(),
            found: Vec::new(),
            gone: Vec::new(),
            failure: None,
        };
        let sessions = match finder.store().sessions() {
            Ok(sessions) => sessions,
            Err(error) => {
                error!(error = %with_sources(&error), "the sessions on this machine can't be listed");
                // Then none is known to be gone, either.
                listing.known = std::mem::take(&mut finder.known_mut().0);
                listing.failure = Some(error.into());
                return listing;
            }
        };
        if scope == ListingScope::All {
            finder.learn_of_deaths();
        }
        finder.settle_all_but_existing();
        listing.before = std::mem::take(&mut finder.known_mut().0);
        if let Some(remembered) = finder.recall(types, &sessions, now) {
            listing.remember(remembered);
        }
        listing.waiting = sessions;
        listing.waiting.reverse();
        listing
    }

    /// Takes over the index's entries of sessions that this process knows nothing of.
    fn remember(&mut self, remembered: Remembered) {
        for IndexedSession { id, stamp, entry } in remembered.sessions {
            if self.before.contains_key(&id) {
                continue;
            }
            let early = remembered.is_trusted.then(|| unpack(&entry)).flatten();
            let is_reported = early.is_some();
            self.early.extend(early);
            let packed = Some(entry.into_boxed_slice());
            let (is_settled, is_from_index) = (true, true);
            let known = Known { stamp, is_settled, is_reported, packed, is_from_index };
            self.before.insert(id, known);
        }
    }

    /// Takes the entries that may be shown before any session was looked at.
    pub fn take_early(&mut self) -> Vec<SessionEntry> {
        std::mem::take(&mut self.early)
    }

    /// Looks at the slots, if that wasn't done, and at the next few sessions. Returns true if there are more.
    pub fn step(
        &mut self,
        finder: &mut SessionFinder,
        types: &dyn KnownTypes,
        now: Timestamp,
    ) -> bool {
        if matches!(self.slots, Slots::Waiting) {
            self.slots = Slots::Listed(finder.list_slots());
        }
        let mut read = 0;
        while read < STEP_BYTES {
            let Some(session) = self.next(finder) else { return false };
            read += self.look(finder, types, session, now);
        }
        !self.waiting.is_empty() || !self.put_off.is_empty()
    }

    fn next(&mut self, finder: &mut SessionFinder) -> Option<SessionId> {
        if self.waiting.is_empty() && !self.put_off.is_empty() {
            self.records = finder.read_records();
            self.waiting = std::mem::take(&mut self.put_off);
            self.waiting.reverse();
        }
        self.waiting.pop()
    }

    /// Once there are no more: what was found.
    pub fn end(mut self, finder: &mut SessionFinder) -> Listed {
        let settled = self.settled.iter().map(|entry| entry.session.id);
        for session in settled.chain(self.found.iter().map(|found| found.session)) {
            if let Some(known) = self.known.get_mut(&session) {
                known.is_reported = true;
            }
        }
        if self.before.values().any(|known| known.packed.is_some()) {
            finder.index_mut().note_stale();
        }
        self.gone.extend(self.before.into_keys());
        finder.known_mut().0 = self.known;
        let slots = match self.slots {
            Slots::Waiting => None,
            Slots::Listed(slots) => slots,
        };
        Listed {
            settled: self.settled,
            found: self.found,
            gone: self.gone,
            slots,
            failure: self.failure,
        }
    }

    /// Gives it up, and keeps what is known already.
    pub fn give_up(mut self, finder: &mut SessionFinder) {
        if matches!(self.slots, Slots::Listed(Some(_))) {
            finder.note_slots_changed();
        }
        // Sessions that were found and not reported are looked at again.
        self.known.retain(|_, known| known.is_reported || known.packed.is_some());
        self.before.extend(self.known);
        // A session that is gone is found to be gone again.
        let gone = Known { is_reported: true, ..Known::default() };
        self.before.extend(self.gone.into_iter().map(|session| (session, gone.clone())));
        finder.known_mut().0 = self.before;
    }

    /// Looks at one session, and returns its bytes, about.
    fn look(
        &mut self,
        finder: &mut SessionFinder,
        types: &dyn KnownTypes,
        session: SessionId,
        now: Timestamp,
    ) -> u64 {
        let before = self.before.remove(&session);
        if let Some(known) =
            before.as_ref().filter(|known| self.is_as_before(finder, session, known))
            && self.keep(finder, session, known.clone())
        {
            return KNOWN_BYTES;
        }
        let look = |finder: &mut SessionFinder| look_at(finder, types, session, now);
        let (stamp, what) = match finder.going_by(&mut self.records, look) {
            Look::Done { stamp, found } => (stamp, *found),
            Look::PutOff => {
                self.put_off.push(session);
                self.before.extend(before.map(|known| (session, known)));
                return 2 * KNOWN_BYTES;
            }
            Look::Gone => {
                self.note_gone(finder, session, before);
                return KNOWN_BYTES;
            }
        };
        let (was_reported, was_indexed) =
            before.map_or((false, false), |known| (known.is_reported, known.packed.is_some()));
        // A session that needs cleanup is looked at each time: nothing is removed because the index says so.
        let stays = !finder.is_to_be_swept(session);
        let known = Known {
            stamp,
            is_settled: stays && what.as_ref().is_some_and(FoundSession::is_settled),
            is_reported: false,
            packed: what.as_ref().filter(|_| stays && finder.index().is_kept()).and_then(packed),
            is_from_index: false,
        };
        let index = finder.index_mut();
        index.figures.misses += u64::from(index.is_kept());
        if was_indexed || known.packed.is_some() {
            index.note_stale();
        }
        self.known.insert(session, known);
        let bytes = what.as_ref().and_then(|what| Some(what.entry.as_ref()?.bytes));
        match what {
            Some(found) => self.note(found),
            None if was_reported => self.gone.push(session),
            None => {}
        }
        bytes.unwrap_or_default().max(2 * KNOWN_BYTES)
    }

    fn note_gone(&mut self, finder: &mut SessionFinder, session: SessionId, before: Option<Known>) {
        let Some(before) = before else { return };
        if before.packed.is_some() {
            finder.index_mut().note_stale();
        }
        if before.is_reported {
            self.gone.push(session);
        }
    }

    fn note(&mut self, mut found: FoundSession) {
        if found.says_no_more_than_its_entry() {
            self.settled.extend(found.entry.take());
        } else {
            self.found.push(found);
        }
    }

    /// Returns true if a session that is known needn't be looked at.
    fn is_as_before(&self, finder: &SessionFinder, session: SessionId, known: &Known) -> bool {
        let needs_no_look = match self.scope {
            ListingScope::All if !known.is_settled => return false,
            ListingScope::All => false,
            // A session that can't be read is tried again when it is asked for.
            ListingScope::Changed { playing } => {
                playing == Some(session) || known.stamp == UNREADABLE
            }
        };
        needs_no_look || finder.store().session_stamp(session).ok() == Some(known.stamp)
    }

    /// Keeps the findings about a session, and reports them if the game doesn't know of them. Returns true if that
    /// could be done.
    fn keep(&mut self, finder: &mut SessionFinder, session: SessionId, known: Known) -> bool {
        if !known.is_reported && known.is_settled {
            let Some(entry) = known.packed.as_deref().and_then(unpack) else { return false };
            finder.witness(entry.updated);
            self.settled.push(entry);
        }
        finder.index_mut().figures.hits += u64::from(known.is_from_index);
        self.known.insert(session, Known { is_from_index: false, ..known });
        true
    }
}

impl FoundSession {
    /// Returns true if it was left in good order, and there is nothing to report of it.
    fn is_settled(&self) -> bool {
        let left = self
            .entry
            .as_ref()
            .is_some_and(|entry| entry.status == SessionStatus::Closed || entry.status.has_ended());
        left && self.corruption.is_none() && self.failure.is_none() && self.offers.is_empty()
    }

    /// Returns true if its entry is all that there is to report.
    fn says_no_more_than_its_entry(&self) -> bool {
        self.is_settled() && self.ladder == Ladder::default()
    }
}

/// The session's entry for the index: only if the session's own files say how it was left, and not a record of its
/// process, which won't be there for long.
fn packed(found: &FoundSession) -> Option<Box<[u8]>> {
    let entry = found.entry.as_ref().filter(|entry| entry.left.is_some())?;
    found.says_no_more_than_its_entry().then(|| pack(entry)).flatten()
}
