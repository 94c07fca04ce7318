//! Queries of a session's events, and the pages of their answers.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::Timestamp;

use crate::format::{FileProblem, FileProblemKind, RecordedEvent};
use crate::model::ids::{CheckpointId, RunId, SessionId};

/// A query of a session's events. A condition that isn't set lets all of them through.
#[derive(Clone, PartialEq, Debug)]
pub struct EventQuery {
    /// The session.
    pub session: SessionId,
    /// The checkpoint whose line is read, up to it. `None` means the newest line, and also what was
    /// recorded after its newest checkpoint.
    pub checkpoint: Option<CheckpointId>,
    /// The chapter in which they happened.
    pub chapter: Option<u64>,
    /// The paths of their types. All types if there is none.
    pub types: Vec<String>,
    /// The time of the events, by the clock of the machine.
    pub time: Option<RangeInclusive<Timestamp>>,
    /// The moment of the events, in play time of the session.
    pub play_time: Option<RangeInclusive<Duration>>,
    /// The numbers of the events.
    pub sequences: Option<RangeInclusive<u64>>,
    /// True if the newest comes first. By default it does.
    pub newest_first: bool,
    /// The most events on a page. 100 by default.
    pub limit: usize,
    /// The end of the page before, see [`EventPage::next`].
    pub after: Option<u64>,
    /// True if all are counted, also those of other pages. All of the files are read then.
    pub counts_all: bool,
}

impl EventQuery {
    /// The newest events of a session.
    #[must_use]
    pub fn of(session: SessionId) -> Self {
        Self {
            session,
            checkpoint: None,
            chapter: None,
            types: Vec::new(),
            time: None,
            play_time: None,
            sequences: None,
            newest_first: true,
            limit: 100,
            after: None,
            counts_all: false,
        }
    }
}

/// Some of the events that were asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventPage {
    /// The events, in the order that was asked for.
    pub events: Vec<RecordedEvent>,
    /// The place where the next page continues, see [`EventQuery::after`]. `None` if there are no more.
    pub next: Option<u64>,
    /// The number of events on all pages, if they were counted.
    pub total: Option<u64>,
    /// The number of damaged frames on the way, which are left out.
    pub damaged_frames: u64,
}

/// The result of checking all events that a session has recorded, on every line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EventValidation {
    /// Files of events that could be read.
    pub files: u64,
    /// The bytes of these files.
    pub bytes: u64,
    /// Frames that are whole.
    pub frames: u64,
    /// Events in them. An event that two files hold counts once.
    pub events: u64,
    /// Frames whose payload is damaged.
    pub damaged_frames: u64,
    /// Numbers that were given to no event that is still there, the first of each run: damaged, lost, or
    /// dropped. No more than 100 of them.
    pub gaps: Vec<EventGap>,
    /// Files that can't be read, or not in full.
    pub problems: Vec<FileProblem>,
    /// The number of the last event by the newest checkpoint, if the last events are missing: lost, dropped, or left
    /// out of a repaired copy.
    pub lost_through: Option<u64>,
}

impl EventValidation {
    /// Returns true if all that is there is whole.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let is_none = |problem: &FileProblem| {
            matches!(problem.kind, FileProblemKind::Torn | FileProblemKind::OfAnotherSession)
        };
        self.damaged_frames == 0 && self.problems.iter().all(is_none)
    }
}

/// Numbers without an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EventGap {
    /// The run of the events.
    pub run: RunId,
    /// The last number before them.
    pub after: u64,
    /// The first number behind them.
    pub before: u64,
}
