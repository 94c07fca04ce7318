//! A player's skill, as their attempts show it.

mod attempts;
mod outcomes;

use serde::Serialize;

pub(crate) use attempts::Attempts;

use crate::effect::Effect;
use crate::figure::Figure;
use crate::skill::Tally;
use crate::statistics::{Estimate, rate_difference, rates_differ};

/// A report on a player's attempts at a skill.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct SkillReport {
    /// The player; `None` of sessions without one.
    pub player: Option<String>,
    /// The skill.
    pub skill: String,
    /// All attempts.
    pub attempts: Tally,
    /// The rate of success.
    pub rate: Figure<Estimate>,
    /// The rate of the newest 20 attempts.
    pub now: Figure<Estimate>,
    /// The rate over time, in at most twelve parts of as many attempts each, of 20 at least.
    pub curve: Vec<CurvePoint>,
    /// The rate of the later half of all attempts minus that of the earlier: above 0 the player gets better.
    pub better: Figure<Effect>,
    /// After how many attempts it was mastered, by the skill's own rule; `None` if it wasn't.
    pub mastered_after: Option<usize>,
    /// The rate of the later halves of sittings minus that of the earlier: above 0 the player learns within a session.
    pub within_sittings: Figure<Effect>,
    /// The rate of the first attempts after breaks minus that of the last before them: below 0 the skill is forgotten.
    pub over_breaks: Figure<Effect>,
    /// The rate of the first attempts minus that of this machine's other players: above 0 the player learns faster.
    pub beside_others: Figure<Effect>,
    /// The rate of the last third of the newest sitting minus that of its first third: below 0 the player tires.
    pub tires: Figure<Effect>,
}

/// A part of a learning curve.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[non_exhaustive]
pub struct CurvePoint {
    /// Attempts before it.
    pub after: usize,
    /// Its own attempts.
    pub attempts: Tally,
    /// Their rate of success.
    pub rate: Estimate,
    /// Their mean quality, from 0 to 1.
    pub quality: f64,
}

/// The rate of the first minus that of the second.
pub(crate) fn more_often(first: Tally, second: Tally) -> Figure<Effect> {
    Figure::of_two(first.all, second.all, || {
        let size = rate_difference(first.pair(), second.pair())?;
        Some(Effect::new(size, rates_differ(first.pair(), second.pair()), 0.0))
    })
}
