//! Suggestions of the scenario to begin with next, with their reasons.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use super::Outcome;
use crate::model::scenario::Scenario;
use crate::read::recovery::SessionEntry;

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
/// The time for which a play counts as recent.
const RECENT: i64 = 14 * DAY;
/// Sessions of which a usual length is made.
const USUAL: usize = 3;
/// Sessions of a scenario that make a habit of an hour.
const HABIT: usize = 2;

/// A scenario that a player may want to begin with.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Suggestion<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The reasons for which it is suggested, the weightiest first. There is at least one.
    pub why: Vec<SuggestionReason>,
}

/// The reason for which a scenario is suggested. As text it is a sentence in English.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SuggestionReason {
    /// It is the next harder one after the hardest that the player completed.
    NextAfter {
        /// The name of the one that was completed.
        completed: String,
    },
    /// The player pinned sessions of it.
    Liked {
        /// The number of those sessions.
        pinned: usize,
    },
    /// It was played within the last 14 days, and not completed yet.
    Recent {
        /// The time since then.
        ago: Duration,
    },
    /// It takes about as long as this player's sessions usually do.
    UsualLength {
        /// The median of them.
        usual: Duration,
    },
    /// Most of its sessions were left about this time of the day.
    AtThisHour,
    /// It was never played, and isn't much harder than what was completed.
    NeverTried,
}

impl SuggestionReason {
    /// Its weight beside other reasons.
    fn weight(&self) -> u32 {
        match self {
            Self::NextAfter { .. } => 6,
            Self::Liked { .. } => 5,
            Self::Recent { .. } => 4,
            Self::UsualLength { .. } => 3,
            Self::AtThisHour => 2,
            Self::NeverTried => 1,
        }
    }
}

impl fmt::Display for SuggestionReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NextAfter { completed } => {
                write!(formatter, "It comes after {completed}, which you completed.")
            }
            Self::Liked { pinned: 1 } => formatter.write_str("You pinned a session of it."),
            Self::Liked { pinned } => write!(formatter, "You pinned {pinned} sessions of it."),
            Self::Recent { ago } => match ago.as_secs() / DAY.unsigned_abs() {
                0 => formatter.write_str("You played it within the last day."),
                1 => formatter.write_str("You played it a day ago."),
                days => write!(formatter, "You played it {days} days ago."),
            },
            Self::UsualLength { usual } => {
                let minutes = usual.as_secs() / 60;
                let (hours, minutes) = (minutes / 60, minutes % 60);
                formatter.write_str("It takes about as long as you usually play: ")?;
                match (hours, minutes) {
                    (0, minutes) => write!(formatter, "{minutes} min."),
                    (hours, 0) => write!(formatter, "{hours} h."),
                    (hours, minutes) => write!(formatter, "{hours} h {minutes} min."),
                }
            }
            Self::AtThisHour => formatter.write_str("You often play it at this time of the day."),
            Self::NeverTried => formatter.write_str("You haven't tried it yet."),
        }
    }
}

/// Suggests those of these scenarios that a player may want to begin with, the best first, with the reasons: from the
/// sessions of this player, without those in the trash. Equal questions have equal answers, in any order of sessions
/// and scenarios.
///
/// A scenario that is much harder than any that the player completed is suggested only if it was played before.
///
/// ```
/// use bevy_session_journal::{Scenario, SuggestionReason, suggest};
/// use jiff::Timestamp;
///
/// let easy = Scenario::of_text("meadow.scenario.ron", r#"(name: "The meadow", level: 1)"#)?;
/// let hard = Scenario::of_text("moor.scenario.ron", r#"(name: "The moor", level: 5)"#)?;
/// let suggested = suggest([&hard, &easy], [], Timestamp::now());
/// assert_eq!(suggested.len(), 1);
/// assert_eq!(suggested[0].scenario.key, "meadow");
/// assert_eq!(suggested[0].why, [SuggestionReason::NeverTried]);
/// assert_eq!(suggested[0].why[0].to_string(), "You haven't tried it yet.");
/// # Ok::<(), bevy_session_journal::ScenarioError>(())
/// ```
#[must_use]
pub fn suggest<'a, 'e>(
    scenarios: impl IntoIterator<Item = &'a Scenario>,
    sessions: impl IntoIterator<Item = &'e SessionEntry>,
    now: Timestamp,
) -> Vec<Suggestion<'a>> {
    let scenarios: Vec<&Scenario> = scenarios.into_iter().collect();
    let past = Past::of(sessions, now);
    let step = Step::after(&scenarios, &past);
    let suggestion = |scenario: &&'a Scenario| {
        let why = past.reasons(scenario, &step);
        (!why.is_empty()).then_some(Suggestion { scenario, why })
    };
    let mut suggested: Vec<Suggestion<'a>> = scenarios.iter().filter_map(suggestion).collect();
    suggested.sort_by_cached_key(|suggestion| {
        let weight: u32 = suggestion.why.iter().map(SuggestionReason::weight).sum();
        let level = suggestion.scenario.level;
        (std::cmp::Reverse(weight), level, suggestion.scenario.key.clone())
    });
    suggested
}

