//! Rates: of so many attempts, so many succeeded.

use statrs::distribution::{Beta, ContinuousCDF};

use super::{Estimate, LEVEL, deviations, number};

/// The rate of successes, with Wilson's interval. More successes than attempts count as all. `None` of nothing.
#[must_use]
pub fn rate(successes: usize, all: usize) -> Option<Estimate> {
    let (successes, all, value) = share(successes, all)?;
    let squared = deviations().powi(2);
    let middle = (successes + squared / 2.0) / (all + squared);
    let around = deviations() / (all + squared)
        * (successes * (all - successes) / all + squared / 4.0).sqrt();
    let low = if successes == 0.0 { 0.0 } else { middle - around };
    let high = if successes == all { 1.0 } else { middle + around };
    Some(Estimate { value, low, high })
}

/// The rate of successes, with the exact interval of Clopper and Pearson: wider than [`rate`]'s, and never too narrow.
/// `None` of nothing.
#[must_use]
pub fn exact_rate(successes: usize, all: usize) -> Option<Estimate> {
    let (successes, all, value) = share(successes, all)?;
    let outside = (1.0 - LEVEL) / 2.0;
    let quantile = |a: f64, b: f64, at: f64| Some(Beta::new(a, b).ok()?.inverse_cdf(at));
    let low =
        if successes == 0.0 { 0.0 } else { quantile(successes, all - successes + 1.0, outside)? };
    let high = if successes == all {
        1.0
    } else {
        quantile(successes + 1.0, all - successes, 1.0 - outside)?
    };
    Some(Estimate { value, low, high })
}

/// The first rate minus the second, each as successes and attempts, with Newcombe's interval. `None` if one of them has
/// no attempts.
///
/// ```
/// use bevy_session_insights::statistics::rate_difference;
///
/// let easier = rate_difference((45, 50), (20, 50)).unwrap();
/// assert!((easier.value - 0.5).abs() < 1e-12 && easier.excludes(0.0));
/// ```
#[must_use]
pub fn rate_difference(first: (usize, usize), second: (usize, usize)) -> Option<Estimate> {
    let (first, second) = (rate(first.0, first.1)?, rate(second.0, second.1)?);
    let value = first.value - second.value;
    let below = (first.value - first.low).hypot(second.high - second.value);
    let above = (first.high - first.value).hypot(second.value - second.low);
    Some(Estimate { value, low: value - below, high: value + above })
}

fn share(successes: usize, all: usize) -> Option<(f64, f64, f64)> {
    let (successes, all) = (number(successes.min(all)), number(all));
    (all > 0.0).then(|| (successes, all, successes / all))
}
