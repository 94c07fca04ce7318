//! Skills: what a game calls one, and the attempts at it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bevy_session_journal::RecordedEvent;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Attempts with a longer pause by the clock between them, in either direction, are of two sittings.
const BETWEEN_SITTINGS: Duration = Duration::from_secs(30 * 60);

/// The result of one attempt at a skill.
///
/// ```
/// use bevy_session_insights::Attempt;
///
/// assert_eq!(Attempt::new(true).quality(), 1.0);
/// assert_eq!(Attempt::new(true).with_quality(0.3).quality(), 0.3);
/// // What is beyond the scale is at its end, and no number changes nothing.
/// assert_eq!(Attempt::new(true).with_quality(7.0).quality(), 1.0);
/// assert_eq!(Attempt::new(false).with_quality(f32::NAN).quality(), 0.0);
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(from = "(bool, f32)", into = "(bool, f32)")]
pub struct Attempt {
    succeeded: bool,
    quality: f32,
}

impl Attempt {
    /// One that succeeded, with the quality 1, or failed, with the quality 0.
    #[must_use]
    pub fn new(succeeded: bool) -> Self {
        Self { succeeded, quality: f32::from(u8::from(succeeded)) }
    }

    /// Sets its quality, from 0 to 1.
    #[must_use]
    pub fn with_quality(mut self, quality: f32) -> Self {
        if !quality.is_nan() {
            self.quality = quality.clamp(0.0, 1.0);
        }
        self
    }

    /// Returns true if it succeeded.
    #[must_use]
    pub fn succeeded(self) -> bool {
        self.succeeded
    }

    /// Its quality, from 0 to 1.
    #[must_use]
    pub fn quality(self) -> f32 {
        self.quality
    }
}

impl From<(bool, f32)> for Attempt {
    fn from((succeeded, quality): (bool, f32)) -> Self {
        Self::new(succeeded).with_quality(quality)
    }
}

impl From<Attempt> for (bool, f32) {
    fn from(attempt: Attempt) -> Self {
        (attempt.succeeded, attempt.quality)
    }
}

/// The attempts at a skill that a session has, in the order in which they were recorded.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SkillRecord {
    /// In sittings, with more than half an hour by the clock between two of them.
    pub sittings: Vec<Sitting>,
}

/// Attempts with no long pause between them.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Sitting {
    /// When the first attempt was, by the clock.
    pub began: Timestamp,
    /// When the last one was.
    pub ended: Timestamp,
    /// All of them.
    pub attempts: Vec<Attempt>,
}

impl SkillRecord {
    /// Adds the next attempt.
    pub fn take(&mut self, time: Timestamp, attempt: Attempt) {
        let goes_on = |sitting: &&mut Sitting| {
            time.duration_since(sitting.ended).unsigned_abs() <= BETWEEN_SITTINGS
        };
        match self.sittings.last_mut().filter(goes_on) {
            Some(sitting) => {
                sitting.ended = time;
                sitting.attempts.push(attempt);
            }
            None => {
                self.sittings.push(Sitting { began: time, ended: time, attempts: vec![attempt] });
            }
        }
    }

    /// All attempts, the oldest first.
    pub fn attempts(&self) -> impl Iterator<Item = Attempt> {
        self.sittings.iter().flat_map(|sitting| sitting.attempts.iter().copied())
    }

    /// The number of attempts, and of those that succeeded.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.attempts().collect()
    }
}

/// A number of attempts, and how many of them succeeded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Tally {
    /// The number of attempts that succeeded.
    pub succeeded: usize,
    /// The number of attempts.
    pub all: usize,
}

impl Tally {
    pub(crate) fn pair(self) -> (usize, usize) {
        (self.succeeded, self.all)
    }

    /// The tally without some of its attempts.
    pub(crate) fn without(self, some: Self) -> Self {
        Self {
            succeeded: self.succeeded.saturating_sub(some.succeeded),
            all: self.all.saturating_sub(some.all),
        }
    }
}

