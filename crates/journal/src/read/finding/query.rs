//! Queries of sessions, and the pages of their answers.

use std::ops::{Bound, Range, RangeBounds};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::Serialize;

use super::filter::{Between, Filter, Places};
use super::folding::fold;
use super::sorting::{Found, sort_first};
use super::{Left, SearchText, SortBy};
use crate::model::clock;
use crate::model::session::{Fields, LeaveCause, SessionStatus};
use crate::read::recovery::{SessionEntry, VersionFit};

/// Letters of a search that count. Players don't type more, and a text that was pasted by mistake costs nothing.
const LETTERS: usize = 1000;

/// A query of sessions: the conditions, the order, and the page.
///
/// Each method narrows it. A condition that isn't set excludes nothing, except that sessions in the archive and in the
/// trash are only found if they are asked for. By default all that are found are one page, most recently played first.
///
/// ```
/// use bevy_session_journal::{Left, SessionEntry, SessionQuery, SortBy};
///
/// fn longest_of_ann(entries: &[SessionEntry]) -> Option<&SessionEntry> {
///     let query = SessionQuery::default()
///         .search("frozen north")
///         .left_by([Left::Cleanly, Left::Crash])
///         .player("Ann")
///         .with_field("difficulty", &"hard")
///         .sort(SortBy::PlayTime)
///         .page(0..20);
///     query.of(entries).entries.first().copied()
/// }
/// ```
#[derive(Clone, PartialEq, Debug, Default)]
#[must_use]
pub struct SessionQuery {
    pub(super) filter: Filter,
    sort: SortBy,
    reversed: bool,
    page: Option<Range<usize>>,
}

impl SessionQuery {
    /// Sessions in which all words of `text` are found, in any order and within longer words: in the name,
    /// the player's name, the description, the tags, the session's type, what the player is about to do,
    /// the names of open chapters, and the fields of [`in_field`](Self::in_field).
    ///
    /// Case and accents make no difference, in any script. A text without letters leaves nothing out. The
    /// first 1,000 letters count.
    pub fn search(mut self, text: &str) -> Self {
        let typed: String = text.chars().take(LETTERS).collect();
        let mut words: Vec<String> = fold(&typed).split_whitespace().map(str::to_owned).collect();
        // Of a long word fewer sessions have it.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.dedup();
        self.filter.words = words;
        self
    }

    /// Searches a custom field as well, where it is a text, a number or a truth value.
    pub fn in_field(mut self, name: impl Into<String>) -> Self {
        self.filter.fields.push(name.into());
        self
    }

    /// Sessions of one of these statuses.
    pub fn status(mut self, statuses: impl IntoIterator<Item = SessionStatus>) -> Self {
        self.filter.statuses = statuses.into_iter().collect();
        self
    }

    /// Sessions that were left in one of these ways.
    pub fn left_by(mut self, ways: impl IntoIterator<Item = Left>) -> Self {
        self.filter.left = ways.into_iter().collect();
        self
    }

    /// Sessions that were left for one of these causes. Of one that crashed no cause is known.
    pub fn left_because(mut self, causes: impl IntoIterator<Item = LeaveCause>) -> Self {
        self.filter.causes = causes.into_iter().collect();
        self
    }

    /// Sessions of this player. Once more: of that one, too.
    pub fn player(mut self, player: impl Into<String>) -> Self {
        self.filter.players.push(player.into());
        self
    }

    /// Sessions of this type. Once more: of that one, too.
    pub fn session_type(mut self, session_type: impl Into<String>) -> Self {
        self.filter.session_types.push(session_type.into());
        self
    }

