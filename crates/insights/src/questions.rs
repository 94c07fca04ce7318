//! The questions that a game asks of its sessions.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::measure::{Measure, Outcome};
use crate::scores::Weights;
use crate::skill::Skill;

/// The questions that a game asks of its sessions, and how large an effect has to be to matter.
///
/// ```
/// use std::time::Duration;
///
/// use bevy_session_insights::{Measure, Outcome, Questions, Skill};
///
/// let questions = Questions::default()
///     .skills([Skill::new("parry")])
///     .smallest_rate(0.1)
///     .smallest(Outcome::Amount(Measure::Deaths), 2.0)
///     .thirds([Measure::Deaths])
///     .left_after(Duration::from_secs(30 * 24 * 60 * 60));
/// # let _ = questions;
/// ```
#[derive(Clone, Debug)]
pub struct Questions {
    pub(crate) skills: Vec<Skill>,
    pub(crate) weights: BTreeMap<String, Weights>,
    pub(crate) thirds: Vec<Measure>,
    pub(crate) left_after: Duration,
    smallest_rate: f64,
    smallest: BTreeMap<Outcome, f64>,
}

impl Default for Questions {
    fn default() -> Self {
        Self {
            skills: Vec::new(),
            weights: BTreeMap::new(),
            thirds: Vec::new(),
            left_after: Duration::from_secs(14 * 24 * 60 * 60),
            smallest_rate: 0.05,
            smallest: BTreeMap::new(),
        }
    }
}

impl Questions {
    /// The rules of these skills. A skill that isn't named goes by the rules of [`Skill::new`].
    #[must_use]
    pub fn skills(mut self, skills: impl IntoIterator<Item = Skill>) -> Self {
        self.skills.extend(skills);
        self
    }

    /// A score with today's weights. Sessions whose build had others have no such score.
    #[must_use]
    pub fn score(mut self, name: impl Into<String>, weights: Weights) -> Self {
        self.weights.insert(name.into(), weights);
        self
    }

    /// Groups sessions by thirds of these figures, to see what else is different about them.
    #[must_use]
    pub fn thirds(mut self, figures: impl IntoIterator<Item = Measure>) -> Self {
        self.thirds.extend(figures);
        self
    }

    /// A session that neither ended nor was touched for so long was left for good. Defaults to 14 days.
    #[must_use]
    pub fn left_after(mut self, untouched: Duration) -> Self {
        self.left_after = untouched;
        self
    }

    /// The smallest difference of two rates that is worth a word. Defaults to 0.05, five of a hundred.
    #[must_use]
    pub fn smallest_rate(mut self, difference: f64) -> Self {
        self.smallest_rate = difference;
        self
    }

    /// The smallest difference in this respect that is worth a word. Defaults to none for figures, and to
    /// [`smallest_rate`](Self::smallest_rate) for rates.
    #[must_use]
    pub fn smallest(mut self, outcome: Outcome, difference: f64) -> Self {
        self.smallest.insert(outcome, difference);
        self
    }

    pub(crate) fn smallest_of(&self, outcome: &Outcome) -> f64 {
        let usual = if matches!(outcome, Outcome::Amount(_)) { 0.0 } else { self.smallest_rate };
        self.smallest.get(outcome).copied().unwrap_or(usual)
    }

    pub(crate) fn weights_of(&self, measure: &Measure) -> Weights {
        match measure {
            Measure::Score(name) => self.weights.get(name).cloned().unwrap_or_default(),
            _ => Weights::default(),
        }
    }

    pub(crate) fn skill(&self, name: &str) -> Skill {
        let known = self.skills.iter().find(|skill| skill.name() == name);
        known.cloned().unwrap_or_else(|| Skill::new(name))
    }
}