impl FromIterator<Attempt> for Tally {
    fn from_iter<I: IntoIterator<Item = Attempt>>(attempts: I) -> Self {
        attempts.into_iter().fold(Self::default(), |Self { succeeded, all }, attempt| Self {
            succeeded: succeeded + usize::from(attempt.succeeded()),
            all: all + 1,
        })
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.succeeded += other.succeeded;
        self.all += other.all;
    }
}

/// A skill of the game's players: its name, where attempts come from, and when it is mastered.
///
/// ```
/// use std::time::Duration;
///
/// use bevy_session_insights::{Attempt, Skill};
///
/// let parry = Skill::new("parry")
///     .formerly("block")
///     .mastered_with(8, 10)
///     .kept_after(Duration::from_secs(24 * 60 * 60));
/// assert_eq!(parry.name(), "parry");
/// ```
#[derive(Clone)]
pub struct Skill {
    name: String,
    formerly: Vec<String>,
    draws: Vec<Draw>,
    /// The number of successes that mastery takes, of so many attempts.
    mastery: (usize, usize),
    kept_after: Duration,
}

/// The source of attempts.
#[derive(Clone)]
struct Draw {
    path: String,
    attempt: Arc<dyn Fn(&RecordedEvent) -> Option<Attempt> + Send + Sync>,
}

impl From<&str> for Skill {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Debug for Skill {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let drawn_from: Vec<_> = self.draws.iter().map(|draw| &draw.path).collect();
        formatter
            .debug_struct("Skill")
            .field("name", &self.name)
            .field("formerly", &self.formerly)
            .field("drawn_from", &drawn_from)
            .field("mastery", &self.mastery)
            .field("kept_after", &self.kept_after)
            .finish()
    }
}

impl Skill {
    /// A skill with this name, mastered once 8 of the last 10 attempts succeeded.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            formerly: Vec::new(),
            draws: Vec::new(),
            mastery: (8, 10),
            kept_after: Duration::from_secs(12 * 60 * 60),
        }
    }

    /// Attempts at a skill of this name are attempts at this one: it was renamed.
    #[must_use]
    pub fn formerly(mut self, name: impl Into<String>) -> Self {
        self.formerly.push(name.into());
        self
    }

    /// It is mastered once so many of the last so many attempts succeeded. Defaults to 8 of 10.
    #[must_use]
    pub fn mastered_with(mut self, succeeded: usize, of_last: usize) -> Self {
        let of_last = of_last.max(1);
        self.mastery = (succeeded.clamp(1, of_last), of_last);
        self
    }

    /// A pause of so long between two sittings is a break, over which a skill may be lost. Defaults to 12 hours.
    #[must_use]
    pub fn kept_after(mut self, pause: Duration) -> Self {
        self.kept_after = pause;
        self
    }

    /// Recorded events of the type with this path are attempts, if this makes one of them. They are drawn whenever a
    /// session's history is looked at, so what was recorded before the skill was declared counts as well.
    #[must_use]
    pub fn drawn_from_events(
        mut self,
        path: impl Into<String>,
        attempt: impl Fn(&RecordedEvent) -> Option<Attempt> + Send + Sync + 'static,
    ) -> Self {
        self.draws.push(Draw { path: path.into(), attempt: Arc::new(attempt) });
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The number of attempts that have to succeed, of the last so many: the rule of mastery.
    #[must_use]
    pub fn mastery(&self) -> (usize, usize) {
        self.mastery
    }

    /// The length of a break.
    #[must_use]
    pub fn break_length(&self) -> Duration {
        self.kept_after
    }

    /// True if attempts of this name are attempts at it.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.formerly.iter().any(|known| known == name)
    }

    /// The attempt at it that an event is, if it is one.
    pub(crate) fn drawn(&self, event: &RecordedEvent) -> Option<Attempt> {
        let of_type = self.draws.iter().filter(|draw| draw.path == *event.event_type.path);
        of_type.filter_map(|draw| (draw.attempt)(event)).next()
    }

    /// The parts of the declaration that change the figures of a history; if they differ, it is read again.
    pub(crate) fn reading(&self) -> impl std::hash::Hash {
        let paths: Vec<String> = self.draws.iter().map(|draw| draw.path.clone()).collect();
        (self.name.clone(), self.formerly.clone(), paths)
    }
}
