//! The insights of one session.

use std::collections::BTreeMap;
use std::time::Duration;

use bevy_session_journal::SessionStatus;
use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};

use crate::deed::Deed;
use crate::gathering::Running;
use crate::scores::Weights;
use crate::skill::SkillRecord;
use crate::suggestion::SuggestionMade;

/// The insights of one session, made of its log and of its entry in lists.
///
/// Durations are in play time, pauses excluded, unless they say otherwise. Play that a rewind or a load went back from
/// is on no line of the session and doesn't count. Of a session that was played without the player's consent,
/// [`is_withheld`](Self::is_withheld) alone is known.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionInsights {
    /// Its entry in lists.
    pub about: SessionAbout,
    /// Its time, by what it was spent on.
    pub times: SessionTimes,
    /// The time in each value of each saved state, by the name of the state's type.
    pub states: BTreeMap<String, BTreeMap<String, Duration>>,
    /// Chapters by their names.
    pub chapters: BTreeMap<String, ChapterInsights>,
    /// The innermost chapter that was open when it was left.
    pub last_chapter: Option<String>,
    /// Objectives by their keys, as far as anything happened to them.
    pub objectives: BTreeMap<String, ObjectiveInsights>,
    /// Crashes by how the process ended, see [`HowItEnded::name`](bevy_session_journal::HowItEnded::name); `unknown` if that
    /// wasn't known when the session was recovered.
    pub crashes: BTreeMap<String, u32>,
    /// Times that a slot was loaded.
    pub loads: u32,
    /// Times that it went back to an earlier moment.
    pub rewinds: u32,
    /// Deaths of the player, by the types that the game named.
    pub deaths: u32,
    /// Deaths in each cell of the game's own grid, as far as their places are known.
    pub places: BTreeMap<GridCell, u32>,
    /// Events of the types that the game named, by the path of their type.
    pub events: BTreeMap<String, u64>,
    /// Attempts at each skill, by the name that it has today.
    pub skills: BTreeMap<String, SkillRecord>,
    /// Facts that only the game knows.
    pub said: Said,
    /// The latest events, the newest last.
    pub recent: Vec<Deed>,
    /// True if the player didn't consent, so that nothing else is known of it.
    pub is_withheld: bool,
    /// State between one event and the next, while a log is read.
    #[serde(skip)]
    pub(crate) running: Running,
}

/// The facts of a session that lists show.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionAbout {
    /// The player's name for it.
    pub name: String,
    /// The player whom it belongs to; `None` if none is named.
    pub player: Option<String>,
    /// The kind of session: the key of its scenario, or the game's own word. Empty if the game has none.
    pub scenario: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was started, by the clock of the machine; `None` if no checkpoint of it can be read.
    pub started: Option<Timestamp>,
    /// The Monday of the week in which it was started.
    pub week: Option<Date>,
    /// When it was written last.
    pub updated: Option<Timestamp>,
    /// Its status; `None` if no checkpoint of it can be read.
    pub status: Option<SessionStatus>,
    /// The play time that it is expected to take, if the game says so of the session or of its objectives.
    pub expected: Option<Duration>,
    /// Its progress, from 0 to 1, if the game says so.
    pub progress: Option<f32>,
    /// The player's next objective, if the game says so.
    pub next: Option<String>,
}

/// The time of a session, by what it was spent on.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionTimes {
    /// Time played.
    pub play: Duration,
    /// Time by the clock for which it was paused. A pause of more than a day, or one that no event ends, counts for
    /// nothing: the machine slept, or its clock was set.
    pub paused: Duration,
    /// Time played in which nothing was done.
    pub idle: Duration,
    /// Time played while the game didn't have the focus.
    pub unfocused: Duration,
    /// About how much play crashes took, as far as that was known.
    pub lost: Duration,
    /// Time played without an interruption: from a start or a pause's end until the next pause, end or crash.
    pub stretches: Vec<Duration>,
    /// The number of times that play was interrupted: by a pause, by the window's loss of focus, or by idle time.
    pub distractions: u32,
    /// Time played on each day.
    pub days: BTreeMap<Date, Duration>,
    /// Time played in each hour of the day, from 0 to 23.
    pub hours: BTreeMap<i8, Duration>,
}

impl SessionTimes {
    /// The longest time played without an interruption.
    #[must_use]
    pub fn longest_stretch(&self) -> Option<Duration> {
        self.stretches.iter().max().copied()
    }

    /// The share of the time played in which the window had the focus and something was done, from 0 to 1. `None`
    /// if nothing was played.
    #[must_use]
    pub fn focus(&self) -> Option<f64> {
        let focused = self.play.saturating_sub(self.unfocused).saturating_sub(self.idle);
        (!self.play.is_zero()).then(|| focused.as_secs_f64() / self.play.as_secs_f64())
    }
}

/// Facts of a session that only the game knows, recorded as [`Mark`](crate::Mark)s.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Said {
    /// The player's opinion of it: `true` is thumbs up. `None` if they gave none.
    pub thumbs_up: Option<bool>,
    /// Figures of the game's own, by name. All are finite.
    pub figures: BTreeMap<String, f64>,
    /// The choices, as the difficulty or an opening, by their subjects.
    pub choices: BTreeMap<String, String>,
    /// The weights of each score, by its name, as the build had them that played the session last.
    pub weights: BTreeMap<String, Weights>,
    /// The suggestions, and the step that each is at.
    pub suggestions: Vec<SuggestionMade>,
    /// The player's notes on what they learnt, the newest last.
    pub learnt: Vec<String>,
}

/// The outcomes of chapters of one name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChapterInsights {
    /// The number of times that one was begun.
    pub begun: u32,
    /// The number of times that one was completed.
    pub completed: u32,
    /// The number of times that one was failed.
    pub failed: u32,
    /// The number of times that one was abandoned.
    pub abandoned: u32,
    /// Time played in them, chapters within them included.
    pub play: Duration,
    /// Deaths of the player in them.
    pub deaths: u32,
}

/// The outcomes of an objective.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObjectiveInsights {
    /// The number of times that it was completed.
    pub completed: u32,
    /// The number of times that it was failed.
    pub failed: u32,
    /// The number of times that it was blocked.
    pub blocked: u32,
    /// When it was completed first, in play time of the session.
    pub completed_at: Option<Duration>,
}

/// A cell of the game's own grid, for maps of where things happen.
///
/// ```
/// use bevy_session_insights::GridCell;
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
    /// Returns true if it never crashed.
    #[must_use]
    pub fn is_crash_free(&self) -> bool {
        self.crashes.is_empty()
    }

    /// Returns true if it was completed; `None` while it can go on.
    #[must_use]
    pub fn is_success(&self) -> Option<bool> {
        let status = self.about.status.filter(|status| status.has_ended())?;
        Some(status == SessionStatus::Completed)
    }

    /// The time played by what was expected: 2 is twice as long. `None` if nothing is expected.
    #[must_use]
    pub fn play_by_expected(&self) -> Option<f64> {
        let expected = self.about.expected.filter(|expected| !expected.is_zero())?;
        Some(self.times.play.as_secs_f64() / expected.as_secs_f64())
    }

    /// The play time on each day of the week.
    #[must_use]
    pub fn weekdays(&self) -> BTreeMap<i8, Duration> {
        let mut weekdays = BTreeMap::new();
        for (day, played) in &self.times.days {
            *weekdays.entry(number_of(day.weekday())).or_default() += *played;
        }
        weekdays
    }
}

/// The number of a weekday: 1 is Monday.
pub(crate) fn number_of(weekday: Weekday) -> i8 {
    weekday.to_monday_one_offset()
}
