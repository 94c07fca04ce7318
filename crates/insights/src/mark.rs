//! What only the game can say of a session, as its log of events has it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::scores::Weights;
use crate::skill::Attempt;
use crate::suggestion::{Suggested, SuggestionStep};

/// Something that only the game can say of a session.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Mark {
    /// What the player thinks of the session: `true` is thumbs up.
    Thumbs(bool),
    /// The game got the focus, or lost it.
    Focus(bool),
    /// For so long nothing was done.
    Idle(Duration),
    /// The player tried a skill.
    Attempt {
        /// Its name, as it is or once was.
        skill: String,
        /// What came of it.
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
        /// What it is a choice of, as `difficulty`.
        of: String,
        /// What was chosen.
        chosen: String,
    },
    /// The weights of a score, as the build has them that plays the session.
    Weights {
        /// The score's name.
        score: String,
        /// The weights.
        weights: Weights,
    },
    /// Something came of a suggestion.
    Suggestion {
        /// What was suggested.
        suggested: Suggested,
        /// What came of it.
        step: SuggestionStep,
    },
}

impl Mark {
    /// What the log calls it.
    pub const TYPE_PATH: &str = "bevy_session_play::InsightMark";
}
