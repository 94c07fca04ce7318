//! Sessions in the order of a list.

use std::iter::FusedIterator;
use std::ops::Index;
use std::slice;

use crate::read::recovery::SessionEntry;

/// The sessions of a list, in its order. It is read like a slice: an index beyond the end panics, and
/// [`get`](Self::get) returns `None`.
///
/// The entries themselves lie in any order, so that one that leaves the list doesn't move thousands of others.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListedSessions<'a> {
    entries: &'a [SessionEntry],
    /// The place of each among the entries, in the order of the list.
    places: &'a [usize],
}

impl<'a> ListedSessions<'a> {
    pub(super) fn new(entries: &'a [SessionEntry], places: &'a [usize]) -> Self {
        Self { entries, places }
    }

    /// The sessions, one after the other.
    #[must_use]
    pub fn iter(self) -> ListedSessionsIter<'a> {
        ListedSessionsIter { entries: self.entries, places: self.places.iter() }
    }

    /// The number of sessions.
    #[must_use]
    pub fn len(self) -> usize {
        self.places.len()
    }

    /// Returns true if there are no sessions.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.places.is_empty()
    }

    /// The session at a position; `None` beyond the end.
    #[must_use]
    pub fn get(self, position: usize) -> Option<&'a SessionEntry> {
        self.entries.get(*self.places.get(position)?)
    }

    /// The first session.
    #[must_use]
    pub fn first(self) -> Option<&'a SessionEntry> {
        self.get(0)
    }

    /// The last session.
    #[must_use]
    pub fn last(self) -> Option<&'a SessionEntry> {
        self.iter().next_back()
    }

    /// A copy of all of them.
    #[must_use]
    pub fn to_vec(self) -> Vec<SessionEntry> {
        self.iter().cloned().collect()
    }
}

impl Index<usize> for ListedSessions<'_> {
    type Output = SessionEntry;

    #[expect(clippy::indexing_slicing, reason = "beyond the end it panics, as a slice does")]
    fn index(&self, position: usize) -> &SessionEntry {
        &self.entries[self.places[position]]
    }
}

impl<'a> IntoIterator for ListedSessions<'a> {
    type Item = &'a SessionEntry;
    type IntoIter = ListedSessionsIter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The iterator over [`ListedSessions`].
#[derive(Clone, Debug)]
pub struct ListedSessionsIter<'a> {
    entries: &'a [SessionEntry],
    places: slice::Iter<'a, usize>,
}

impl<'a> Iterator for ListedSessionsIter<'a> {
    type Item = &'a SessionEntry;

    fn next(&mut self) -> Option<Self::Item> {
        self.entries.get(*self.places.next()?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

impl DoubleEndedIterator for ListedSessionsIter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.entries.get(*self.places.next_back()?)
    }
}

impl ExactSizeIterator for ListedSessionsIter<'_> {}

impl FusedIterator for ListedSessionsIter<'_> {}
