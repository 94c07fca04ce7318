//! What the writer does beside the journal and the slots, one thing after the other and in slices, so
//! that no checkpoint waits for more than one of them.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;
use tracing::debug_span;

use super::News;
use super::archiving::{Archiving, Step};
use super::editing_many::{EditMany, EditingMany};
use super::reporting::Reporting;
use super::session_copying::{SessionCopying, Step as Copied, leave_nothing};
use super::shelf_sweeping::ShelfSweeping;
use super::slices::{SLICE_BYTES, SLICE_TIME};
use super::sweeping::Sweeping;
use crate::digest::{DigestOrder, Keepers, PlayedLine};
use crate::finding::Shelf;
use crate::ids::{SessionId, Ticket};
use crate::process::LastRun;
use crate::recovery::{
    EventReading, EventValidating, KnownTypes, Listed, Listing, ListingScope, SessionEntry,
    SessionFinder, entry_of_new,
};
use crate::session::{Archived, ShelfMove};
use crate::store::DirectoryStore;

/// Something that takes many slices.
enum Chore {
    /// Looks at all sessions, or those that changed. `begun` is `None` before its first slice.
    Listing { scope: ListingScope, ticket: Option<Ticket>, begun: Option<Box<Listing>> },
    /// Writes a report.
    Reporting(Box<Reporting>, Ticket),
    /// Reads a page of events.
    ReadingEvents(Box<EventReading>, Ticket),
    /// Looks at all events of a session.
    ValidatingEvents(Box<EventValidating>, Ticket),
    /// Removes what lies around.
    Sweeping(Box<Sweeping>),
    /// Removes what has lain in the trash for long.
    SweepingShelf(ShelfSweeping),
    /// Puts a session away. `None` before its first slice.
    Archiving { session: SessionId, what: Archived, ticket: Ticket, begun: Option<Archiving> },
    /// Makes a session of its own out of another one.
    Copying(CopyChore),
    /// Does one thing with each of many sessions.
    EditingMany(Box<EditingMany>, Ticket),
    /// Brings up to date what the program keeps of each session, or removes it.
    Digesting(Digesting),
}

/// What is asked of digests.
struct Digesting {
    order: DigestOrder,
    ticket: Ticket,
    /// What this process plays, before its first slice.
    played: Option<PlayedLine>,
    has_begun: bool,
}

/// A session that is to be copied.
pub(super) struct CopyChore {
    pub session: SessionId,
    pub name: String,
    pub game_version: String,
    pub ticket: Ticket,
    /// `None` before its first slice.
    pub begun: Option<Box<SessionCopying>>,
}

impl Chore {
    /// Whether somebody waits for it.
    fn is_asked_for(&self) -> bool {
        !matches!(self, Self::Sweeping(_) | Self::SweepingShelf(_))
    }
}

/// The things to be done, in order.
#[derive(Default)]
pub(super) struct Chores {
    chores: VecDeque<Chore>,
    /// What the program keeps of each session.
    pub(super) digests: Keepers,
}

impl Chores {
    pub(super) fn is_done(&self) -> bool {
        self.chores.is_empty()
    }

    /// Whether something is to be done with sessions, or written of them, that somebody asked for.
    pub(super) fn has_filing(&self) -> bool {
        let is_filing = |chore: &Chore| {
            matches!(
                chore,
                Chore::Archiving { .. }
                    | Chore::Copying(_)
                    | Chore::EditingMany(..)
                    | Chore::Reporting(..)
            )
        };
        self.chores.iter().any(is_filing)
    }

    /// Whether the first is waited for.
    pub(super) fn is_asked_for(&self) -> bool {
        self.chores.front().is_some_and(Chore::is_asked_for)
    }

    /// Whether a listing has begun, and what changes now would be missed by it.
    pub(super) fn is_listing_under_way(&self) -> bool {
        self.chores.iter().any(|chore| matches!(chore, Chore::Listing { begun: Some(_), .. }))
    }

    /// Whether the first is done with many sessions.
    pub(super) fn is_long(&self) -> bool {
        matches!(self.chores.front(), Some(Chore::EditingMany(..) | Chore::Digesting(_)))
    }

    /// Looks at all sessions, before anything else.
    pub(super) fn list(&mut self, ticket: Option<Ticket>) {
        let is_listing = |chore: &&Chore| matches!(chore, Chore::Listing { .. });
        let asked_before = self.chores.iter().take_while(is_listing).count();
        let listing = Chore::Listing { scope: ListingScope::All, ticket, begun: None };
        self.chores.insert(asked_before, listing);
    }

