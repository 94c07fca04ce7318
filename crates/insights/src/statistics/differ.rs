//! Tests whether two groups differ at all: the p-values of two tests.

use std::cmp::Ordering;

use statrs::function::erf::erfc;

use super::sample::ties;
use super::{Sample, number};

/// Outcomes count as no likelier than the one that was seen up to this factor, because of rounding.
const EQUALLY_LIKELY: f64 = 1.0 + 1e-9;
/// Weights below this share of the one that was seen add nothing to their sum. Each further one is smaller still.
const NEGLIGIBLE: f64 = 1e-24;

/// The p-value of the difference of two rates, each as successes and attempts: Fisher's exact test, two-sided. `1.0` if
/// one of them has no attempts.
#[must_use]
pub fn rates_differ(first: (usize, usize), second: (usize, usize)) -> f64 {
    let (seen, of_first) = (first.0.min(first.1), first.1);
    let (others, of_second) = (second.0.min(second.1), second.1);
    let (successes, all) = (seen + others, of_first + of_second);
    let least = successes.saturating_sub(of_second);
    let most = successes.min(of_first);
    if least >= most {
        return 1.0;
    }
    // What the next count is likelier by, of the hypergeometric distribution.
    let ratio = |count: usize| {
        let (count, failures) = (number(count), number(all) - number(successes));
        (number(successes) - count) * (number(of_first) - count)
            / ((count + 1.0) * (failures - number(of_first) + count + 1.0))
    };
    let mode = most_likely(successes, of_first, all).clamp(least, most);
    let upward = || (mode..most).scan(1.0, |weight, count| next(weight, ratio(count)));
    let downward =
        || (least..mode).rev().scan(1.0, |weight, count| next(weight, 1.0 / ratio(count)));
    let at_seen = match seen.cmp(&mode) {
        Ordering::Less => downward().nth(mode - seen - 1),
        Ordering::Equal => Some(1.0),
        Ordering::Greater => upward().nth(seen - mode - 1),
    };
    let at_most = at_seen.unwrap_or_default() * EQUALLY_LIKELY;
    let (mut total, mut unlikely) = (0.0, 0.0);
    let enough = |weight: &f64| *weight >= at_most.min(1.0) * NEGLIGIBLE;
    let weights = upward().take_while(enough).chain(downward().take_while(enough));
    for weight in weights.chain([1.0]) {
        total += weight;
        unlikely += if weight <= at_most { weight } else { 0.0 };
    }
    f64::min(unlikely / total, 1.0)
}

/// The next weight; none if it is too small for a number.
fn next(weight: &mut f64, ratio: f64) -> Option<f64> {
    *weight *= ratio;
    (*weight > 0.0).then_some(*weight)
}

fn most_likely(successes: usize, drawn: usize, all: usize) -> usize {
    let product = (successes as u128 + 1) * (drawn as u128 + 1);
    usize::try_from(product / (all as u128 + 2)).unwrap_or(usize::MAX)
}

/// The p-value of one group's values tending to be larger than the other's: the Mann–Whitney test, two-sided, with ties
/// and the correction for continuity. `None` if one of them is empty or all values are equal.
#[must_use]
pub fn tends_larger(first: &Sample, second: &Sample) -> Option<f64> {
    let merged = merged(first.values(), second.values());
    let tied = ties(&merged).map(|equal| equal.powi(3) - equal).sum();
    chance_of_wins(wins(first.values(), second.values()), (first.len(), second.len()), tied)
}

/// The chance of so many won pairs between two groups of these sizes. `tied` is the sum of `t³ - t` over `t` equal values.
pub(crate) fn chance_of_wins(wins: f64, sizes: (usize, usize), tied: f64) -> Option<f64> {
    let (ours, theirs) = (number(sizes.0), number(sizes.1));
    let all = ours + theirs;
    let variance = ours * theirs / 12.0 * (all + 1.0 - tied / (all * (all - 1.0)));
    let larger = wins.max(ours * theirs - wins);
    let deviation = (larger - ours * theirs / 2.0 - 0.5) / variance.sqrt();
    let chance = beyond(deviation);
    (variance > 0.0 && chance.is_finite()).then_some(chance)
}

/// The chance of being so many standard deviations out on either side, or more.
pub(super) fn beyond(deviations: f64) -> f64 {
    erfc(deviations / std::f64::consts::SQRT_2).min(1.0)
}

/// The number of pairs that the first one wins; equal ones count half.
fn wins(first: &[f64], second: &[f64]) -> f64 {
    let (mut below, mut through, mut wins) = (0, 0, 0.0);
    for value in first {
        below = advance(second, below, |other| other < value);
        through = advance(second, through.max(below), |other| other <= value);
        wins += f64::midpoint(number(below), number(through));
    }
    wins
}

fn advance(sorted: &[f64], from: usize, goes_on: impl Fn(&f64) -> bool) -> usize {
    let rest = sorted.get(from..).unwrap_or_default();
    from + rest.iter().take_while(|value| goes_on(value)).count()
}

fn merged(first: &[f64], second: &[f64]) -> Vec<f64> {
    let mut merged = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.iter().peekable(), second.iter().peekable());
    loop {
        let next = match (first.peek(), second.peek()) {
            (Some(one), Some(other)) if one <= other => first.next(),
            (_, Some(_)) => second.next(),
            _ => first.next(),
        };
        match next {
            Some(value) => merged.push(*value),
            None => return merged,
        }
    }
}
