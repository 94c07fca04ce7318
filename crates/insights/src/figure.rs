//! A figure of many sessions, with the number of its samples.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::statistics::{Estimate, Sample, rate};

/// A figure of several samples, or the fact that there are too few of them.
///
/// There is no way to the value that doesn't pass the question whether there is one, and none that hides how many samples
/// it comes from.
///
/// ```
/// use bevy_session_insights::Figure;
///
/// fn line(crash_free: Figure<f64>) -> String {
///     match crash_free {
///         Figure::Known { value, samples } => format!("{:.0} % of {samples}", value * 100.0),
///         Figure::Insufficient { have, need } => format!("too few to say: {have} of {need}"),
///     }
/// }
/// assert_eq!(line(Figure::share(3, 4)), "too few to say: 4 of 20");
/// assert_eq!(line(Figure::share(30, 40)), "75 % of 40");
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[serde(untagged)]
#[must_use]
pub enum Figure<T> {
    /// The samples say this.
    Known {
        /// The figure.
        value: T,
        /// The number of samples.
        samples: usize,
    },
    /// There are too few.
    Insufficient {
        /// The number of samples.
        have: usize,
        /// The number of samples that it takes.
        need: usize,
    },
}

impl<T> Figure<T> {
    /// The number of samples that it takes to say anything.
    pub const NEED: usize = 20;

    /// Computes a figure of so many samples, if they are at least [`NEED`](Self::NEED).
    pub fn of(samples: usize, value: impl FnOnce() -> Option<T>) -> Self {
        Self::of_at_least(Self::NEED, samples, value)
    }

    /// Computes a figure of so many samples, if they are at least `need`. If there is no value in spite of that, as
    /// when all samples are equal, one more is needed.
    pub fn of_at_least(need: usize, samples: usize, value: impl FnOnce() -> Option<T>) -> Self {
        let enough = if samples >= need { value() } else { None };
        match enough {
            Some(value) => Self::Known { value, samples },
            None => Self::Insufficient { have: samples, need: need.max(samples + 1) },
        }
    }

    /// Computes a figure of two groups, if each of them has as many samples as it takes.
    pub(crate) fn of_two(one: usize, other: usize, value: impl FnOnce() -> Option<T>) -> Self {
        let need = 2 * Self::NEED;
        if one.min(other) >= Self::NEED {
            return Self::of_at_least(need, one + other, value);
        }
        Self::Insufficient { have: one.min(Self::NEED) + other.min(Self::NEED), need }
    }

    /// The figure; `None` if there are too few samples.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Insufficient { .. } => None,
        }
    }

    /// The number of samples.
    #[must_use]
    pub fn samples(&self) -> usize {
        match self {
            Self::Known { samples, .. } => *samples,
            Self::Insufficient { have, .. } => *have,
        }
    }
}

impl Figure<f64> {
    /// The share of some among all, from 0 to 1.
    pub fn share(some: usize, all: usize) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 sessions")]
        Self::of(all, || Some(some as f64 / all as f64))
    }
}

impl Figure<Estimate> {
    /// The rate of some among all, with its interval.
    pub fn rate(some: usize, all: usize) -> Self {
        Self::of(all, || rate(some, all))
    }
}

impl<T: fmt::Display> fmt::Display for Figure<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known { value, samples } => write!(formatter, "{value} (of {samples})"),
            Self::Insufficient { have, need } => write!(formatter, "too few: {have} of {need}"),
        }
    }
}

/// The distribution of values.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct Distribution {
    /// The smallest value.
    pub least: f64,
    /// The value that a quarter of them doesn't exceed.
    pub lower_quartile: f64,
    /// The value that half of them doesn't exceed.
    pub median: f64,
    /// The value that three quarters of them don't exceed.
    pub upper_quartile: f64,
    /// The largest value.
    pub greatest: f64,
    /// The number of values up to each bound and above the one before; those above all bounds are last, without a
    /// bound.
    pub buckets: Vec<(Option<f64>, usize)>,
}

/// Bounds of durations, in seconds: from a minute to sixteen hours.
pub(crate) const DURATIONS: &[f64] =
    &[60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 57600.0];
/// Bounds of the time played by what was expected.
pub(crate) const RATIOS: &[f64] = &[0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 4.0];

impl Distribution {
    /// The distribution of these values, with these bounds; `None` if there are none. Values that aren't finite are
    /// left out.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>, bounds: &[f64]) -> Option<Self> {
        let sample: Sample = values.into_iter().collect();
        let values = sample.values();
        let mut buckets: Vec<(Option<f64>, usize)> = Vec::with_capacity(bounds.len() + 1);
        let mut below = 0;
        for bound in bounds {
            let through = values.partition_point(|value| value <= bound);
            buckets.push((Some(*bound), through.saturating_sub(below)));
            below = through;
        }
        buckets.push((None, values.len().saturating_sub(below)));
        Some(Self {
            least: *values.first()?,
            lower_quartile: sample.quantile(0.25)?,
            median: sample.quantile(0.5)?,
            upper_quartile: sample.quantile(0.75)?,
            greatest: *values.last()?,
            buckets,
        })
    }

    pub(crate) fn of_durations(values: &[Duration]) -> Figure<Self> {
        let seconds = values.iter().map(Duration::as_secs_f64);
        Figure::of(values.len(), || Self::of(seconds, DURATIONS))
    }
}

#[cfg(test)]
mod tests {
    use crate::*;

    #[test]
    fn quartiles_are_interpolated_and_buckets_count_every_number() {
        let values = [4.0, 1.0, 3.0, 2.0, f64::NAN];
        let spread = Distribution::of(values, &[1.0, 2.5]).unwrap();
        assert_eq!((spread.least, spread.greatest), (1.0, 4.0));
        assert_eq!(
            (spread.lower_quartile, spread.median, spread.upper_quartile),
            (1.75, 2.5, 3.25)
        );
        assert_eq!(spread.buckets, [(Some(1.0), 1), (Some(2.5), 1), (None, 2)]);
        assert_eq!(Distribution::of([], &[1.0]), None);
    }

    // Feature: A claim with too few samples says how many it needs.
    // Page: guide/insights.md#read-them
    #[test]
    fn a_share_needs_twenty_samples() {
        assert_eq!(Figure::share(19, 19), Figure::Insufficient { have: 19, need: 20 });
        assert_eq!(Figure::share(5, 20), Figure::Known { value: 0.25, samples: 20 });
    }
}
