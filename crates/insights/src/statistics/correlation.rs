//! The correlation of two figures.

use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

use super::sample::ranks;
use super::{Estimate, deviations, number};

/// The correlation of two figures.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Correlation {
    /// Spearman's: 1 if one is the larger the larger the other is, -1 if it is the smaller, 0 if neither says
    /// anything about the other. Its interval is Fisher's, with the deviation of Bonett and Wright.
    pub rho: Estimate,
    /// The p-value: the chance of a correlation this strong if there is none.
    pub chance: f64,
    /// The number of pairs.
    pub samples: usize,
}

/// The rank correlation of two figures of the same things. Pairs of which one isn't finite are left out. `None` for
/// fewer than four pairs, and if one of the figures is always the same.
///
/// ```
/// use bevy_session_insights::statistics::correlation;
///
/// let pairs = (0..20).map(|hour| (f64::from(hour), f64::from(hour * hour)));
/// assert_eq!(correlation(pairs).unwrap().rho.value, 1.0);
/// ```
#[must_use]
pub fn correlation(pairs: impl IntoIterator<Item = (f64, f64)>) -> Option<Correlation> {
    let finite = |(one, other): &(f64, f64)| one.is_finite() && other.is_finite();
    let (ones, others): (Vec<f64>, Vec<f64>) = pairs.into_iter().filter(finite).unzip();
    correlation_of_ranks(&ranks(&ones), &ranks(&others))
}

/// The same of what is ranked already, each among those of which both are known.
fn correlation_of_ranks(ones: &[f64], others: &[f64]) -> Option<Correlation> {
    correlated(pearson(ones, others)?, ones.len())
}

/// The same of ranks that were taken twice, so that they are whole numbers even where some are shared. Their sums are
/// exact, in any order.
pub(crate) fn correlation_of_doubled_ranks(
    pairs: impl Iterator<Item = (u32, u32)>,
) -> Option<Correlation> {
    let (mut all, mut both, mut of_ones, mut of_others) = (0_u64, 0_u64, 0_u64, 0_u64);
    for (one, other) in pairs {
        let (one, other) = (u64::from(one), u64::from(other));
        all += 1;
        both += one * other;
        of_ones += one * one;
        of_others += other * other;
    }
    // Shared ranks or not, they sum up to what all numbers from 1 do.
    let sum = i128::from(all) * (i128::from(all) + 1);
    let around_means = |products: u64| i128::from(all) * i128::from(products) - sum * sum;
    #[expect(clippy::cast_precision_loss, reason = "that is what a correlation is given with")]
    let [both, of_ones, of_others] = [both, of_ones, of_others].map(|it| around_means(it) as f64);
    let rho = both / (of_ones * of_others).sqrt();
    correlated(rho, usize::try_from(all).ok()?)
}

fn correlated(rho: f64, samples: usize) -> Option<Correlation> {
    if samples < 4 || !rho.is_finite() {
        return None;
    }
    let value = rho.clamp(-1.0, 1.0);
    let freedom = number(samples) - 2.0;
    let chance = if value.abs() < 1.0 {
        // The share of Student's distribution that is as far out.
        let squared = value * value * freedom / ((1.0 - value) * (1.0 + value));
        beta_reg(freedom / 2.0, 0.5, freedom / (freedom + squared))
    } else {
        0.0
    };
    let around = deviations() * ((1.0 + value * value / 2.0) / (freedom - 1.0)).sqrt();
    let bound = |deviation: f64| (value.atanh() + deviation).tanh();
    let rho = Estimate { value, low: bound(-around), high: bound(around) };
    Some(Correlation { rho, chance, samples })
}

fn pearson(ones: &[f64], others: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / number(values.len());
    let (one_mean, other_mean) = (mean(ones), mean(others));
    let (mut both, mut of_ones, mut of_others) = (0.0, 0.0, 0.0);
    for (one, other) in ones.iter().zip(others) {
        let (one, other) = (one - one_mean, other - other_mean);
        both += one * other;
        of_ones += one * one;
        of_others += other * other;
    }
    let rho = both / (of_ones * of_others).sqrt();
    rho.is_finite().then_some(rho)
}
