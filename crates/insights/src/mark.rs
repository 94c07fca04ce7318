//! Facts that only the game knows of a session, as its log has them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::scores::Weights;
use crate::skill::Attempt;
use crate::suggestion::{Suggested, SuggestionStep};

/// A fact that only the game knows of a session.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Mark {
    /// The player's opinion of the session: `true` is thumbs up.
    Thumbs(bool),
    /// The game got the focus, or lost it.
    Focus(bool),
    /// For so long nothing was done.
    Idle(Duration),
    /// The player tried a skill.
    Attempt {
        /// The skill's name, as it is or once was.
        skill: String,
        /// Its result.
        attempt: Attempt,
    },
    /// A figure of the game's own. What is said last counts, and what isn't finite counts for nothing.
    Figure {
        /// Its name.
        name: String,
        /// The value.
        value: f64,
    },
    /// The player chose something. What is chosen last counts.
    Choice {
        /// The subject of the choice, as `difficulty`.
        of: String,
        /// The value that was chosen.
        chosen: String,
    },
    /// The weights of a score, as the build has them that plays the session.
    Weights {
        /// The score's name.
        score: String,
        /// The weights.
        weights: Weights,
    },
    /// A suggestion, and the step that it is at.
    Suggestion {
        /// The suggestion.
        suggested: Suggested,
        /// The step that it is at.
        step: SuggestionStep,
    },
}

impl Mark {
    /// The name of this type in the log.
    pub const TYPE_PATH: &str = "bevy_session_play::InsightMark";
}
