//! Sessions of one sort beside all others.

use super::columns::{ChoiceColumn, Column};
use super::words::Words;
use crate::effect::Effect;
use crate::figure::Figure;
use crate::lessons::{Comparison, Side};
use crate::measure::Outcome;
use crate::questions::Questions;
use crate::statistics::{InOrder, Redraws, chance_of_wins, rate_difference, rates_differ};

/// Sorts that are looked at of one choice, those with the most sessions.
const MOST_SORTS: usize = 20;
/// The same page says the same each time.
const SEED: u64 = 36;

/// Holds sessions against each other, and keeps what that takes again and again.
#[derive(Debug)]
pub(super) struct Comparing(Redraws);

impl Default for Comparing {
    fn default() -> Self {
        Self(Redraws::new(SEED))
    }
}

impl Comparing {
    /// Holds the sessions of each sort against all others. Of two sorts, one comparison says all.
    pub(super) fn compare<T: Ord + Clone + AsRef<str>>(
        &mut self,
        choice: &ChoiceColumn<T>,
        column: &Column,
        questions: &Questions,
    ) -> Vec<Comparison> {
        let Outcome::Amount(measure) = &column.outcome else {
            return compare_rates(choice, column, questions);
        };
        if choice.choice.decides(measure) {
            return Vec::new();
        }
        self.compare_amounts(choice, column, questions)
    }

    fn compare_amounts<T: Ord + Clone + AsRef<str>>(
        &mut self,
        choice: &ChoiceColumn<T>,
        column: &Column,
        questions: &Questions,
    ) -> Vec<Comparison> {
        let sorted = Sorted::of(column, &choice.words);
        let compared = to_compare(&sorted.sizes, choice);
        let smallest = questions.smallest_of(&column.outcome);
        let mut found = Vec::with_capacity(compared.len());
        for sort in compared {
            let (with, without) = (sorted.with(sort), sorted.without(sort));
            let difference = Figure::of_two(with.len(), without.len(), || {
                let sizes = (with.len(), without.len());
                let chance = chance_of_wins(sorted.wins(sort)?, sizes, sorted.tied)?;
                let size = self.0.median_difference(&with, &without)?;
                Some(Effect::new(size, chance, smallest))
            });
            let sides = (amount_side(&with), amount_side(&without));
            found.extend(comparison(choice, column, sort, sides, difference));
        }
        found
    }
}

fn compare_rates<T: Ord + Clone + AsRef<str>>(
    choice: &ChoiceColumn<T>,
    column: &Column,
    questions: &Questions,
) -> Vec<Comparison> {
    let mut sorts = vec![(0, 0); choice.words.len()];
    for (value, row) in column.sorted() {
        if let Some((succeeded, all)) =
            choice.words.of_row(*row).and_then(|sort| sorts.get_mut(sort))
        {
            *succeeded += usize::from(*value > 0.0);
            *all += 1;
        }
    }
    let succeeded: usize = sorts.iter().map(|(succeeded, _)| succeeded).sum();
    let all: usize = sorts.iter().map(|(_, all)| all).sum();
    let smallest = questions.smallest_of(&column.outcome);
    let of = |(one, samples): (usize, usize)| {
        let others = (succeeded - one, all - samples);
        let difference = Figure::of_two(samples, others.1, || {
            let size = rate_difference((one, samples), others)?;
            Some(Effect::new(size, rates_differ((one, samples), others), smallest))
        });
        ((rate_side(one, samples), rate_side(others.0, others.1)), difference)
    };
    let sizes: Vec<usize> = sorts.iter().map(|(_, all)| *all).collect();
    let compared = to_compare(&sizes, choice).into_iter().filter_map(|sort| {
        let (sides, difference) = of(*sorts.get(sort)?);
        comparison(choice, column, sort, sides, difference)
    });
    compared.collect()
}

fn rate_side(some: usize, samples: usize) -> Side {
    Side { samples, value: (samples > 0).then(|| number(some) / number(samples)) }
}

fn amount_side(sample: &impl InOrder) -> Side {
    Side { samples: sample.len(), value: sample.median() }
}

#[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 sessions")]
fn number(count: usize) -> f64 {
    count as f64
}

/// The values of sessions of which both is known, the least first, and where those of each sort are among them.
struct Sorted {
    values: Vec<f64>,
    sizes: Vec<usize>,
    /// The places of the values of each sort, one sort after the other.
    places: Vec<u32>,
    /// The places at which those of each sort end.
    ends: Vec<usize>,
    /// The sum of the ranks of each sort, twice: ranks that are shared by an even number of values end in a half, and sums of
    /// whole numbers are exact.
    doubled_ranks: Vec<u64>,
    /// The sum of `t³ - t` over `t` equal values.
    tied: f64,
}

