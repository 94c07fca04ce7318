//! What attempts say of a player's skill.

use std::time::Duration;

use serde::Serialize;

use crate::effect::Effect;
use crate::figure::Figure;
use crate::skill::{Attempt, Sitting, Skill, Tally};
use crate::statistics::{Estimate, rate, rate_difference, rates_differ};

/// Points that a curve has at most.
const POINTS: usize = 12;
/// Attempts of a point at least.
const OF_A_POINT: usize = 20;
/// Attempts before and after a break that are held against each other.
const AROUND_A_BREAK: usize = 10;
/// Attempts from the beginning in which players are compared, and the newest that say how it goes now.
const FIRST: usize = 100;
const NEWEST: usize = 20;

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

/// A player's attempts at a skill, in order.
pub(crate) struct Attempts<'a> {
    sittings: Vec<&'a Sitting>,
    /// What each sitting comes to, so that long stretches of attempts are summed without looking at each.
    sums: Vec<Sum>,
    all: usize,
}

/// What some attempts come to.
#[derive(Clone, Copy, Default)]
struct Sum {
    tally: Tally,
    quality: f64,
}

impl Sum {
    fn of(attempts: &[Attempt]) -> Self {
        Self {
            tally: attempts.iter().copied().collect(),
            quality: attempts.iter().map(|attempt| f64::from(attempt.quality())).sum(),
        }
    }
}

impl<'a> Attempts<'a> {
    /// Of sittings in any order: they are put in that of the clock, those of one moment in theirs.
    pub(crate) fn new(sittings: impl IntoIterator<Item = &'a Sitting>) -> Self {
        let mut sittings: Vec<&Sitting> = sittings.into_iter().collect();
        sittings.sort_by_key(|sitting| sitting.began);
        let sums: Vec<Sum> = sittings.iter().map(|sitting| Sum::of(&sitting.attempts)).collect();
        let all = sums.iter().map(|sum| sum.tally.all).sum();
        Self { sittings, sums, all }
    }

    fn iter(&self) -> impl Iterator<Item = Attempt> {
        self.sittings.iter().flat_map(|sitting| sitting.attempts.iter().copied())
    }

    /// What the attempts come to from one place up to another.
    fn sum(&self, from: usize, through: usize) -> Sum {
        let (mut sum, mut before) = (Sum::default(), 0);
        for (sitting, whole) in self.sittings.iter().zip(&self.sums) {
            let count = whole.tally.all;
            let first = from.saturating_sub(before).min(count);
            let end = through.saturating_sub(before).min(count);
            let part = match (first, end) {
                (0, end) if end == count => *whole,
                _ => Sum::of(sitting.attempts.get(first..end).unwrap_or_default()),
            };
            sum.tally += part.tally;
            sum.quality += part.quality;
            before += count;
        }
        sum
    }

    fn tally(&self, from: usize, through: usize) -> Tally {
        self.sum(from, through).tally
    }

    /// The first attempts, in which players are compared.
    pub(crate) fn first(&self) -> Tally {
        self.tally(0, FIRST)
    }

    /// What they say. `others` are the first attempts of this machine's other players.
    pub(crate) fn report(&self, player: Option<&str>, skill: &Skill, others: Tally) -> SkillReport {
        let attempts = self.tally(0, self.all);
        let newest = self.tally(self.all.saturating_sub(NEWEST), self.all);
        let half = self.all / 2;
        let (early, late) = (self.tally(0, half), self.tally(self.all - half, self.all));
        let (before, after) = self.around_breaks(skill.break_length());
        let (earlier, later) = self.halves_of_sittings();
        let (fresh, tired) = self.newest_sitting();
        SkillReport {
            player: player.map(str::to_owned),
            skill: skill.name().to_owned(),
            attempts,
            rate: Figure::rate(attempts.succeeded, attempts.all),
            now: Figure::rate(newest.succeeded, newest.all),
            curve: self.curve(),
            better: more_often(late, early),
            mastered_after: self.mastered_after(skill.mastery()),
            within_sittings: more_often(later, earlier),
            over_breaks: more_often(after, before),
            beside_others: more_often(self.first(), others),
            tires: more_often(tired, fresh),
        }
    }

    /// Parts of as many attempts each.
    fn curve(&self) -> Vec<CurvePoint> {
        let points = (self.all / OF_A_POINT).clamp(1, POINTS);
        let point = |point: usize| {
            let after = self.all * point / points;
            let Sum { tally, quality } = self.sum(after, self.all * (point + 1) / points);
            let rate = rate(tally.succeeded, tally.all).filter(|_| tally.all >= OF_A_POINT)?;
            #[expect(clippy::cast_precision_loss, reason = "nobody tries 2^52 times")]
            let quality = quality / tally.all as f64;
            Some(CurvePoint { after, attempts: tally, rate, quality })
        };
        (0..points).filter_map(point).collect()
    }

    /// The first attempt at which so many of the last so many had succeeded.
    fn mastered_after(&self, (needed, of_last): (usize, usize)) -> Option<usize> {
        let mut leaving = self.iter();
        let mut succeeded = 0;
        for (before, attempt) in self.iter().enumerate() {
            succeeded += usize::from(attempt.succeeded());
            if before >= of_last {
                succeeded -= usize::from(leaving.next()?.succeeded());
            }
            if before + 1 >= of_last && succeeded >= needed {
                return Some(before + 1);
            }
        }
        None
    }

    fn halves_of_sittings(&self) -> (Tally, Tally) {
        let (mut earlier, mut later) = (Tally::default(), Tally::default());
        for Sitting { attempts, .. } in &self.sittings {
            let half = attempts.len() / 2;
            earlier += attempts.iter().take(half).copied().collect();
            later += attempts.iter().rev().take(half).copied().collect();
        }
        (earlier, later)
    }

    /// The last attempts before breaks, and as many after them.
    fn around_breaks(&self, length: Duration) -> (Tally, Tally) {
        let (mut before, mut after) = (Tally::default(), Tally::default());
        for pair in self.sittings.windows(2) {
            let [left, back] = pair else { continue };
            let paused = Duration::try_from(back.began.duration_since(left.ended));
            if paused.is_ok_and(|paused| paused >= length) {
                let count = left.attempts.len().min(back.attempts.len()).min(AROUND_A_BREAK);
                before += left.attempts.iter().rev().take(count).copied().collect();
                after += back.attempts.iter().take(count).copied().collect();
            }
        }
        (before, after)
    }

    fn newest_sitting(&self) -> (Tally, Tally) {
        let newest = self.sittings.last().map(|sitting| &*sitting.attempts).unwrap_or_default();
        let third = newest.len() / 3;
        let first = newest.iter().take(third).copied().collect();
        (first, newest.iter().rev().take(third).copied().collect())
    }
}

/// How much more often the first ones succeeded.
pub(crate) fn more_often(first: Tally, second: Tally) -> Figure<Effect> {
    Figure::of_two(first.all, second.all, || {
        let size = rate_difference(first.pair(), second.pair())?;
        Some(Effect::new(size, rates_differ(first.pair(), second.pair()), 0.0))
    })
}
