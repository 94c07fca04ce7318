//! A claim: how large something is, and whether it may be chance.

use serde::Serialize;

use crate::statistics::{Estimate, adjusted_for_many};

/// A claim of more than 1 in 20 that it is chance isn't made.
const BELIEVED: f64 = 0.05;

/// The size of a difference or of a change, and whether it is significant.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct Effect {
    /// The size, with its interval.
    pub size: Estimate,
    /// The p-value: the chance of an effect this large if there is none, as if nothing else were tested.
    pub chance: f64,
    /// The same, given how much is looked at with it; see
    /// [`adjusted_for_many`](crate::statistics::adjusted_for_many).
    pub adjusted: f64,
    /// True if it is significant: the adjusted chance is at most 0.05, the interval doesn't include 0, and it is as
    /// large as the game wants it to be.
    pub matters: bool,
}

impl Effect {
    /// One of this size. What isn't at least `smallest` in either direction doesn't matter.
    pub(crate) fn new(size: Estimate, chance: f64, smallest: f64) -> Self {
        let matters = size.excludes(0.0) && size.value.abs() >= smallest;
        Self { size, chance, adjusted: chance, matters }
    }
}

/// Adjusts claims that are made together, so that those that are likely chance, given how many they are, don't matter.
pub(crate) fn settle(effects: &mut [&mut Effect]) {
    let chances: Vec<f64> = effects.iter().map(|effect| effect.chance).collect();
    for (effect, adjusted) in effects.iter_mut().zip(adjusted_for_many(&chances)) {
        effect.adjusted = adjusted;
        effect.matters &= adjusted <= BELIEVED;
    }
}