    /// Looks what changed, before what nothing waits for; unless that is about to be done anyway.
    pub(super) fn refresh(&mut self, playing: Option<SessionId>) {
        if !self.chores.iter().any(|chore| matches!(chore, Chore::Listing { .. })) {
            let scope = ListingScope::Changed { playing };
            self.add_before_sweeping(Chore::Listing { scope, ticket: None, begun: None });
        }
    }

    /// Writes a report, before what nothing waits for.
    pub(super) fn report(&mut self, reporting: Reporting, ticket: Ticket) {
        self.add_before_sweeping(Chore::Reporting(Box::new(reporting), ticket));
    }

    /// Reads a page of events, before what nothing waits for.
    pub(super) fn read_events(&mut self, reading: EventReading, ticket: Ticket) {
        self.add_before_sweeping(Chore::ReadingEvents(Box::new(reading), ticket));
    }

    /// Looks at all events of a session, likewise.
    pub(super) fn validate_events(&mut self, validating: EventValidating, ticket: Ticket) {
        self.add_before_sweeping(Chore::ValidatingEvents(Box::new(validating), ticket));
    }

    /// Puts a session away, likewise.
    pub(super) fn archive(&mut self, session: SessionId, what: Archived, ticket: Ticket) {
        self.add_before_sweeping(Chore::Archiving { session, what, ticket, begun: None });
    }

    /// Makes a session of its own out of another one, likewise.
    pub(super) fn copy(&mut self, copy: CopyChore) {
        self.add_before_sweeping(Chore::Copying(copy));
    }

    /// Does one thing with each of many sessions, likewise.
    pub(super) fn edit_many(&mut self, order: EditMany, ticket: Ticket) {
        self.add_before_sweeping(Chore::EditingMany(Box::new(EditingMany::new(order)), ticket));
    }

    /// Brings digests up to date, or removes them, likewise.
    pub(super) fn digest(
        &mut self,
        (order, ticket): (DigestOrder, Ticket),
        played: Option<PlayedLine>,
    ) {
        let digesting = Digesting { order, ticket, played, has_begun: false };
        self.add_before_sweeping(Chore::Digesting(digesting));
    }

    /// Nobody waits for digests any more. What was read so far is kept.
    pub(super) fn stop_digesting(&mut self) {
        self.chores.retain(|chore| !matches!(chore, Chore::Digesting(_)));
    }

    /// Lets go of a session that is being put away or copied. That is begun again later. Other sessions are left alone:
    /// who asks for something of them all the time would have none of them ever put away.
    pub(super) fn let_go(&mut self, wanted: SessionId, store: &DirectoryStore) {
        for chore in &mut self.chores {
            match chore {
                Chore::Archiving { session, begun, .. } if *session == wanted => {
                    if let Some(archiving) = begun.take() {
                        archiving.let_go(store);
                    }
                }
                Chore::Copying(CopyChore { session, begun, .. }) if *session == wanted => {
                    if let Some(copying) = begun.take() {
                        copying.let_go(store);
                    }
                }
                Chore::EditingMany(editing, _) => editing.let_go(wanted, store),
                _ => {}
            }
        }
    }

    fn add_before_sweeping(&mut self, chore: Chore) {
        let asked_for = self.chores.iter().take_while(|chore| chore.is_asked_for()).count();
        self.chores.insert(asked_for, chore);
    }

    pub(super) fn sweep(&mut self, sweeping: Sweeping) {
        self.chores.push_back(Chore::Sweeping(Box::new(sweeping)));
    }

    pub(super) fn sweep_shelf(&mut self, sweeping: ShelfSweeping) {
        self.chores.push_back(Chore::SweepingShelf(sweeping));
    }

    /// What is swept belongs to the profile that was played.
    pub(super) fn stop_sweeping(&mut self) {
        self.chores.retain(Chore::is_asked_for);
    }

    /// Nothing is removed for good any more. The next start looks again.
    pub(super) fn stop_sweeping_shelf(&mut self) {
        self.chores.retain(|chore| !matches!(chore, Chore::SweepingShelf(_)));
    }

    /// What was listed of the session that is left now isn't true any more.
    pub(super) fn restart_listings(&mut self, finder: &mut SessionFinder) {
        for chore in &mut self.chores {
            if let Chore::Listing { begun, .. } = chore
                && let Some(listing) = begun.take()
            {
                listing.give_up(finder);
            }
        }
    }

