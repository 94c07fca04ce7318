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
        let Known { values, sorts } = Known::of(column, &choice.words);
        let sizes = sizes(&sorts, choice.words.len());
        let compared = to_compare(&sizes, choice);
        let Ranked { ranks, places, tied } = Ranked::of(&values, &sorts, &sizes, &compared);
        let smallest = questions.smallest_of(&column.outcome);
        let mut found = Vec::with_capacity(compared.len());
        for ((sort, places), ranks) in compared.iter().zip(&places).zip(&ranks) {
            let (with, without) =
                (Among { values: &values, places }, Others { values: &values, places });
            let difference = Figure::of_two(with.len(), without.len(), || {
                let wins = ranks - number(with.len()) * number(with.len() + 1) / 2.0;
                let chance = chance_of_wins(wins, (with.len(), without.len()), tied)?;
                let size = self.0.median_difference(&with, &without)?;
                Some(Effect::new(size, chance, smallest))
            });
            let sides = (amount_side(&with), amount_side(&without));
            found.extend(comparison(choice, column, *sort, sides, difference));
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

/// The values of sessions of which both is known, the least first, and the sort of each.
struct Known {
    values: Vec<f64>,
    sorts: Vec<usize>,
}

impl Known {
    fn of<T: Ord + Clone>(column: &Column, words: &Words<T>) -> Self {
        let known = column.sorted().iter();
        let known = known.filter_map(|(value, row)| Some((*value, words.of_row(*row)?)));
        let (values, sorts) = known.unzip();
        Self { values, sorts }
    }
}

fn sizes(sorts: &[usize], all: usize) -> Vec<usize> {
    let mut sizes = vec![0; all];
    for sort in sorts {
        if let Some(size) = sizes.get_mut(*sort) {
            *size += 1;
        }
    }
    sizes
}

/// The sum of the ranks of each sort that is compared, and where among all its values are.
struct Ranked {
    ranks: Vec<f64>,
    places: Vec<Vec<usize>>,
    /// The sum of `t³ - t` over `t` equal values.
    tied: f64,
}

impl Ranked {
    fn of(values: &[f64], sorts: &[usize], sizes: &[usize], compared: &[usize]) -> Self {
        let of_sort = |sort: &usize| sizes.get(*sort).copied().unwrap_or_default();
        let mut places: Vec<Vec<usize>> =
            compared.iter().map(|sort| Vec::with_capacity(of_sort(sort))).collect();
        // Ranks that are shared by an even number of values end in a half, so they are summed twice, as whole numbers.
        let mut doubled = vec![0_u64; compared.len()];
        let mut slots = vec![None; sizes.len()];
        for (slot, sort) in compared.iter().enumerate() {
            if let Some(of) = slots.get_mut(*sort) {
                *of = Some(slot);
            }
        }
        let (mut before, mut tied) = (0, 0.0);
        for equal in values.chunk_by(|one, next| one == next) {
            let rank = 2 * before as u64 + equal.len() as u64 + 1;
            for place in before..before + equal.len() {
                let slot = sorts.get(place).and_then(|sort| slots.get(*sort).copied().flatten());
                let Some(slot) = slot else { continue };
                if let (Some(sum), Some(places)) = (doubled.get_mut(slot), places.get_mut(slot)) {
                    *sum += rank;
                    places.push(place);
                }
            }
            tied += number(equal.len()).powi(3) - number(equal.len());
            before += equal.len();
        }
        #[expect(clippy::cast_precision_loss, reason = "nobody has 2^26 sessions")]
        let ranks = doubled.into_iter().map(|sum| sum as f64 / 2.0).collect();
        Self { ranks, places, tied }
    }
}

/// The values at some places, which are in order.
struct Among<'a> {
    values: &'a [f64],
    places: &'a [usize],
}

impl InOrder for Among<'_> {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn at(&self, place: usize) -> Option<f64> {
        self.values.get(*self.places.get(place)?).copied()
    }
}

/// The values at all other places. They aren't copied, as only those about the middle are looked at.
struct Others<'a> {
    values: &'a [f64],
    places: &'a [usize],
}

impl InOrder for Others<'_> {
    fn len(&self) -> usize {
        self.values.len() - self.places.len()
    }

    fn at(&self, place: usize) -> Option<f64> {
        // How many of the places that are left out come before it: their n-th has so many less n before itself.
        let (mut low, mut high) = (0, self.places.len());
        while low < high {
            let middle = low.midpoint(high);
            if self.places.get(middle).is_some_and(|left_out| left_out - middle <= place) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        self.values.get(place + low).copied()
    }
}

/// The sorts that are compared: those with the most sessions, and of two one. Where all are of one sort there is nothing
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
