//! Differences of medians, by a bootstrap.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rand::{Rng, SeedableRng};
use rand_distr::{Beta, Distribution, StandardUniform};
use rand_pcg::Pcg64Mcg;
use statrs::distribution::{ContinuousCDF, Normal};

use super::sample::{InOrder, whole};
use super::{Estimate, LEVEL, Sample, number};

/// The number of times that both samples are drawn again. The ends of the interval are off by about 2 % of its width
/// for that.
const DRAWS: usize = 2_000;
/// The number of values from which on the place of a median in its sample is as good as normally distributed.
const MANY: usize = 200;
/// Parts, each as likely, of such a distribution.
const PARTS: usize = 48;

/// The median of the first sample minus that of the second, with the percentile interval of a bootstrap that draws the
/// same for the same `seed`. `None` if one of them is empty.
///
/// The median of values that are drawn again is one of the values, at a place whose distribution is known: that of the
/// middle one of as many uniform numbers. So the place is drawn, and not the values, and it takes as long for ten
/// thousand of them as for ten.
///
/// If a sample has 200 and more, nothing is drawn of it: its places are looked at in 48 parts that are as likely. If both
/// have as many, all pairs of parts are as good as 2,304 draws, and quicker.
#[must_use]
pub fn median_difference(first: &Sample, second: &Sample, seed: u64) -> Option<Estimate> {
    Redraws::new(seed).median_difference(first, second)
}

/// Where the medians of small samples lie that are drawn again, which goes by how many values they have and not by what
/// these are, so it is kept for the next sample of a size.
#[derive(Clone, Debug)]
pub(crate) struct Redraws {
    seed: u64,
    places: BTreeMap<(Side, usize), Vec<Middle>>,
}

/// The two samples of a difference, which are drawn apart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Side {
    First,
    Second,
}

/// The places of the two values in the middle, which are one place if the count of values is odd.
type Middle = (usize, usize);

impl Redraws {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, places: BTreeMap::new() }
    }

    pub(crate) fn median_difference(
        &mut self,
        first: &impl InOrder,
        second: &impl InOrder,
    ) -> Option<Estimate> {
        let value = first.median()? - second.median()?;
        let (ones, others) = (self.medians(first, Side::First), self.medians(second, Side::Second));
        let (low, high) = if ones.len() == PARTS && others.len() == PARTS {
            ends_of_all_pairs(&ones, &others)?
        } else {
            let pairs = ones.iter().cycle().zip(others.iter().cycle());
            ends(&mut pairs.take(DRAWS).map(|(one, other)| one - other).collect::<Vec<f64>>())?
        };
        Some(Estimate { value, low, high })
    }

    /// Medians of a sample that is drawn again, each as likely as the others.
    fn medians(&mut self, sample: &impl InOrder, side: Side) -> Vec<f64> {
        if sample.len() >= MANY {
            return likely_medians(sample);
        }
        let seed = self.seed ^ u64::from(side == Side::Second);
        let places = self.places.entry((side, sample.len()));
        let places = places.or_insert_with(|| drawn_again(sample.len(), seed).unwrap_or_default());
        let value =
            |(lower, upper): &Middle| Some(f64::midpoint(sample.at(*lower)?, sample.at(*upper)?));
        places.iter().filter_map(value).collect()
    }
}

/// The values below and above which 1 of 40 lies.
fn ends(drawn: &mut [f64]) -> Option<(f64, f64)> {
    let last = drawn.len().checked_sub(1)?;
    let below = below(last);
    let low = *drawn.select_nth_unstable_by(below, f64::total_cmp).1;
    let high = *drawn.select_nth_unstable_by(last - below, f64::total_cmp).1;
    Some((low, high))
}

/// The number of sorted values below the interval, and above it, if `last` is the index of the last one.
fn below(last: usize) -> usize {
    whole((number(last) * (1.0 - LEVEL) / 2.0).round())
}

/// The same of the differences of all pairs of parts, which both come the least first. As many pairs are below one as are
/// in the rectangle of those before it, so only those in small rectangles can be at the ends.
fn ends_of_all_pairs(ones: &[f64], others: &[f64]) -> Option<(f64, f64)> {
    static AT_ENDS: LazyLock<Vec<(usize, usize)>> = LazyLock::new(|| {
        let pairs = (0..PARTS).flat_map(|one| (0..PARTS).map(move |other| (one, other)));
        pairs.filter(|(one, other)| one * other + one + other <= below(PARTS * PARTS - 1)).collect()
    });
    let differences = |pair: fn((usize, usize)) -> (usize, usize)| -> Vec<f64> {
        let pairs = AT_ENDS.iter().map(|place| pair(*place));
        pairs.filter_map(|(one, other)| Some(ones.get(one)? - others.get(other)?)).collect()
    };
    let mut least = differences(|(one, other)| (one, PARTS - 1 - other));
    let mut greatest = differences(|(one, other)| (PARTS - 1 - one, other));
    let place = below(PARTS * PARTS - 1);
    if least.len() <= place || greatest.len() <= place {
        return None;
    }
    let low = *least.select_nth_unstable_by(place, f64::total_cmp).1;
    let high = *greatest.select_nth_unstable_by(place, |one, other| other.total_cmp(one)).1;
    Some((low, high))
}

/// The medians of a large sample that is drawn again, each as likely as the others.
fn likely_medians(sample: &impl InOrder) -> Vec<f64> {
    static DEVIATIONS: LazyLock<Vec<f64>> = LazyLock::new(|| {
        let middle = |part| (number(part) + 0.5) / number(PARTS);
        (0..PARTS).map(|part| Normal::standard().inverse_cdf(middle(part))).collect()
    });
    let all = number(sample.len());
    let deviation = 0.5 / (all + 2.0).sqrt();
    let at = |share: f64| sample.at(whole(share * all).min(sample.len() - 1));
    let medians = DEVIATIONS.iter().filter_map(|deviations| at(0.5 + deviation * deviations));
    medians.collect()
}

/// The place of the middle of a sample that is drawn again and again.
fn drawn_again(all: usize, seed: u64) -> Option<Vec<Middle>> {
    let mut generator = Pcg64Mcg::seed_from_u64(seed);
    let lower = number(all.div_ceil(2));
    let lower = Beta::new(lower, number(all) + 1.0 - lower).ok()?;
    let place = |share: f64| whole(share * number(all)).min(all.saturating_sub(1));
    let mut middle = || {
        let share = lower.sample(&mut generator);
        if !all.is_multiple_of(2) {
            return (place(share), place(share));
        }
        (place(share), place(next_above(share, all / 2, &mut generator)))
    };
    Some((0..DRAWS).map(|_| middle()).collect())
}

/// The least of so many shares above this one.
fn next_above(share: f64, above: usize, generator: &mut impl Rng) -> f64 {
    let uniform: f64 = StandardUniform.sample(generator);
    share + (1.0 - share) * (1.0 - (1.0 - uniform).powf(1.0 / number(above)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_all_pairs_equal_those_of_the_listed_pairs() {
        for tilt in 1..20_u32 {
            let values = |by: u32| {
                let mut values: Vec<f64> =
                    (0..48_u32).map(|part| f64::from((part * part * by + part) % 61)).collect();
                values.sort_unstable_by(f64::total_cmp);
                values
            };
            let (ones, others) = (values(tilt), values(2 * tilt + 1));
            let all = ones.iter().flat_map(|one| others.iter().map(move |other| one - other));
            assert_eq!(ends_of_all_pairs(&ones, &others), ends(&mut all.collect::<Vec<f64>>()));
        }
    }
}
