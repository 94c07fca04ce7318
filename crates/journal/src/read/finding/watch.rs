//! A query that is kept up to date by what changed since it was last looked at.

use std::collections::HashMap;
use std::ops::Range;

use super::collection::Place;
use super::{SessionQuery, Shelf};
use crate::model::ids::SessionId;
use crate::read::recovery::SessionEntry;

/// A query whose answer is kept, so that a list on the screen changes only what is different.
///
/// Its query's page plays no part: [`page`](Self::page) hands out any of them, in the order of the query.
#[derive(Clone, Debug, Default)]
pub struct SessionWatch {
    query: SessionQuery,
    found: Vec<Place>,
    /// The shelf's revision when it was last looked at.
    revision: Option<u64>,
}

/// The changes in the answer to a query since the last look.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct SessionChanges {
    /// Sessions that are found now, in the order of the query.
    pub entered: Vec<SessionId>,
    /// Sessions that aren't found any more.
    pub left: Vec<SessionId>,
    /// Sessions that are found as before, and of which something changed that a list may show.
    pub changed: Vec<SessionId>,
    /// True if the order of those that were found before and are found now has changed.
    pub reordered: bool,
}

impl SessionChanges {
    /// Returns true if nothing has changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl SessionWatch {
    /// Watches what this query finds. At the first look all that is found has entered.
    #[must_use]
    pub fn new(query: SessionQuery) -> Self {
        Self { query, ..Self::default() }
    }

    /// The query that is watched.
    pub fn query(&self) -> &SessionQuery {
        &self.query
    }

    /// Watches another query from now on. The next look returns the differences from the answer before.
    pub fn set_query(&mut self, query: SessionQuery) {
        if self.query != query {
            self.query = query;
            self.revision = None;
        }
    }

    /// Looks again, and returns the changes. If nothing changed, it costs nothing.
    #[doc(hidden)]
    pub fn look(&mut self, shelf: &Shelf) -> SessionChanges {
        if self.is_of(shelf) {
            return SessionChanges::default();
        }
        let found = shelf.find(&self.query);
        let changes = differences(&self.found, &found);
        self.found = found;
        self.revision = Some(shelf.revision());
        changes
    }

    /// The number of sessions found at the last look.
    #[must_use]
    pub fn total(&self) -> usize {
        self.found.len()
    }

    /// The ids of all sessions that were found at the last look, in the order of the query.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = SessionId> {
        self.found.iter().map(|place| place.id)
    }

    /// Some of those that were found at the last look. Those that are gone since are missing.
    #[doc(hidden)]
    #[must_use]
    pub fn page<'a>(&self, shelf: &'a Shelf, page: Range<usize>) -> Vec<&'a SessionEntry> {
        let (from, until) = (page.start.min(self.found.len()), page.end.min(self.found.len()));
        let places = self.found.get(from..until).unwrap_or_default();
        let is_current = self.is_of(shelf);
        let entry = |place: &Place| match is_current {
            true => shelf.entries().get(place.position),
            false => shelf.get(place.id),
        };
        places.iter().filter_map(entry).collect()
    }

    fn is_of(&self, shelf: &Shelf) -> bool {
        self.revision == Some(shelf.revision())
    }
}

fn differences(before: &[Place], now: &[Place]) -> SessionChanges {
    let old = before.iter().enumerate().map(|(position, place)| (place.id, (position, place)));
    let mut old: HashMap<SessionId, (usize, &Place)> = old.collect();
    let mut changes = SessionChanges::default();
    let mut last = None;
    for place in now {
        let Some((position, known)) = old.remove(&place.id) else {
            changes.entered.push(place.id);
            continue;
        };
        if place.changed != known.changed {
            changes.changed.push(place.id);
        }
        changes.reordered |= last.is_some_and(|last| position < last);
        last = Some(position);
    }
    let left = before.iter().map(|place| place.id).filter(|id| old.contains_key(id));
    changes.left = left.collect();
    changes
}
