//! The filter of a query: the conditions on a session.

use std::ops::Bound;
use std::time::Duration;

use jiff::Timestamp;

use super::SearchText;
use crate::model::session::{Field, LeaveCause, SessionStatus};
use crate::read::recovery::{SessionEntry, VersionFit};

/// The way in which a session was left.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Left {
    /// It was closed, or has ended.
    Cleanly,
    /// By a crash, or it may be played on another machine.
    Crash,
    /// It isn't left: a process plays it now.
    InUse,
}

impl Left {
    /// The way in which this one was left.
    #[must_use]
    pub fn of(entry: &SessionEntry) -> Self {
        match (entry.in_use, entry.status.is_running()) {
            (true, _) => Self::InUse,
            (false, true) => Self::Crash,
            (false, false) => Self::Cleanly,
        }
    }
}

/// Between which values something is to be.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Between<T> {
    pub from: Bound<T>,
    pub until: Bound<T>,
}

impl<T: PartialOrd> Between<T> {
    fn has(&self, value: &T) -> bool {
        let is_from = match &self.from {
            Bound::Included(from) => value >= from,
            Bound::Excluded(from) => value > from,
            Bound::Unbounded => true,
        };
        is_from
            && match &self.until {
                Bound::Included(until) => value <= until,
                Bound::Excluded(until) => value < until,
                Bound::Unbounded => true,
            }
    }
}

/// The places that are looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Places {
    pub open: bool,
    pub archive: bool,
    pub trash: bool,
}

impl Default for Places {
    fn default() -> Self {
        Self { open: true, archive: false, trash: false }
    }
}

/// The conditions on a session. One that is empty excludes nothing.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Filter {
    /// The searched words, folded as the texts are.
    pub words: Vec<String>,
    /// Fields that are searched as well.
    pub fields: Vec<String>,
    pub statuses: Vec<SessionStatus>,
    pub left: Vec<Left>,
    pub causes: Vec<LeaveCause>,
    pub players: Vec<String>,
    pub session_types: Vec<String>,
    pub tags: Vec<String>,
    /// Names, and values; no session has one that can't be written.
    pub field_values: Vec<(String, Option<Field>)>,
    pub updated: Option<Between<Timestamp>>,
    pub played: Option<Between<Duration>>,
    pub fit: Option<VersionFit>,
    pub places: Places,
    pub pinned: Option<bool>,
    pub draft: Option<bool>,
}

impl Filter {
    /// Returns true if a session meets all conditions. The cheapest ones come first.
    pub fn has(&self, entry: &SessionEntry, text: &SearchText) -> bool {
        self.has_standing(entry)
            && self.updated.is_none_or(|range| range.has(&entry.updated))
            && self.played.is_none_or(|range| range.has(&entry.play_time))
            && self.fit.is_none_or(|worst| entry.fit <= worst)
            && self.has_labels(entry)
            && self.field_values.iter().all(|(name, value)| {
                value.is_some() && entry.summary.fields.field(name) == value.as_ref()
            })
            && self.words.iter().all(|word| self.has_word(entry, text, word))
    }

    fn has_standing(&self, entry: &SessionEntry) -> bool {
        let place = entry.session.place;
        let Places { open, archive, trash } = self.places;
        let is_in_place = open && place.is_open()
            || archive && place.is_archived()
            || trash && place.is_in_trash();
        let cause = entry.left.as_ref().map(|left| left.cause);
        is_in_place
            && self.pinned.is_none_or(|pinned| entry.session.pinned == pinned)
            && self.draft.is_none_or(|draft| entry.session.draft == draft)
            && is_one_of(&self.statuses, &entry.status)
            && (self.left.is_empty() || self.left.contains(&Left::of(entry)))
            && (self.causes.is_empty() || cause.is_some_and(|cause| self.causes.contains(&cause)))
    }

    fn has_labels(&self, entry: &SessionEntry) -> bool {
        let session = &entry.session;
        let is_players = self.players.is_empty()
            || session.player.as_ref().is_some_and(|player| self.players.contains(player));
        is_players
            && is_one_of(&self.session_types, &session.session_type)
            && self.tags.iter().all(|tag| session.tags.contains(tag))
    }

    fn has_word(&self, entry: &SessionEntry, text: &SearchText, word: &str) -> bool {
        let is_in =
            |field: &String| text.field(entry, field).is_some_and(|text| text.contains(word));
        text.text(entry).contains(word) || self.fields.iter().any(is_in)
    }
}

/// Nothing that is asked for leaves nothing out.
fn is_one_of<T: PartialEq>(wanted: &[T], value: &T) -> bool {
    wanted.is_empty() || wanted.contains(value)
}