    /// Finishes what a later order would change.
    pub(super) fn finish_listings(
        &mut self,
        finder: &mut SessionFinder,
        types: &dyn KnownTypes,
        now: Timestamp,
        reports: &mut Vec<News>,
    ) {
        while let Some(Chore::Listing { .. }) = self.chores.front() {
            self.step(finder, types, now, reports);
        }
    }

    /// Does a slice of the first.
    pub(super) fn step(
        &mut self,
        finder: &mut SessionFinder,
        types: &dyn KnownTypes,
        now: Timestamp,
        reports: &mut Vec<News>,
    ) {
        let first = self.chores.pop_front();
        let digests = &mut self.digests;
        if let Some(rest) = first.and_then(|chore| chore.step(finder, digests, types, now, reports))
        {
            self.chores.push_front(rest);
        }
    }
}

impl Digesting {
    /// Does a slice; what is left to do.
    fn step(
        mut self,
        digests: &mut Keepers,
        finder: &mut SessionFinder,
        types: &dyn KnownTypes,
        reports: &mut Vec<News>,
    ) -> Option<Self> {
        if !std::mem::replace(&mut self.has_begun, true) {
            digests.begin(&self.order, finder, self.played.take());
        }
        let name = self.order.name();
        let Some((digests, figures)) = digests.step(name, finder, types, SLICE_TIME) else {
            return digests.knows(name).then_some(self);
        };
        let ticket = Some(self.ticket);
        reports.push(News::Digested { name, digests, figures, ticket });
        None
    }
}

impl Chore {
    /// Does a slice; what is left to do.
    fn step(
        self,
        finder: &mut SessionFinder,
        digests: &mut Keepers,
        types: &dyn KnownTypes,
        now: Timestamp,
        reports: &mut Vec<News>,
    ) -> Option<Self> {
        match self {
            Self::Listing { scope, ticket, begun } => {
                let _span = debug_span!("detect_sessions").entered();
                let begin = || Box::new(Listing::begin(finder, types, scope, now));
                let mut listing = begun.unwrap_or_else(begin);
                let early = listing.take_early();
                if !early.is_empty() {
                    // Shown now: what follows may take a while.
                    reports.push(News::Remembered(shelved(early, finder)));
                    return Some(Self::Listing { scope, ticket, begun: Some(listing) });
                }
                if listing.step(finder, types, now) {
                    return Some(Self::Listing { scope, ticket, begun: Some(listing) });
                }
                reports.push(detected(*listing, scope, ticket, finder));
                None
            }
            Self::Reporting(reporting, ticket) => match reporting.step(finder) {
                Ok(reporting) => Some(Self::Reporting(reporting, ticket)),
                Err((order, result)) => {
                    reports.push(News::Described { order, result, ticket });
                    None
                }
            },
            Self::ReadingEvents(reading, ticket) => {
                let rest = read_events(reading, ticket, finder, reports)?;
                Some(Self::ReadingEvents(rest, ticket))
            }
            Self::ValidatingEvents(validating, ticket) => {
                let rest = validate_events(validating, ticket, finder, reports)?;
                Some(Self::ValidatingEvents(rest, ticket))
            }
            Self::Sweeping(mut sweeping) => {
                sweeping.step(&finder.local().store).then_some(Self::Sweeping(sweeping))
            }
            Self::SweepingShelf(mut sweeping) => {
                sweeping.step(finder, now, reports).then_some(Self::SweepingShelf(sweeping))
            }
            Self::Archiving { session, what, ticket, begun } => {
                archive((session, what, ticket), begun, finder, now, reports)
            }
            Self::Copying(copy) => copy.step(finder, types, now, reports).map(Self::Copying),
            Self::EditingMany(mut editing, ticket) => {
                if editing.step(finder, now, reports) {
                    return Some(Self::EditingMany(editing, ticket));
                }
                let edited = Box::new(editing.finish());
                reports.push(News::EditedMany { edited, ticket });
                None
            }
            Self::Digesting(digesting) => {
                digesting.step(digests, finder, types, reports).map(Self::Digesting)
            }
        }
    }
}

