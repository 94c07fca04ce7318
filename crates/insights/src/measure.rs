//! Figures that a session has one of each, and what was chosen in it.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use crate::scores::Weights;
use crate::session::SessionInsights;
use crate::skill::Tally;

/// Attempts in a session from which a rate of it is made.
const ATTEMPTS: usize = 5;

/// A figure of which each session has one, or none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Measure {
    /// Minutes played.
    Play,
    /// The time played by what was expected, of a session that was completed.
    ByExpected,
    /// Deaths.
    Deaths,
    /// The progress, from 0 to 1.
    Progress,
    /// The share of the time played in which the window had the focus and something was done.
    Focus,
    /// Interruptions.
    Distractions,
    /// Minutes of the longest stretch without an interruption.
    LongestStretch,
    /// The share of attempts at a skill that succeeded, of at least five.
    Skill(String),
    /// Events of a type that the game named.
    Events(String),
    /// A figure of the game's own.
    Said(String),
    /// A score, if it was made with today's weights.
    Score(String),
}

impl Measure {
    /// Figures that every game has.
    pub(crate) const ALWAYS: [Self; 7] = [
        Self::Play,
        Self::ByExpected,
        Self::Deaths,
        Self::Progress,
        Self::Focus,
        Self::Distractions,
        Self::LongestStretch,
    ];

    /// The value in a session; `None` if it has none. Always finite.
    #[must_use]
    pub fn of(&self, session: &SessionInsights, weights: &Weights) -> Option<f64> {
        let minutes = |time: Duration| time.as_secs_f64() / 60.0;
        let value = match self {
            Self::Play => minutes(session.times.play),
            Self::ByExpected => {
                session.play_by_expected().filter(|_| session.is_success() == Some(true))?
            }
            Self::Deaths => f64::from(session.deaths),
            Self::Progress => f64::from(session.about.progress?),
            Self::Focus => session.times.focus()?,
            Self::Distractions => f64::from(session.times.distractions),
            Self::LongestStretch => minutes(session.times.longest_stretch()?),
            Self::Skill(name) => rate_of(session.skills.get(name)?.tally())?,
            #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 events")]
            Self::Events(path) => session.events.get(path).copied().unwrap_or_default() as f64,
            Self::Said(name) => *session.said.figures.get(name)?,
            Self::Score(name) => session.score_by(name, weights)?,
        };
        value.is_finite().then_some(value)
    }

    /// Further figures of a session.
    pub(crate) fn found_in(session: &SessionInsights) -> impl Iterator<Item = Self> {
        let skills = session.skills.keys().cloned().map(Self::Skill);
        let events = session.events.keys().cloned().map(Self::Events);
        let said = session.said.figures.keys().cloned().map(Self::Said);
        let scores = session.said.weights.keys().cloned().map(Self::Score);
        skills.chain(events).chain(said).chain(scores)
    }

    /// True if a game has it only because it records it.
    pub(crate) fn is_said(&self) -> bool {
        matches!(self, Self::Skill(_) | Self::Said(_) | Self::Score(_))
    }

    /// True if less of it is neither worse nor better by itself: it shows how a session is played, and not how it went.
    pub(crate) fn is_behaviour(&self) -> bool {
        !matches!(
            self,
            Self::ByExpected | Self::Deaths | Self::Skill(_) | Self::Said(_) | Self::Score(_)
        )
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Play => formatter.write_str("minutes played"),
            Self::ByExpected => formatter.write_str("time by expected"),
            Self::Deaths => formatter.write_str("deaths"),
            Self::Progress => formatter.write_str("progress"),
            Self::Focus => formatter.write_str("focus"),
            Self::Distractions => formatter.write_str("distractions"),
            Self::LongestStretch => formatter.write_str("minutes of the longest stretch"),
            Self::Skill(name) => write!(formatter, "skill {name}"),
            Self::Events(path) => formatter.write_str(path.rsplit("::").next().unwrap_or(path)),
            Self::Said(name) => formatter.write_str(name),
            Self::Score(name) => write!(formatter, "score {name}"),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "nobody tries 2^52 times")]
fn rate_of(tally: Tally) -> Option<f64> {
    (tally.all >= ATTEMPTS).then(|| tally.succeeded as f64 / tally.all as f64)
}

/// A choice that divides sessions: something that is one way in some and another way in others.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Choice {
    /// The scenario.
    Scenario,
    /// When most of it was played: night, morning, afternoon or evening.
    TimeOfDay,
    /// One stretch, or several.
    Breaks,
    /// The length of the longest stretch.
    Length,
    /// A tag that it has or doesn't have.
    Tag(String),
    /// A choice that the game recorded.
    Chosen(String),
    /// The third of all sessions that it is in, by a figure.
    Third(Measure),
    /// A type of events that came up or didn't.
    Uses(String),
    /// Left for good, or not.
    LeftForGood,
}

