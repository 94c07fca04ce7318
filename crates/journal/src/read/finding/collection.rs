//! All sessions that are known, in the order of lists, with their texts.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;

use super::sorting::Found;
use super::{GroupBy, ListedSessions, SearchText, SessionGroups, SessionPage, SessionQuery};
use crate::model::clock;
use crate::model::ids::SessionId;
use crate::read::recovery::SessionEntry;

/// Counts the changes of all shelves in the process, so that no two of them have a revision in common.
static REVISIONS: AtomicU64 = AtomicU64::new(0);

/// Sessions that are put on a shelf one by one. More are put there by going through all that are there.
const FEW: usize = 16;

/// All sessions that are known, most recently played first, and what is searched of them.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug))]
pub struct Shelf {
    /// In any order: an entry is large, and one that goes moves no other but the last.
    entries: Vec<SessionEntry>,
    /// The places of the entries, in the order of the list.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    places: Vec<usize>,
    /// One for each entry, in the order of the list.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    cards: Vec<Card>,
    /// The time at which each was written last: its place follows from that.
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    updated: HashMap<SessionId, Timestamp>,
    #[cfg_attr(feature = "bevy_reflect", reflect(ignore))]
    revision: u64,
}

/// The data about an entry that is kept beside it.
#[derive(Clone, Debug)]
struct Card {
    id: SessionId,
    text: Arc<SearchText>,
    /// The shelf's revision when the entry changed last.
    changed: u64,
}

/// The place of a session that was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// As long as the shelf's revision is the same.
    pub position: usize,
    pub id: SessionId,
    /// The revision at which it changed last.
    pub changed: u64,
}

impl Shelf {
    /// Puts sessions on an empty shelf, and folds what is searched of them: for a thread that has the time.
    #[must_use]
    pub fn of(mut entries: Vec<SessionEntry>) -> Self {
        entries.sort_unstable_by_key(order);
        let revision = next_revision();
        let card = |entry: &SessionEntry| {
            let text = Arc::new(SearchText::of(entry));
            Card { id: entry.session.id, text, changed: revision }
        };
        let cards = entries.iter().map(card).collect();
        let updated = entries.iter().map(|entry| (entry.session.id, entry.updated)).collect();
        let places = (0..entries.len()).collect();
        Self { entries, places, cards, updated, revision }
    }