/// Does a slice of putting a session away, and reports at its end what came of it; what is left to do.
fn archive(
    (session, what, ticket): (SessionId, Archived, Ticket),
    begun: Option<Archiving>,
    finder: &mut SessionFinder,
    now: Timestamp,
    reports: &mut Vec<News>,
) -> Option<Chore> {
    let stepped = match begun {
        None => Archiving::begin(finder, session, what, now),
        Some(archiving) => archiving.step(&finder.local().store),
    };
    let result = match stepped {
        Ok(Step::Going(archiving)) => {
            return Some(Chore::Archiving { session, what, ticket, begun: Some(archiving) });
        }
        Ok(Step::Done(moved)) => Ok(moved),
        Err(error) => Err(error),
    };
    let (how, ticket) = (ShelfMove::Archive(what), Some(ticket));
    reports.push(News::Shelved { session, how, result, ticket });
    None
}

impl CopyChore {
    /// Does a slice, and reports at the end what came of it; what is left to do.
    fn step(
        self,
        finder: &mut SessionFinder,
        types: &dyn KnownTypes,
        now: Timestamp,
        reports: &mut Vec<News>,
    ) -> Option<Self> {
        let Self { session, name, game_version, ticket, begun } = self;
        let stepped = match begun {
            None => SessionCopying::begin(finder, session, &name, (&game_version, now)),
            Some(copying) => copying.step(&finder.local().store),
        };
        let result = match stepped {
            Ok(Copied::Going(copying)) => {
                let begun = Some(copying);
                return Some(Self { session, name, game_version, ticket, begun });
            }
            Ok(Copied::Done(copy)) => entry_of_new(finder, types, copy, now)
                .map(Box::new)
                .inspect_err(|_| leave_nothing(&finder.local().store, copy)),
            Err(error) => Err(error),
        };
        reports.push(News::Copied { session, result, ticket });
        None
    }
}

/// Reads a slice of a page; what is left to read.
fn read_events(
    mut reading: Box<EventReading>,
    ticket: Ticket,
    finder: &SessionFinder,
    reports: &mut Vec<News>,
) -> Option<Box<EventReading>> {
    let mut read = 0;
    while read < SLICE_BYTES {
        match reading.step(&finder.local().store) {
            Ok(Some(bytes)) => read += bytes,
            Ok(None) => {
                let (query, page) = reading.finish();
                let query = Box::new(query);
                reports.push(News::EventsRead { query, result: Ok(page), ticket });
                return None;
            }
            Err(error) => {
                let query = Box::new(reading.finish().0);
                reports.push(News::EventsRead { query, result: Err(error), ticket });
                return None;
            }
        }
    }
    Some(reading)
}

/// Looks at a slice of a session's events; what is left to look at.
fn validate_events(
    mut validating: Box<EventValidating>,
    ticket: Ticket,
    finder: &SessionFinder,
    reports: &mut Vec<News>,
) -> Option<Box<EventValidating>> {
    let mut read = 0;
    while read < SLICE_BYTES {
        let ended = match validating.step(&finder.local().store) {
            Ok(Some(bytes)) => {
                read += bytes;
                continue;
            }
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        let (session, found) = validating.finish();
        let result = ended.map(|()| found);
        reports.push(News::EventsValidated { session, result, ticket });
        return None;
    }
    Some(validating)
}

fn detected(
    listing: Listing,
    scope: ListingScope,
    ticket: Option<Ticket>,
    finder: &mut SessionFinder,
) -> News {
    let Listed { settled, found, gone, slots } = listing.end(finder);
    let (settled, slots) = (shelved(settled, finder), slots.map(Box::new));
    let is_asked_for = scope == ListingScope::All;
    let index = finder.index_figures();
    let time = finder.time();
    let last = finder.last_to_die();
    let boot = &finder.local().boot;
    let previous = last.map(|record| Box::new(LastRun::from_record(record, boot)));
    News::Detected { time, settled, found, gone, slots, previous, is_asked_for, index, ticket }
}

/// Sessions as the game takes them over in one piece, with what their slots take and what is searched of
/// them.
fn shelved(mut sessions: Vec<SessionEntry>, finder: &SessionFinder) -> Box<Shelf> {
    let mut bytes: HashMap<SessionId, u64> = HashMap::new();
    for slot in finder.slots().slots() {
        *bytes.entry(slot.header.session).or_default() += slot.bytes;
    }
    for entry in &mut sessions {
        let slots = bytes.get(&entry.session.id).copied().unwrap_or_default();
        entry.bytes = entry.journal_bytes + slots;
    }
    Box::new(Shelf::of(sessions))
}
