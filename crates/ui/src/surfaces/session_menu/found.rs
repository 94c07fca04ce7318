//! The listed entries: searched again only when something changed that they depend on.

use std::cmp::Reverse;

use bevy::ecs::change_detection::Tick;
use bevy_session::library::{
    GroupBy, GroupKey, SessionEntry, SessionQuery, SessionWatch, ShelfPlace, SortBy,
};
use bevy_session::slots::SlotEntry;
use bevy_session::{SessionCatalog, SessionId};

use super::grouped::{Grouping, Line, group};
use super::listed::Listed;
use super::state::{EntryId, SessionMenu, Sort, Tab};
use super::unconfirmed::Unconfirmed;
use crate::surfaces::SessionStrings;

/// The list, with what was asked for.
#[derive(Debug, Default)]
pub(super) struct Found {
    watch: SessionWatch,
    asked: Option<Asked>,
    lines: Vec<Line>,
    /// All tags of what is found, with how many have them, the most frequent first.
    pub tags: Vec<(String, usize)>,
}

/// The inputs of the list, beside the sessions.
#[derive(Clone, PartialEq, Debug)]
struct Asked {
    /// When the catalogue, and so perhaps its slots, changed last.
    changed: Tick,
    sort: Sort,
    grouping: Grouping,
    playing: Option<SessionId>,
}

impl SessionMenu {
    /// Finds what is to be listed. Costs next to nothing if nothing changed.
    pub(super) fn find(
        &mut self,
        catalog: &SessionCatalog,
        changed: Tick,
        playing: Option<SessionId>,
        words: &SessionStrings,
    ) {
        let asked = Asked { changed, sort: self.sort, grouping: self.grouping, playing };
        let query = self.query();
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
            let narrowed = self.is_narrowed().then(|| self.words_and_tags());
            let is_listed =
                |slot: &&SlotEntry| narrowed.as_ref().is_none_or(|query| is_found(slot, query));
            listed.extend(catalog.slots().iter().filter(is_listed).map(Listed::Slot));
            let files = catalog.unreadable_slots().iter().filter(|_| !self.is_narrowed());
            listed.extend(files.map(Listed::Unreadable));
        }
        sort(&mut listed, self.sort, words, &self.unconfirmed);
        self.found.lines = group(&listed, self.grouping);
        self.found.tags = tags_in(catalog, self.found.watch.query());
        self.found.asked = Some(asked);
    }

    /// True if a search or tags leave something out.
    pub(super) fn is_narrowed(&self) -> bool {
        !self.search.trim().is_empty() || !self.tags.is_empty()
    }

    fn query(&self) -> SessionQuery {
        let query = self.words_and_tags().sort(match self.sort {
            Sort::Newest => SortBy::Updated,
            Sort::Name => SortBy::Name,
            Sort::PlayTime => SortBy::PlayTime,
        });
        match self.tab {
            Tab::Open => query,
            Tab::Favourites => query.pinned(true),
            Tab::Archive => query.archived(),
            Tab::Trash => query.in_trash(),
        }
    }

    fn words_and_tags(&self) -> SessionQuery {
        let query = SessionQuery::default().search(&self.search);
        self.tags.iter().fold(query, |query, tag| query.tag(tag))
    }

    /// The listed entries, from top to bottom.
    pub(super) fn entries(&self, catalog: &SessionCatalog) -> Vec<EntryId> {
        self.lines(catalog).iter().filter_map(Line::entry).collect()
    }

    /// The lines of the list now: without what is leaving, and without groups that it leaves empty.
    pub(super) fn lines(&self, catalog: &SessionCatalog) -> Vec<Line> {
        let doomed = self.doomed().map(EntryId::Slot);
        let is_favourite = |entry: &EntryId| match entry {
            EntryId::Session(session) => {
                catalog.get(*session).is_some_and(|entry| self.unconfirmed.session(entry).pinned)
            }
            EntryId::Slot(_) => false,
        };
        let stays = |entry: &EntryId| {
            Some(*entry) != doomed
                && !self.unconfirmed.leaves(*entry)
                && (self.tab != Tab::Favourites || is_favourite(entry))
        };
        let mut lines: Vec<Line> = Vec::with_capacity(self.found.lines.len());
        for line in &self.found.lines {
            match line.entry() {
                Some(entry) if !stays(&entry) => continue,
                None => _ = lines.pop_if(|before| before.entry().is_none()),
                Some(_) => {}
            }
            lines.push(line.clone());
        }
        lines.pop_if(|last| last.entry().is_none());
        lines
    }
}

fn tags_in(catalog: &SessionCatalog, query: &SessionQuery) -> Vec<(String, usize)> {
    let groups = catalog.groups(query, GroupBy::Tag).groups;
    let tag = |(key, count)| match key {
        GroupKey::Tag(Some(tag)) => Some((tag, count)),
        _ => None,
    };
    let counted = groups.into_iter().map(|group| (group.key, group.count));
    let mut tags: Vec<(String, usize)> = counted.filter_map(tag).collect();
    tags.sort_by(|(tag, count), (other, of_other)| (of_other, tag).cmp(&(count, other)));
    tags
}

/// True if a slot matches as a session of its name would.
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
