//! What is known of one session.

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

/// What is known of one session, as it follows from what the session has recorded and from what lists show of it.
///
/// Durations are in play time, pauses excluded, unless they say otherwise. Whatever a session went back from, by a rewind
/// or a load, is on no line of it and counts for nothing. Of a session that was played without the player's consent,
/// [`is_withheld`](Self::is_withheld) alone is known.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionInsights {
    /// What a list shows of it.
    pub about: SessionAbout,
    /// Where its time went.
    pub times: SessionTimes,
    /// How long it was in each value of each saved state, by the name of the state's type.
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
    /// Where they were.
    pub places: BTreeMap<GridCell, u32>,
    /// Events of the types that the game named, by the path of their type.
    pub events: BTreeMap<String, u64>,
    /// Attempts at each skill, by the name that it has today.
    pub skills: BTreeMap<String, SkillRecord>,
    /// What only the game could say.
    pub said: Said,
    /// What happened last, the newest last.
    pub recent: Vec<Deed>,
    /// Whether the player didn't agree that anything be known of it.
    pub is_withheld: bool,
    /// Where things stand while events are taken up.
    #[serde(skip)]
    pub(crate) running: Running,
}

/// What a list shows of a session.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SessionAbout {
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
    /// How long it is expected to take, if the game says so of the session or of its objectives.
    pub expected: Option<Duration>,
    /// How far it is, from 0 to 1, if the game says so.
    pub progress: Option<f32>,
    /// What the player was about to do, if the game says so.
    pub next: Option<String>,
}

/// Where the time of a session went, and how much of it was focused.
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
    /// How often play was interrupted: by a pause, by the window's losing the focus, or by nothing being done.
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
    /// where nothing was played.
    #[must_use]
    pub fn focus(&self) -> Option<f64> {
        let focused = self.play.saturating_sub(self.unfocused).saturating_sub(self.idle);
        (!self.play.is_zero()).then(|| focused.as_secs_f64() / self.play.as_secs_f64())
    }
}

/// What only the game could say of a session, with [`Mark`](crate::Mark)s.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Said {
    /// What the player thought of it: `true` is thumbs up. `None` if nothing was said.
    pub thumbs_up: Option<bool>,
    /// Figures of the game's own, by name. All are finite.
    pub figures: BTreeMap<String, f64>,
    /// What was chosen, as the difficulty or an opening, by what it is a choice of.
    pub choices: BTreeMap<String, String>,
    /// The weights of each score, by its name, as the build had them that played the session last.
    pub weights: BTreeMap<String, Weights>,
    /// What became of suggestions.
    pub suggestions: Vec<SuggestionMade>,
    /// What the player wrote about what was learnt, the newest last.
    pub learnt: Vec<String>,
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
    /// Deaths of the player in them.
    pub deaths: u32,
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
    /// Whether it never crashed.
    #[must_use]
    pub fn is_crash_free(&self) -> bool {
        self.crashes.is_empty()
    }

    /// Whether its player reached the goal; `None` while it can go on.
    #[must_use]
    pub fn is_success(&self) -> Option<bool> {
        let status = self.about.status.filter(|status| status.has_ended())?;
        Some(status == SessionStatus::Completed)
    }

    /// The time played by what was expected: 2 is twice as long. `None` where nothing is expected.
    #[must_use]
    pub fn play_by_expected(&self) -> Option<f64> {
        let expected = self.about.expected.filter(|expected| !expected.is_zero())?;
        Some(self.times.play.as_secs_f64() / expected.as_secs_f64())
    }

    /// How long it was played on each day of the week.
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