    /// Sessions with this tag, written exactly like this. Once more: with that one as well.
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.filter.tags.push(tag.into());
        self
    }

    /// Sessions in which a custom field has this value at the newest checkpoint. The value is compared as
    /// it was set, so of the same type; whole numbers of all sizes are of one type. In no session it has
    /// a value that can't be written.
    pub fn with_field<T: Serialize + ?Sized>(mut self, name: &str, value: &T) -> Self {
        let mut fields = Fields::default();
        let is_set = fields.set(name, value).is_ok();
        let value = fields.field(name).filter(|_| is_set).cloned();
        self.filter.field_values.push((name.to_owned(), value));
        self
    }

    /// Sessions that were played last within this time.
    pub fn updated(mut self, when: impl RangeBounds<Timestamp>) -> Self {
        self.filter.updated = Some(between(&when));
        self
    }

    /// Finds sessions with a play time in this range.
    pub fn played(mut self, how_long: impl RangeBounds<Duration>) -> Self {
        self.filter.played = Some(between(&how_long));
        self
    }

    /// Sessions with which this build of the game can do at least as much.
    ///
    /// With [`VersionFit::Migratable`] those are found that are exact or migratable.
    pub fn fits(mut self, at_worst: VersionFit) -> Self {
        self.filter.fit = Some(at_worst);
        self
    }

    /// Only pinned sessions, or only others.
    pub fn pinned(mut self, pinned: bool) -> Self {
        self.filter.pinned = Some(pinned);
        self
    }

    /// Only drafts, or only sessions that have begun.
    pub fn drafts(mut self, drafts: bool) -> Self {
        self.filter.draft = Some(drafts);
        self
    }

    /// Sessions in the archive, instead of those that are played.
    pub fn archived(mut self) -> Self {
        self.filter.places = Places { open: false, archive: true, trash: false };
        self
    }

    /// Sessions in the trash, instead of those that are played.
    pub fn in_trash(mut self) -> Self {
        self.filter.places = Places { open: false, archive: false, trash: true };
        self
    }

    /// Finds sessions in every place: open, archived and in the trash.
    pub fn in_all_places(mut self) -> Self {
        self.filter.places = Places { open: true, archive: true, trash: true };
        self
    }

    /// Sets the order of the list. [`SortBy::Updated`] by default.
    pub fn sort(mut self, by: SortBy) -> Self {
        self.sort = by;
        self
    }

    /// The other way round: the oldest first, or the end of the alphabet.
    pub fn reversed(mut self) -> Self {
        self.reversed = !self.reversed;
        self
    }

    /// Sets the page: `0..20`, then `20..40` of the sessions that are found. A page beyond the end is empty.
    pub fn page(mut self, page: Range<usize>) -> Self {
        self.page = Some(page);
        self
    }

    /// Asks any list of sessions. Their texts are folded each time; a [`Shelf`](super::Shelf) keeps them.
    #[must_use]
    pub fn of<'a>(&self, entries: &'a [SessionEntry]) -> SessionPage<'a> {
        let begun = clock::instant();
        let texts: Vec<SearchText> = entries.iter().map(|_| SearchText::default()).collect();
        let all = entries.iter().zip(&texts).enumerate();
        let all = all.map(|(position, (entry, text))| Found { entry, text, position });
        self.page_of(self.found(all), begun)
    }

    /// All sessions that are found, in the order of the collection.
    pub(super) fn found<'a, 't>(
        &self,
        all: impl Iterator<Item = Found<'a, 't>>,
    ) -> Vec<Found<'a, 't>> {
        all.filter(|found| self.filter.has(found.entry, found.text)).collect()
    }

    /// Sorts all that were found.
    pub(super) fn sort_all(&self, found: &mut [Found]) {
        sort_first(self.sort, self.reversed, found, found.len());
    }

    pub(super) fn page_of<'a>(
        &self,
        mut found: Vec<Found<'a, '_>>,
        begun: Instant,
    ) -> SessionPage<'a> {
        let total = found.len();
        let page = self.page.clone().unwrap_or(0..total);
        let (from, until) = (page.start.min(total), page.end.min(total));
        sort_first(self.sort, self.reversed, &mut found, until);
        let shown = found.get(from..until).unwrap_or_default();
        let entries = shown.iter().map(|found| found.entry).collect();
        SessionPage { entries, total, took: begun.elapsed() }
    }
}

fn between<T: Copy>(range: &impl RangeBounds<T>) -> Between<T> {
    let own = |bound: Bound<&T>| bound.map(|value| *value);
    Between { from: own(range.start_bound()), until: own(range.end_bound()) }
}

/// A page of the sessions that were found.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct SessionPage<'a> {
    /// The sessions of this page, in the order that was asked for.
    pub entries: Vec<&'a SessionEntry>,
    /// The number of sessions found, on all pages together.
    pub total: usize,
    /// The time that it took.
    pub took: Duration,
}
