//! Scores: what a session comes to by the game's own weights.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::session::SessionInsights;

/// The weights of figures in a score, by the names of the figures.
///
/// Two scores can be compared only if their weights are equal, so weights are noted in the session by the build that
/// plays it, and a score is never computed with others.
///
/// ```
/// use bevy_session_insights::Weights;
///
/// let weights = Weights::default().weigh("productivity", 2.0).weigh("quality", 1.0);
/// let figures = [("productivity".to_owned(), 60.0), ("quality".to_owned(), 90.0)].into();
/// assert_eq!(weights.score(&figures), Some(70.0));
/// ```
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Weights(BTreeMap<String, f64>);

impl Weights {
    /// Sets the weight of a figure. A weight that isn't finite or isn't above 0 is none.
    #[must_use]
    pub fn weigh(mut self, figure: impl Into<String>, weight: f64) -> Self {
        if weight.is_finite() && weight > 0.0 {
            self.0.insert(figure.into(), weight);
        }
        self
    }

    /// The mean of these figures, each counted as often as its weight says. `None` if one of them isn't known.
    #[must_use]
    pub fn score(&self, figures: &BTreeMap<String, f64>) -> Option<f64> {
        let mut sum = 0.0;
        for (name, weight) in &self.0 {
            sum += weight * figures.get(name)?;
        }
        let score = sum / self.0.values().sum::<f64>();
        score.is_finite().then_some(score)
    }
}

impl SessionInsights {
    /// A score of the session, by the weights of the build that played it last. `None` if it has no such score, or not
    /// all of its figures.
    #[must_use]
    pub fn score(&self, name: &str) -> Option<f64> {
        self.said.weights.get(name)?.score(&self.said.figures)
    }

    /// The same, if it was made with these weights.
    #[must_use]
    pub fn score_by(&self, name: &str, weights: &Weights) -> Option<f64> {
        self.said.weights.get(name).filter(|known| *known == weights)?;
        self.score(name)
    }
}
