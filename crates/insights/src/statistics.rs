//! The statistics that claims are made with: each says what it takes, and nothing if it can't be said.
//!
//! Intervals are of 95 % ([`LEVEL`]). What is no finite number is left out before anything is computed. Distributions are
//! those of `statrs`; what it doesn't have is written here and held against scipy's answers
//! (`tests/it/scipy.rs`, `tests/it/ask_scipy.py`).

mod correlation;
mod differ;
mod many;
mod median;
mod rate;
mod sample;
mod trend;

pub(crate) use correlation::correlation_of_doubled_ranks;
pub use correlation::{Correlation, correlation};
pub(crate) use differ::chance_of_wins;
pub use differ::{rates_differ, tends_larger};
pub use many::adjusted_for_many;
pub(crate) use median::Redraws;
pub use median::median_difference;
pub use rate::{exact_rate, rate, rate_difference};
pub(crate) use sample::InOrder;
pub use sample::Sample;
pub use trend::{Trend, trend};

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal};

/// The confidence level: the share of intervals that are meant to include the true value.
pub const LEVEL: f64 = 0.95;

/// A value that samples suggest, and the interval that has the true one in it, 19 times of 20.
///
/// ```
/// use bevy_session_insights::statistics::rate;
///
/// let parried = rate(30, 40).unwrap();
/// assert_eq!(parried.value, 0.75);
/// assert!(0.59 < parried.low && parried.high < 0.87);
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimated value.
    pub value: f64,
    /// The least that the true value may well be.
    pub low: f64,
    /// The most that it may well be.
    pub high: f64,
}

impl Estimate {
    /// Returns true if this value is in the interval.
    #[must_use]
    pub fn includes(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// Returns true if the interval is all above this value, or all below.
    #[must_use]
    pub fn excludes(&self, value: f64) -> bool {
        !self.includes(value)
    }
}

/// The number of standard deviations about the mean that have [`LEVEL`] of a normal distribution.
fn deviations() -> f64 {
    Normal::standard().inverse_cdf(f64::midpoint(1.0, LEVEL))
}

/// A count as a number to compute with.
#[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 samples")]
fn number(count: usize) -> f64 {
    count as f64
}
