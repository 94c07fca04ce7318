//! What is known of one session.

use std::collections::BTreeMap;
use std::time::Duration;

use bevy_session::SessionStatus;
use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use super::deed::Deed;
use super::gathering::Running;

/// What is known of one session, as it follows from what the session has recorded and from what lists show of it.
///
/// Durations are in play time, pauses excluded, unless they say otherwise. Whatever a session went back from, by a rewind
/// or a load, is on no line of it and counts for nothing.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionInsights {
    /// What the player calls it.
    pub name: String,
    /// Whose it is.
    pub player: Option<String>,
    /// What sort of session it is: the key of its scenario, or the game's own word. Empty if the game has none.
    pub scenario: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was started, by the clock of the machine; `None` if no checkpoint of it can be read.
    pub started: Option<Timestamp>,
    /// The Monday of the week in which it was started.
    pub week: Option<Date>,
    /// When it was written last.
    pub updated: Option<Timestamp>,
    /// Where it stands; `None` if no checkpoint of it can be read.
    pub status: Option<SessionStatus>,
    /// Time played.
    pub play: Duration,
    /// Time by the clock for which it was paused. A pause of more than a day, or one that no event ends, counts for
    /// nothing: the machine slept, or its clock was set.
    pub paused: Duration,
    /// Time played in which nothing was done, by the game's own measure, see
    /// [`InsightsCommands::idle`](crate::InsightsCommands::idle).
    pub idle: Duration,
    /// Time played while the game didn't have the focus.
    pub unfocused: Duration,
    /// Time played without an interruption: from a start or a pause's end until the next pause, end or crash.
    pub stretches: Vec<Duration>,
    /// How long it is expected to take, if the game says so of the session or of its objectives.
    pub expected: Option<Duration>,
    /// How far it is, from 0 to 1, if the game says so.
    pub progress: Option<f32>,
    /// What the player was about to do, if the game says so.
    pub next: Option<String>,
    /// How long it was in each value of each saved state, by the name of the state's type.
    pub states: BTreeMap<String, BTreeMap<String, Duration>>,
    /// Chapters by their names.
    pub chapters: BTreeMap<String, ChapterInsights>,
    /// Objectives by their keys, as far as anything happened to them.
    pub objectives: BTreeMap<String, ObjectiveInsights>,
    /// Crashes by how the process ended, see [`HowItEnded::name`](bevy_session::recovery::HowItEnded::name); `unknown` if that
    /// wasn't known when the session was recovered.
    pub crashes: BTreeMap<String, u32>,
    /// About how much play crashes took, as far as that was known.
    pub lost: Duration,
    /// Times that a slot was loaded.
    pub loads: u32,
    /// Times that it went back to an earlier moment.
    pub rewinds: u32,
    /// Deaths of the player, by the types that the game named.
    pub deaths: u32,
    /// Where they were.
    pub places: BTreeMap<GridCell, u32>,
    /// Events of the types that the game named, by the path of their type.
    pub events: BTreeMap<String, u64>,
    /// What the player thought of it: `true` is thumbs up. `None` if nothing was said.
    pub thumbs_up: Option<bool>,
    /// Time played on each day.
    pub days: BTreeMap<Date, Duration>,
    /// Time played in each hour of the day, from 0 to 23.
    pub hours: BTreeMap<i8, Duration>,
    /// What happened last, the newest last.
    pub recent: Vec<Deed>,
    /// Where things stand while events are taken up.
    #[serde(skip)]
    pub(super) running: Running,
}

/// What became of chapters of one name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChapterInsights {
    /// How often one has begun.
    pub begun: u32,
    /// How often one was completed.
    pub completed: u32,
    /// How often one was failed.
    pub failed: u32,
    /// How often one was abandoned.
    pub abandoned: u32,
    /// Time played in them, chapters within them included.
    pub play: Duration,
}

/// What became of an objective.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObjectiveInsights {
    /// How often it was completed.
    pub completed: u32,
    /// How often it was failed.
    pub failed: u32,
    /// How often something got in its way.
    pub blocked: u32,
    /// When it was completed first, in play time of the session.
    pub completed_at: Option<Duration>,
}

/// A cell of the game's own grid, for maps of where things happen.
///
/// ```
/// use bevy_session_play::GridCell;
///
/// // Cells of 64 units each.
/// assert_eq!(GridCell::at(70.0, -1.0, 64.0), GridCell::new(1, -1));
/// ```
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct GridCell {
    /// Its column.
    pub x: i32,
    /// Its row.
    pub y: i32,
}

impl GridCell {
    /// A cell by its column and row.
    #[must_use]
    pub fn new(x: i32, y: i32) -> Self {
        Self { x, y }
    }

    /// The cell of a place, where each cell is this large. What lies beyond the grid is in its outermost cells.
    #[must_use]
    pub fn at(x: f32, y: f32, size: f32) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "it saturates, and nothing is cell 0")]
        let cell = |place: f32| (place / size).floor() as i32;
        Self { x: cell(x), y: cell(y) }
    }
}

impl SessionInsights {
    /// Whether it never crashed.
    #[must_use]
    pub fn is_crash_free(&self) -> bool {
        self.crashes.is_empty()
    }

    /// Whether its player reached the goal; `None` while it can go on.
    #[must_use]
    pub fn is_success(&self) -> Option<bool> {
        let status = self.status.filter(|status| status.has_ended())?;
        Some(status == SessionStatus::Completed)
    }

    /// The time played by what was expected: 2 is twice as long. `None` where nothing is expected.
    #[must_use]
    pub fn play_by_expected(&self) -> Option<f64> {
        let expected = self.expected.filter(|expected| !expected.is_zero())?;
        Some(self.play.as_secs_f64() / expected.as_secs_f64())
    }

    /// How long it was played on each day of the week.
    #[must_use]
    pub fn weekdays(&self) -> BTreeMap<i8, Duration> {
        let mut weekdays = BTreeMap::new();
        for (day, played) in &self.days {
            *weekdays.entry(number_of(day.weekday())).or_default() += *played;
        }
        weekdays
    }
}

/// The number of a weekday: 1 is Monday.
pub(super) fn number_of(weekday: Weekday) -> i8 {
    weekday.to_monday_one_offset()
}
