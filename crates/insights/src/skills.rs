//! What attempts say of a player's skill.

mod attempts;
mod outcomes;

use serde::Serialize;

pub(crate) use attempts::Attempts;

use crate::effect::Effect;
use crate::figure::Figure;
use crate::skill::Tally;
use crate::statistics::{Estimate, rate_difference, rates_differ};

/// What a player's attempts at a skill say.
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
    /// How the rate went, in at most twelve parts of as many attempts each, of 20 at least.
    pub curve: Vec<CurvePoint>,
    /// How much more often the later half of all attempts succeeded than the earlier: whether the player gets better.
    pub better: Figure<Effect>,
    /// After how many attempts it was mastered, by the skill's own rule; `None` if it wasn't.
    pub mastered_after: Option<usize>,
    /// How much more often the later halves of sittings succeeded than the earlier: what is learnt within a session.
    pub within_sittings: Figure<Effect>,
    /// How much more often the first attempts after breaks succeeded than the last before them: below 0 it is forgotten.
    pub over_breaks: Figure<Effect>,
    /// How much more often the first attempts succeeded than those of this machine's other players: who learns faster.
    pub beside_others: Figure<Effect>,
    /// How much more often the last third of the newest sitting succeeded than its first: below 0 the player tires.
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

/// How much more often the first ones succeeded.
pub(crate) fn more_often(first: Tally, second: Tally) -> Figure<Effect> {
    Figure::of_two(first.all, second.all, || {
        let size = rate_difference(first.pair(), second.pair())?;
        Some(Effect::new(size, rates_differ(first.pair(), second.pair()), 0.0))
    })
}
