//! What is listed: found again only when something changed that it depends on.

use std::cmp::Reverse;

use bevy::ecs::change_detection::Tick;

use super::listed::Listed;
use super::state::{EntryId, SessionMenu, Sort, Tab};
use super::unconfirmed::Unconfirmed;
use crate::finding::{SessionQuery, SessionWatch, SortBy};
use crate::journal::SessionId;
use crate::lifecycle::SessionCatalog;
use crate::recovery::{SessionEntry, SlotEntry};
use crate::session::ShelfPlace;
use crate::ui::SessionStrings;

/// The list, with what was asked for.
#[derive(Debug, Default)]
pub(super) struct Found {
    watch: SessionWatch,
    asked: Option<Asked>,
    pub entries: Vec<EntryId>,
}

/// What the list depends on, beside the sessions.
#[derive(Clone, PartialEq, Debug)]
struct Asked {
    /// When the catalogue, and so perhaps its slots, changed last.
    changed: Tick,
    sort: Sort,
    playing: Option<SessionId>,
}

impl SessionMenu {
    /// Finds what is to be listed. Costs next to nothing where nothing changed.
    pub(super) fn find(
        &mut self,
        catalog: &SessionCatalog,
        changed: Tick,
        playing: Option<SessionId>,
        words: &SessionStrings,
    ) {
        let asked = Asked { changed, sort: self.sort, playing };
        let query = query(self.tab, &self.search, self.sort);
        let is_same_query = *self.found.watch.query() == query;
        self.found.watch.set_query(query);
        let changes = catalog.follow(&mut self.found.watch);
        if is_same_query && changes.is_empty() && self.found.asked.as_ref() == Some(&asked) {
            return;
        }
        let sessions = catalog.page_of(&self.found.watch, 0..self.found.watch.total());
        let is_listed = |entry: &&SessionEntry| {
            self.tab != Tab::Open || entry.newest.is_some() || Some(entry.session.id) == playing
        };
        let mut listed: Vec<Listed> =
            sessions.into_iter().filter(is_listed).map(Listed::Session).collect();
        if self.tab == Tab::Open {
            let searched =
                (!self.search.is_empty()).then(|| SessionQuery::default().search(&self.search));
            let is_listed =
                |slot: &&SlotEntry| searched.as_ref().is_none_or(|query| is_found(slot, query));
            listed.extend(catalog.slots().iter().filter(is_listed).map(Listed::Slot));
            let files = catalog.unreadable_slots().iter().filter(|_| self.search.is_empty());
            listed.extend(files.map(Listed::Unreadable));
        }
        sort(&mut listed, self.sort, words, &self.unconfirmed);
        self.found.entries = listed.into_iter().map(Listed::id).collect();
        self.found.asked = Some(asked);
    }

    /// What is listed now: without what is leaving.
    pub(super) fn entries(&self, catalog: &SessionCatalog) -> Vec<EntryId> {
        let doomed = self.doomed().map(EntryId::Slot);
        let is_favourite = |entry: &EntryId| match entry {
            EntryId::Session(session) => {
                catalog.get(*session).is_some_and(|entry| self.unconfirmed.session(entry).pinned)
            }
            EntryId::Slot(_) => false,
        };
        let stays = |entry: &&EntryId| {
            Some(**entry) != doomed
                && !self.unconfirmed.leaves(**entry)
                && (self.tab != Tab::Favourites || is_favourite(entry))
        };
        self.found.entries.iter().filter(stays).copied().collect()
    }
}

fn query(tab: Tab, search: &str, sort: Sort) -> SessionQuery {
    let query = SessionQuery::default().search(search).sort(match sort {
        Sort::Newest => SortBy::Updated,
        Sort::Name => SortBy::Name,
        Sort::PlayTime => SortBy::PlayTime,
    });
    match tab {
        Tab::Open => query,
        Tab::Favourites => query.pinned(true),
        Tab::Archive => query.archived(),
        Tab::Trash => query.in_trash(),
    }
}

/// Whether a slot is found as a session of its name would be.
fn is_found(slot: &SlotEntry, query: &SessionQuery) -> bool {
    let mut as_session = SessionEntry::begun(&slot.session);
    as_session.session.name = format!("{} {}", slot.name, slot.session.name);
    as_session.session.place = ShelfPlace::Open;
    as_session.summary = slot.summary.clone();
    query.of(&[as_session]).total > 0
}

/// Sessions and slots among each other.
fn sort(listed: &mut [Listed], by: Sort, words: &SessionStrings, unconfirmed: &Unconfirmed) {
    match by {
        Sort::Newest => listed.sort_by_key(|entry| Reverse(entry.time())),
        Sort::Name => {
            listed.sort_by_cached_key(|entry| entry.name(words, unconfirmed).to_lowercase());
        }
        Sort::PlayTime => listed.sort_by_key(|entry| Reverse(entry.play_time())),
    }
}