impl Choice {
    /// Choices that every game has.
    pub(crate) const ALWAYS: [Self; 4] =
        [Self::Scenario, Self::TimeOfDay, Self::Breaks, Self::Length];

    /// The value in a session. `None` also for thirds and for sessions left for good, which one session alone can't
    /// tell.
    pub(crate) fn of(&self, session: &SessionInsights) -> Option<String> {
        let word = match self {
            Self::Scenario => {
                let scenario = &session.about.scenario;
                return (!scenario.is_empty()).then(|| scenario.clone());
            }
            Self::TimeOfDay => {
                let hours = session.times.hours.iter();
                let (hour, _) = hours.max_by_key(|(hour, play)| (**play, -**hour))?;
                ["night", "morning", "afternoon", "evening"]
                    .get(usize::from(hour.unsigned_abs() / 6))?
            }
            Self::Breaks => match session.times.stretches.len() {
                0 => return None,
                1 => "none",
                _ => "some",
            },
            Self::Length => match session.times.longest_stretch()?.as_secs() / 60 {
                0..30 => "under 30 min",
                30..90 => "30 to 90 min",
                _ => "over 90 min",
            },
            Self::Tag(tag) => match session.about.tags.contains(tag) {
                true => "with",
                false => "without",
            },
            Self::Chosen(of) => return session.said.choices.get(of).cloned(),
            Self::Uses(path) => match session.events.contains_key(path) {
                true => "used",
                false => "not used",
            },
            Self::Third(_) | Self::LeftForGood => return None,
        };
        Some(word.to_owned())
    }

    /// Further choices of a session.
    pub(crate) fn found_in(session: &SessionInsights) -> impl Iterator<Item = Self> {
        let chosen = session.said.choices.keys().cloned().map(Self::Chosen);
        let tags: BTreeSet<&String> = session.about.tags.iter().collect();
        let used = session.events.keys().cloned().map(Self::Uses);
        chosen.chain(tags.into_iter().cloned().map(Self::Tag)).chain(used)
    }

    /// Returns true if it groups sessions by how they were played, and not by what was chosen before.
    #[must_use]
    pub fn is_behaviour(&self) -> bool {
        matches!(self, Self::Third(_) | Self::Uses(_) | Self::LeftForGood)
    }

    /// The only value that is compared with the others, if there is just one.
    pub(crate) fn asked_of(&self) -> Option<&'static str> {
        matches!(self, Self::LeftForGood).then_some(Self::LEFT)
    }

    /// The word of sessions that were left for good.
    pub(crate) const LEFT: &str = "left";

    /// True if the choice itself determines how large this figure is.
    pub(crate) fn decides(&self, measure: &Measure) -> bool {
        match self {
            Self::Third(figure) => figure == measure,
            Self::Uses(path) => matches!(measure, Measure::Events(known) if known == path),
            Self::Breaks | Self::Length => {
                matches!(measure, Measure::LongestStretch | Measure::Distractions | Measure::Play)
            }
            _ => false,
        }
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scenario => formatter.write_str("scenario"),
            Self::TimeOfDay => formatter.write_str("time of day"),
            Self::Breaks => formatter.write_str("breaks"),
            Self::Length => formatter.write_str("longest stretch"),
            Self::Tag(tag) => write!(formatter, "tag {tag}"),
            Self::Chosen(of) => formatter.write_str(of),
            Self::Third(measure) => write!(formatter, "third by {measure}"),
            Self::Uses(path) => formatter.write_str(path.rsplit("::").next().unwrap_or(path)),
            Self::LeftForGood => formatter.write_str("left for good"),
        }
    }
}

/// An outcome of a session, in one respect.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// Completed or not, among sessions that have ended.
    Completed,
    /// Thumbs up or down, among sessions with thumbs.
    ThumbsUp,
    /// A figure of it.
    Amount(Measure),
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed => formatter.write_str("completed"),
            Self::ThumbsUp => formatter.write_str("thumbs up"),
            Self::Amount(measure) => measure.fmt(formatter),
        }
    }
}

/// Names are what JSON has.
macro_rules! serialized_as_named {
    ($($named:ty),*) => {
        $(impl serde::Serialize for $named {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        })*
    };
}

serialized_as_named!(Measure, Choice, Outcome);
