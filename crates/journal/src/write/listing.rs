//! Looks at all sessions, or at those that changed.

use std::collections::HashMap;

use tracing::debug_span;

use super::News;
use super::jobs::{Holds, Job, Slice, Tools, Urgency};
use crate::disk::process::LastRun;
use crate::model::ids::{SessionId, Ticket};
use crate::read::finding::Shelf;
use crate::read::recovery::{Listed, Listing, ListingScope, SessionEntry, SessionFinder};

/// A listing that is asked for, or of what changed.
pub(super) struct ListSessions {
    scope: ListingScope,
    ticket: Option<Ticket>,
    /// `None` before its first slice.
    begun: Option<Box<Listing>>,
}

impl ListSessions {
    /// Of all sessions.
    pub(super) fn all(ticket: Option<Ticket>) -> Self {
        Self { scope: ListingScope::All, ticket, begun: None }
    }

    /// Of those that changed.
    pub(super) fn changed(playing: Option<SessionId>) -> Self {
        Self { scope: ListingScope::Changed { playing }, ticket: None, begun: None }
    }
}

impl Job for ListSessions {
    fn urgency(&self) -> Urgency {
        match self.scope {
            ListingScope::All => Urgency::Looking,
            ListingScope::Changed { .. } => Urgency::Following,
        }
    }

    fn slice(mut self: Box<Self>, tools: &mut Tools<'_>) -> Slice {
        let _span = debug_span!("detect_sessions").entered();
        let Tools { finder, types, now, news, .. } = tools;
        let begin = || Box::new(Listing::begin(finder, *types, self.scope, now.wall));
        let mut listing = self.begun.take().unwrap_or_else(begin);
        let early = listing.take_early();
        let is_shown_early = !early.is_empty();
        if is_shown_early {
            // The rest may take a while.
            news.push(News::Remembered(shelved(early, finder)));
        }
        if is_shown_early || listing.step(finder, *types, now.wall) {
            self.begun = Some(listing);
            return Slice::Going(self);
        }
        news.push(detected(*listing, self.scope, self.ticket, finder));
        Slice::Done
    }

    fn holds(&self) -> Holds {
        if self.begun.is_some() { Holds::Sessions } else { Holds::Nothing }
    }

    fn cancel(&mut self, finder: &mut SessionFinder) {
        if let Some(listing) = self.begun.take() {
            listing.give_up(finder);
        }
    }
}

fn detected(
    listing: Listing,
    scope: ListingScope,
    ticket: Option<Ticket>,
    finder: &mut SessionFinder,
) -> News {
    let Listed { settled, found, gone, slots, failure } = listing.end(finder);
    let (settled, slots) = (shelved(settled, finder), slots.map(Box::new));
    let failure = failure.map(Box::new);
    let is_asked_for = scope == ListingScope::All;
    let index = finder.index_figures();
    let time = finder.time();
    let last = finder.last_to_die();
    let boot = &finder.local().boot;
    let previous = last.map(|record| Box::new(LastRun::from_record(record, boot)));
    News::Detected {
        time,
        settled,
        found,
        gone,
        slots,
        previous,
        is_asked_for,
        index,
        failure,
        ticket,
    }
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