    /// All sessions, most recently played first.
    #[must_use]
    pub fn entries(&self) -> ListedSessions<'_> {
        ListedSessions::new(&self.entries, &self.places)
    }

    /// All sessions, off the shelf, in the order of the list.
    #[must_use]
    pub fn into_entries(self) -> Vec<SessionEntry> {
        self.into_cards().map(|(entry, _)| entry).collect()
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns true if there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keeps only these sessions.
    pub fn retain(&mut self, is_kept: impl Fn(SessionId) -> bool) {
        let mut updated = std::mem::take(&mut self.updated);
        updated.retain(|session, _| is_kept(*session));
        let all = std::mem::take(self).into_cards().filter(|(_, card)| is_kept(card.id));
        self.fill(all.collect(), updated);
    }

    /// Changes with everything that is changed here.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The entry of one session; `None` if it isn't listed.
    #[must_use]
    pub fn get(&self, session: SessionId) -> Option<&SessionEntry> {
        self.entries().get(self.position(session)?)
    }

    /// One session, to be changed. Fields that decide on its place in the order are changed by [`put`](Self::put)
    /// instead.
    pub fn get_mut(&mut self, session: SessionId) -> Option<&mut SessionEntry> {
        let position = self.position(session)?;
        let revision = self.begin_change();
        if let Some(card) = self.cards.get_mut(position) {
            *card = Card::blank(session, revision);
        }
        self.entries.get_mut(*self.places.get(position)?)
    }

    /// Changes one session, in fields that don't decide on its place in the order and aren't searched. `change` returns
    /// true if it changed anything.
    pub fn change(&mut self, session: SessionId, change: impl FnOnce(&mut SessionEntry) -> bool) {
        let Some(position) = self.position(session) else { return };
        let place = self.places.get(position).copied();
        let entry = place.and_then(|place| self.entries.get_mut(place));
        if entry.is_some_and(change) {
            let changed = self.begin_change();
            if let Some(card) = self.cards.get_mut(position) {
                card.changed = changed;
            }
        }
    }

    /// Puts a session in the place of what was known of it.
    pub fn put(&mut self, entry: SessionEntry) {
        self.put_folded(entry, Arc::default());
    }

    fn put_folded(&mut self, entry: SessionEntry, text: Arc<SearchText>) {
        let id = entry.session.id;
        if let Some(position) = self.position(id) {
            if self.entries().get(position) == Some(&entry) {
                return;
            }
            self.take(position);
        }
        let changed = self.begin_change();
        let position = self.place_of(order(&entry));
        self.updated.insert(id, entry.updated);
        self.places.insert(position, self.entries.len());
        self.entries.push(entry);
        self.cards.insert(position, Card { id, text, changed });
    }

    /// Puts many sessions in the place of what was known of them, with what is searched of them. On an
    /// empty shelf it costs next to nothing, however many they are.
    pub fn put_all(&mut self, mut shelf: Self) {
        if shelf.is_empty() {
            return;
        }
        if self.is_empty() {
            *self = shelf;
            self.begin_change();
            return;
        }
        if shelf.len() <= FEW {
            return shelf.into_cards().for_each(|(entry, card)| self.put_folded(entry, card.text));
        }
        let fresh: HashSet<SessionId> = shelf.cards.iter().map(|card| card.id).collect();
        let mut updated = std::mem::take(&mut self.updated);
        updated.extend(shelf.updated.drain());
        let before = std::mem::take(self).into_cards();
        let kept = before.filter(|(_, card)| !fresh.contains(&card.id));
        let mut all: Vec<(SessionEntry, Card)> = kept.chain(shelf.into_cards()).collect();
        // Two sorted stretches, which a stable sort merges in one pass.
        all.sort_by_key(|(entry, _)| order(entry));
        self.fill(all, updated);
    }

    /// Puts all of them on an empty shelf, in this order.
    fn fill(&mut self, all: Vec<(SessionEntry, Card)>, updated: HashMap<SessionId, Timestamp>) {
        (self.entries, self.cards) = all.into_iter().unzip();
        self.places = (0..self.entries.len()).collect();
        self.updated = updated;
        self.begin_change();
    }

    /// All sessions, in the order of the list, off the shelf.
    fn into_cards(self) -> impl Iterator<Item = (SessionEntry, Card)> {
        let mut entries: Vec<Option<SessionEntry>> = self.entries.into_iter().map(Some).collect();
        let in_order = self.places.into_iter().zip(self.cards);
        in_order.filter_map(move |(place, card)| Some((entries.get_mut(place)?.take()?, card)))
    }

    /// Takes a session off the shelf.
    pub fn remove(&mut self, session: SessionId) -> Option<SessionEntry> {
        let position = self.position(session)?;
        self.begin_change();
        self.take(position)
    }

    /// Finds sessions. Their searched texts are folded once and kept.
    #[must_use]
    pub fn query(&self, query: &SessionQuery) -> SessionPage<'_> {
        let begun = clock::instant();
        query.page_of(query.found(self.all()), begun)
    }

    /// Groups the sessions that a query finds.
    #[must_use]
    pub fn groups(&self, query: &SessionQuery, by: GroupBy) -> SessionGroups<'_> {
        let begun = clock::instant();
        let found = query.found(self.all());
        SessionGroups::of(found.into_iter().map(|found| found.entry), by, begun)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Found<'_, '_>> {
        let all = self.entries().iter().zip(&self.cards).enumerate();
        all.map(|(position, (entry, card))| Found { entry, text: &card.text, position })
    }

    /// The places of the sessions that a query finds, in its order.
    pub(super) fn find(&self, query: &SessionQuery) -> Vec<Place> {
        let mut found = query.found(self.all());
        query.sort_all(&mut found);
        let with_card = found.into_iter().filter_map(|found| {
            let card = self.cards.get(found.position)?;
            Some(Place { position: found.position, id: card.id, changed: card.changed })
        });
        with_card.collect()
    }

    fn position(&self, session: SessionId) -> Option<usize> {
        let updated = self.updated.get(&session)?;
        let position = self.place_of((Reverse(*updated), session));
        let is_there =
            |position: &usize| self.cards.get(*position).map(|card| card.id) == Some(session);
        // A change of an entry may have changed its place.
        let anywhere = || self.cards.iter().position(|card| card.id == session);
        Some(position).filter(is_there).or_else(anywhere)
    }

    /// The position of an entry of this order, or the one that it would have.
    fn place_of(&self, wanted: (Reverse<Timestamp>, SessionId)) -> usize {
        let known = |place: &usize| self.entries.get(*place).map(order);
        self.places.partition_point(|place| known(place).is_some_and(|known| known < wanted))
    }

    fn take(&mut self, position: usize) -> Option<SessionEntry> {
        if position >= self.entries.len() {
            return None;
        }
        let card = self.cards.remove(position);
        self.updated.remove(&card.id);
        let place = self.places.remove(position);
        let entry = self.entries.swap_remove(place);
        // The last entry is in its place now.
        let moved = self.entries.len();
        self.places.iter_mut().filter(|known| **known == moved).for_each(|known| *known = place);
        Some(entry)
    }

    fn begin_change(&mut self) -> u64 {
        self.revision = next_revision();
        self.revision
    }
}

impl Card {
    fn blank(id: SessionId, changed: u64) -> Self {
        Self { id, text: Arc::default(), changed }
    }
}

/// The order of an entry among others.
fn order(entry: &SessionEntry) -> (Reverse<Timestamp>, SessionId) {
    (Reverse(entry.updated), entry.session.id)
}

fn next_revision() -> u64 {
    REVISIONS.fetch_add(1, Ordering::Relaxed) + 1
}