impl Sorted {
    fn of<T: Ord + Clone>(column: &Column, words: &Words<T>) -> Self {
        let known = column.sorted().iter();
        let known = known.filter_map(|(value, row)| Some((*value, words.of_row(*row)?)));
        let (values, sorts): (Vec<f64>, Vec<usize>) = known.unzip();
        let mut sizes = vec![0; words.len()];
        sorts.iter().filter_map(|sort| bump(&mut sizes, *sort)).for_each(drop);
        // At first where those of each sort begin.
        let mut ends = sizes.clone();
        ends.iter_mut().fold(0, |before, end| before + std::mem::replace(end, before));
        let mut sorted = Self {
            places: vec![0; values.len()],
            doubled_ranks: vec![0; words.len()],
            values,
            sizes,
            ends,
            tied: 0.0,
        };
        sorted.rank(&sorts);
        sorted
    }

    fn rank(&mut self, sorts: &[usize]) {
        let mut before = 0;
        for equal in self.values.chunk_by(|one, next| one == next) {
            let through = before + equal.len();
            let rank = (before + through + 1) as u64;
            for (place, sort) in (before..).zip(sorts.get(before..through).unwrap_or_default()) {
                let at = bump(&mut self.ends, *sort).and_then(|at| self.places.get_mut(at));
                if let (Some(at), Some(sum)) = (at, self.doubled_ranks.get_mut(*sort)) {
                    *at = u32::try_from(place).unwrap_or(u32::MAX);
                    *sum += rank;
                }
            }
            self.tied += number(equal.len()).powi(3) - number(equal.len());
            before = through;
        }
    }

    fn places_of(&self, sort: usize) -> &[u32] {
        let end = self.ends.get(sort).copied().unwrap_or_default();
        let size = self.sizes.get(sort).copied().unwrap_or_default();
        self.places.get(end - size..end).unwrap_or_default()
    }

    fn with(&self, sort: usize) -> Among<'_> {
        Among { values: &self.values, places: self.places_of(sort) }
    }

    fn without(&self, sort: usize) -> Others<'_> {
        Others { values: &self.values, left_out: self.places_of(sort) }
    }

    /// The number of pairs of a value of the sort and another one in which that of the sort is larger; equal ones count
    /// half.
    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^26 sessions")]
    fn wins(&self, sort: usize) -> Option<f64> {
        let (ranks, size) = (*self.doubled_ranks.get(sort)?, *self.sizes.get(sort)? as u64);
        Some((ranks - size * (size + 1)) as f64 / 2.0)
    }
}

/// Counts one more, and has how many there were before.
fn bump(counts: &mut [usize], place: usize) -> Option<usize> {
    let count = counts.get_mut(place)?;
    *count += 1;
    Some(*count - 1)
}

/// The values at some places, which are in order.
struct Among<'a> {
    values: &'a [f64],
    places: &'a [u32],
}

impl InOrder for Among<'_> {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn at(&self, place: usize) -> Option<f64> {
        self.values.get(*self.places.get(place)? as usize).copied()
    }
}

/// The values at all other places. They aren't copied, as only those about the middle are looked at.
struct Others<'a> {
    values: &'a [f64],
    left_out: &'a [u32],
}

impl InOrder for Others<'_> {
    fn len(&self) -> usize {
        self.values.len() - self.left_out.len()
    }

    fn at(&self, place: usize) -> Option<f64> {
        // The n-th that is left out, counted from 0, has as many others before it as its place says, less n.
        let (mut low, mut high) = (0, self.left_out.len());
        while low < high {
            let middle = low.midpoint(high);
            let left_out = self.left_out.get(middle).copied().unwrap_or_default() as usize;
            if left_out - middle <= place {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        self.values.get(place + low).copied()
    }
}

/// The sorts that are compared: those with the most sessions, and of two one. If all are of one sort there is nothing
/// to compare.
fn to_compare<T: Ord + Clone + AsRef<str>>(
    sizes: &[usize],
    ChoiceColumn { choice, words }: &ChoiceColumn<T>,
) -> Vec<usize> {
    let mut sorts: Vec<usize> = (0..sizes.len()).collect();
    let size = |sort: &usize| sizes.get(*sort).copied().unwrap_or_default();
    sorts.retain(|sort| size(sort) > 0);
    let most = match sorts.len() {
        1 => 0,
        2 => 1,
        _ => MOST_SORTS,
    };
    let is_asked_of = |sort: &usize| words.word(*sort).map(AsRef::as_ref) == choice.asked_of();
    let by_name = |one: &usize, other: &usize| words.word(*one).cmp(&words.word(*other));
    let asked_and_largest_first = |one: &usize, other: &usize| {
        let asked_first = is_asked_of(other).cmp(&is_asked_of(one));
        asked_first.then(size(other).cmp(&size(one))).then_with(|| by_name(one, other))
    };
    if most > 0 && sorts.len() > most {
        sorts.select_nth_unstable_by(most, asked_and_largest_first);
    }
    sorts.truncate(most);
    sorts.sort_unstable_by(asked_and_largest_first);
    sorts
}

fn comparison<T: Ord + Clone + AsRef<str>>(
    choice: &ChoiceColumn<T>,
    column: &Column,
    sort: usize,
    (with, without): (Side, Side),
    difference: Figure<Effect>,
) -> Option<Comparison> {
    Some(Comparison {
        choice: choice.choice.clone(),
        chosen: choice.words.word(sort)?.as_ref().to_owned(),
        outcome: column.outcome.clone(),
        with,
        without,
        difference,
    })
}
