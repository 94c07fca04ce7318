//! Sessions of one sort beside all others.

use super::columns::{ChoiceColumn, Column};
use crate::effect::Effect;
use crate::figure::Figure;
use crate::lessons::{Comparison, Side};
use crate::measure::Outcome;
use crate::questions::Questions;
use crate::statistics::{Sample, chance_of_wins, median_difference, rate_difference, rates_differ};

/// Sorts that are looked at of one choice, those with the most sessions.
const MOST_SORTS: usize = 20;
/// The same page says the same each time.
const SEED: u64 = 36;

/// How large a difference has to be.
#[derive(Clone, Copy)]
pub(super) struct Smallest<'a>(pub(super) &'a Questions);

/// Holds the sessions of each sort against all others. Of two sorts, one comparison says all.
pub(super) fn compare(
    choice: &ChoiceColumn,
    column: &Column,
    smallest: Smallest,
) -> Vec<Comparison> {
    let Outcome::Amount(measure) = &column.outcome else {
        return compare_rates(choice, column, smallest);
    };
    if choice.choice.decides(measure) {
        return Vec::new();
    }
    compare_amounts(choice, column, smallest)
}

fn compare_rates(choice: &ChoiceColumn, column: &Column, smallest: Smallest) -> Vec<Comparison> {
    let mut sorts = vec![(0, 0); choice.names.len()];
    for row in &column.sorted {
        if let Some((succeeded, all)) = choice.of_row(*row).and_then(|sort| sorts.get_mut(sort)) {
            *succeeded += usize::from(column.value(*row) > 0.0);
            *all += 1;
        }
    }
    let succeeded: usize = sorts.iter().map(|(succeeded, _)| succeeded).sum();
    let all: usize = sorts.iter().map(|(_, all)| all).sum();
    let smallest = smallest.0.smallest_of(&column.outcome);
    let of = |(one, samples): (usize, usize)| {
        let others = (succeeded - one, all - samples);
        let difference = Figure::of_two(samples, others.1, || {
            let size = rate_difference((one, samples), others)?;
            Some(Effect::new(size, rates_differ((one, samples), others), smallest))
        });
        (rate_side(one, samples), rate_side(others.0, others.1), difference)
    };
    let sizes: Vec<usize> = sorts.iter().map(|(_, all)| *all).collect();
    let compared = to_compare(&sizes, &choice.names).into_iter().filter_map(|sort| {
        let (with, without, difference) = of(*sorts.get(sort)?);
        comparison(choice, column, sort, (with, without), difference)
    });
    compared.collect()
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 sessions")]
fn rate_side(some: usize, samples: usize) -> Side {
    Side { samples, value: (samples > 0).then(|| some as f64 / samples as f64) }
}

fn compare_amounts(choice: &ChoiceColumn, column: &Column, smallest: Smallest) -> Vec<Comparison> {
    let sorted = column.sorted.iter();
    let known: Vec<(f64, usize)> =
        sorted.filter_map(|row| Some((column.value(*row), choice.of_row(*row)?))).collect();
    let Ranked { ranks, sizes, tied } = Ranked::of(&known, choice.names.len());
    let smallest = smallest.0.smallest_of(&column.outcome);
    let of = |sort: usize| {
        let of_sort = |belongs: bool| {
            let values = known.iter().filter(move |(_, of)| (*of == sort) == belongs);
            Sample::of_sorted(values.map(|(value, _)| *value).collect())
        };
        let (with, without) = (of_sort(true), of_sort(false));
        let difference = Figure::of_two(with.len(), without.len(), || {
            #[expect(clippy::cast_precision_loss, reason = "nobody has 2^26 sessions")]
            let least = (with.len() * (with.len() + 1)) as f64 / 2.0;
            let wins = ranks.get(sort)? - least;
            let chance = chance_of_wins(wins, (with.len(), without.len()), tied)?;
            Some(Effect::new(median_difference(&with, &without, SEED)?, chance, smallest))
        });
        let side = |sample: &Sample| Side { samples: sample.len(), value: sample.median() };
        comparison(choice, column, sort, (side(&with), side(&without)), difference)
    };
    to_compare(&sizes, &choice.names).into_iter().filter_map(of).collect()
}

/// The sum of the ranks of each sort among all.
struct Ranked {
    ranks: Vec<f64>,
    sizes: Vec<usize>,
    /// The sum of `t³ - t` over `t` equal values.
    tied: f64,
}

impl Ranked {
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 sessions")]
    fn of(sorted: &[(f64, usize)], sorts: usize) -> Self {
        let mut ranked = Self { ranks: vec![0.0; sorts], sizes: vec![0; sorts], tied: 0.0 };
        let mut before = 0;
        for equal in sorted.chunk_by(|one, next| one.0 == next.0) {
            let count = equal.len() as f64;
            let rank = before as f64 + f64::midpoint(count, 1.0);
            for (_, sort) in equal {
                if let Some(sum) = ranked.ranks.get_mut(*sort) {
                    *sum += rank;
                }
                if let Some(size) = ranked.sizes.get_mut(*sort) {
                    *size += 1;
                }
            }
            ranked.tied += count.powi(3) - count;
            before += equal.len();
        }
        ranked
    }
}

/// The sorts that are compared: those with the most sessions, and of two one. Where all are of one sort there is nothing
/// to compare.
fn to_compare(sizes: &[usize], names: &[String]) -> Vec<usize> {
    let mut sorts: Vec<(usize, &String, usize)> =
        sizes.iter().zip(names).zip(0..).map(|((size, name), sort)| (*size, name, sort)).collect();
    sorts.retain(|(size, ..)| *size > 0);
    sorts.sort_by(|one, other| (other.0, one.1).cmp(&(one.0, other.1)));
    sorts.truncate(match sorts.len() {
        1 => 0,
        2 => 1,
        _ => MOST_SORTS,
    });
    sorts.into_iter().map(|(.., sort)| sort).collect()
}

fn comparison(
    choice: &ChoiceColumn,
    column: &Column,
    sort: usize,
    (with, without): (Side, Side),
    difference: Figure<Effect>,
) -> Option<Comparison> {
    Some(Comparison {
        choice: choice.choice.clone(),
        chosen: choice.names.get(sort)?.clone(),
        outcome: column.outcome.clone(),
        with,
        without,
        difference,
    })
}
