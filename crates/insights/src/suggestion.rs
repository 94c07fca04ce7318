//! Suggestions for the player, with the reason, and their outcome.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::skill::Tally;
use crate::statistics::Estimate;

/// A suggestion without its reason.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Suggested {
    /// The kind of suggestion.
    pub kind: SuggestionKind,
    /// The thing that is suggested: a scenario's key, a chapter, a skill. Empty for a break.
    pub what: String,
}

/// Sorts of suggestions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SuggestionKind {
    /// To play this scenario.
    Scenario,
    /// To make this chapter easier.
    Easier,
    /// To make this scenario harder.
    Harder,
    /// A hint for this skill.
    Hint,
    /// To take a break.
    Break,
}

impl SuggestionKind {
    /// Its name, in small letters.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Easier => "easier",
            Self::Harder => "harder",
            Self::Hint => "hint",
            Self::Break => "break",
        }
    }
}

impl fmt::Display for SuggestionKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// Why something is suggested.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SuggestionReason {
    /// Few of the newest attempts at a skill succeed.
    SkillIsLow {
        /// The rate of the newest attempts.
        rate: Estimate,
        /// The number of attempts.
        samples: usize,
    },
    /// This chapter is completed less often than others.
    ChapterIsHard {
        /// Its rate of completion.
        rate: Estimate,
        /// The number of tries.
        samples: usize,
    },
    /// The player completes this scenario nearly always.
    ScenarioIsEasy {
        /// The rate of completion.
        rate: Estimate,
        /// The number of sessions.
        samples: usize,
    },
    /// Others on this machine complete this scenario, and the player hasn't played it.
    OthersComplete {
        /// Their rate of completion.
        rate: Estimate,
        /// The number of sessions.
        samples: usize,
    },
    /// Attempts succeed less often than they did in the beginning of the sitting.
    Tires {
        /// The change of the rate, below 0.
        change: Estimate,
        /// The number of attempts.
        samples: usize,
    },
}

/// A suggestion with its reason.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Suggestion {
    /// The suggestion itself.
    #[serde(flatten)]
    pub suggested: Suggested,
    /// The reason for it.
    pub why: SuggestionReason,
}

/// A step of a suggestion.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SuggestionStep {
    /// It was shown.
    Shown,
    /// The player took it.
    Taken,
    /// The player said: not now.
    NotNow,
}

/// A suggestion that was made in a session.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SuggestionMade {
    /// The suggestion.
    pub suggested: Suggested,
    /// The step that it is at.
    pub step: SuggestionStep,
    /// When, in play time of the session.
    pub at: Duration,
    /// The attempts of the session before that: at the skill, if it was a hint for one, and else at all of them.
    pub before: Tally,
}