/// A player's sessions of one scenario.
#[derive(Default)]
struct Played {
    /// The newest of the past, in seconds before now.
    ago: Option<i64>,
    sessions: usize,
    at_this_hour: usize,
    pinned: usize,
    is_completed: bool,
}

/// A player's sessions of all scenarios.
struct Past<'e> {
    played: BTreeMap<&'e str, Played>,
    /// The usual length of a session, if there are enough of them.
    usual: Option<Duration>,
}

impl<'e> Past<'e> {
    fn of(sessions: impl IntoIterator<Item = &'e SessionEntry>, now: Timestamp) -> Self {
        let mut played: BTreeMap<&str, Played> = BTreeMap::new();
        let mut lengths = Vec::new();
        for entry in sessions.into_iter().filter(|entry| !entry.session.place.is_in_trash()) {
            played.entry(&entry.session.session_type).or_default().add(entry, now);
            if !entry.in_use && !entry.play_time.is_zero() {
                lengths.push(entry.play_time);
            }
        }
        lengths.sort_unstable();
        let median = lengths.get(lengths.len() / 2).copied();
        Self { played, usual: median.filter(|_| lengths.len() >= USUAL) }
    }

    fn is_completed(&self, scenario: &Scenario) -> bool {
        self.played.get(&*scenario.key).is_some_and(|played| played.is_completed)
    }

    /// The reasons for a scenario, the weightiest first.
    fn reasons(&self, scenario: &Scenario, step: &Step) -> Vec<SuggestionReason> {
        let played = self.played.get(&*scenario.key);
        let is_in_reach = scenario.level.is_none_or(|level| step.reaches(level));
        if played.is_none() && !is_in_reach {
            return Vec::new();
        }
        let next = step.completed.as_ref().filter(|_| {
            scenario.level.is_some() && scenario.level == step.next && !self.is_completed(scenario)
        });
        let next =
            next.map(|completed| SuggestionReason::NextAfter { completed: completed.clone() });
        let mut why: Vec<SuggestionReason> = next.into_iter().collect();
        why.extend(played.into_iter().flat_map(Played::liked_or_recent));
        why.extend(
            self.usual
                .filter(|usual| fits(scenario.expected, *usual))
                .map(|usual| SuggestionReason::UsualLength { usual }),
        );
        why.extend(played.filter(|played| played.is_habit()).map(|_| SuggestionReason::AtThisHour));
        why.extend(played.is_none().then_some(SuggestionReason::NeverTried));
        why
    }
}

impl Played {
    fn add(&mut self, entry: &SessionEntry, now: Timestamp) {
        let ago = now.as_second().saturating_sub(entry.updated.as_second());
        if ago >= 0 {
            // A clock may have been wrong: a time in the future counts for nothing.
            self.ago = Some(self.ago.map_or(ago, |newest| newest.min(ago)));
        }
        self.sessions += 1;
        let past_the_hour = ago.rem_euclid(DAY);
        self.at_this_hour += usize::from(past_the_hour.min(DAY - past_the_hour) <= 2 * HOUR);
        self.pinned += usize::from(entry.session.pinned);
        self.is_completed |= Outcome::of(entry) == Outcome::Completed;
    }

    fn liked_or_recent(&self) -> Vec<SuggestionReason> {
        let pinned = self.pinned;
        let liked = (pinned > 0).then_some(SuggestionReason::Liked { pinned });
        let ago = self.ago.filter(|ago| *ago <= RECENT && !self.is_completed);
        let ago = ago.map(|ago| Duration::from_secs(ago.unsigned_abs()));
        liked.into_iter().chain(ago.map(|ago| SuggestionReason::Recent { ago })).collect()
    }

    fn is_habit(&self) -> bool {
        self.at_this_hour >= HABIT && 2 * self.at_this_hour > self.sessions
    }
}

/// The next step of a player in difficulty.
struct Step {
    /// The name of the hardest scenario that was completed.
    completed: Option<String>,
    /// Its level.
    best: Option<u8>,
    /// The next level above it.
    next: Option<u8>,
}

impl Step {
    fn after(scenarios: &[&Scenario], past: &Past) -> Self {
        let completed = scenarios.iter().filter(|scenario| past.is_completed(scenario));
        let hardest = completed
            .filter(|scenario| scenario.level.is_some())
            .max_by_key(|scenario| (scenario.level, std::cmp::Reverse(&scenario.key)));
        let best = hardest.and_then(|scenario| scenario.level);
        let levels = scenarios.iter().filter_map(|scenario| scenario.level);
        let next = levels.filter(|level| best.is_none_or(|best| *level > best)).min();
        Self { completed: hardest.map(|scenario| scenario.name.clone()), best, next }
    }

    fn reaches(&self, level: u8) -> bool {
        self.next.or(self.best).is_none_or(|most| level <= most)
    }
}

/// Returns true if a scenario takes about as long as is usual: from two thirds of it to half as much again.
fn fits(expected: Option<Duration>, usual: Duration) -> bool {
    expected.is_some_and(|expected| expected * 3 >= usual * 2 && expected * 2 <= usual * 3)
}
