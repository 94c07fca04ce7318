//! Differences of medians, by a bootstrap.

use std::sync::LazyLock;

use rand::{Rng, SeedableRng};
use rand_distr::{Beta, Distribution, StandardUniform};
use rand_pcg::Pcg64Mcg;
use statrs::distribution::{ContinuousCDF, Normal};

use super::sample::whole;
use super::{Estimate, LEVEL, Sample, number};

/// How often both samples are drawn again. The ends of the interval are off by about 2 % of its width for that.
const DRAWS: usize = 2_000;
/// From so many values on, where a median lies in its sample is as good as normally distributed.
const MANY: usize = 200;
/// Parts, each as likely, of such a distribution.
const PARTS: usize = 48;

/// How much larger the median of the first sample is than that of the second, with the percentile interval of a
/// bootstrap that draws the same for the same `seed`. `None` where one of them is empty.
///
/// The median of values that are drawn again is one of the values, at a place whose distribution is known: that of the
/// middle one of as many uniform numbers. So the place is drawn, and not the values, and it takes as long for ten
/// thousand of them as for ten.
///
/// Where both have 200 and more, nothing is drawn: each of the two places is looked at in 48 parts that are as likely, and
/// all pairs of them are as good as 2,304 draws, and quicker.
#[must_use]
pub fn median_difference(first: &Sample, second: &Sample, seed: u64) -> Option<Estimate> {
    let value = first.median()? - second.median()?;
    let mut drawn = if first.len().min(second.len()) >= MANY {
        let (ones, others) = (likely_medians(first), likely_medians(second));
        let pairs = ones.iter().flat_map(|one| others.iter().map(move |other| one - other));
        pairs.collect::<Vec<f64>>()
    } else {
        drawn_medians(first, second, seed)?
    };
    let (low, high) = ends(&mut drawn)?;
    Some(Estimate { value, low, high })
}

/// The values below and above which 1 of 40 lies.
fn ends(drawn: &mut [f64]) -> Option<(f64, f64)> {
    let last = drawn.len().checked_sub(1)?;
    let below = whole((number(last) * (1.0 - LEVEL) / 2.0).round());
    let low = *drawn.select_nth_unstable_by(below, f64::total_cmp).1;
    let high = *drawn.select_nth_unstable_by(last - below, f64::total_cmp).1;
    Some((low, high))
}

fn drawn_medians(first: &Sample, second: &Sample, seed: u64) -> Option<Vec<f64>> {
    let mut generator = Pcg64Mcg::seed_from_u64(seed);
    let (first, second) = (Redrawn::of(first)?, Redrawn::of(second)?);
    let draw = |_| Some(first.median(&mut generator)? - second.median(&mut generator)?);
    (0..DRAWS).map(draw).collect()
}

/// The medians of a large sample that is drawn again, each as likely as the others.
fn likely_medians(sample: &Sample) -> Vec<f64> {
    static DEVIATIONS: LazyLock<Vec<f64>> = LazyLock::new(|| {
        let middle = |part| (number(part) + 0.5) / number(PARTS);
        (0..PARTS).map(|part| Normal::standard().inverse_cdf(middle(part))).collect()
    });
    let values = sample.values();
    let all = number(values.len());
    let deviation = 0.5 / (all + 2.0).sqrt();
    let at = |share: f64| values.get(whole(share * all).min(values.len() - 1)).copied();
    let medians = DEVIATIONS.iter().filter_map(|deviations| at(0.5 + deviation * deviations));
    medians.collect()
}

/// A sample that is drawn again and again.
struct Redrawn<'a> {
    values: &'a [f64],
    /// Where the lower of the two in the middle lies.
    place: Beta<f64>,
    is_even: bool,
}

impl<'a> Redrawn<'a> {
    fn of(sample: &'a Sample) -> Option<Self> {
        let values = sample.values();
        let lower = number(values.len().div_ceil(2));
        let place = Beta::new(lower, number(values.len()) + 1.0 - lower).ok()?;
        Some(Self { values, place, is_even: values.len().is_multiple_of(2) })
    }

    fn median(&self, generator: &mut impl Rng) -> Option<f64> {
        let place = self.place.sample(generator);
        let lower = self.at(place)?;
        if !self.is_even {
            return Some(lower);
        }
        // The least of what lies above it.
        let above = number(self.values.len() / 2);
        let uniform: f64 = StandardUniform.sample(generator);
        let next = place + (1.0 - place) * (1.0 - (1.0 - uniform).powf(1.0 / above));
        Some(f64::midpoint(lower, self.at(next)?))
    }

    fn at(&self, place: f64) -> Option<f64> {
        let last = self.values.len().checked_sub(1)?;
        self.values.get(whole(place * number(self.values.len())).min(last)).copied()
    }
}
