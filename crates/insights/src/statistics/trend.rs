//! The trend of a figure.

use serde::{Deserialize, Serialize};

use super::differ::beyond;
use super::sample::{ties, whole};
use super::{Estimate, Sample, deviations, number};

/// The trend of a figure.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Trend {
    /// The growth for each step: the slope of Theil and Sen, the median of the slopes between any two points, with
    /// Sen's interval.
    pub slope: Estimate,
    /// The p-value, by Kendall's test: the chance of a trend this strong if there is none.
    pub chance: f64,
}

/// The growth of a figure for each step, as points of step and value. Pairs of which one isn't finite are left out.
/// `None` for fewer than three places, and if all values are equal.
///
/// It takes as long as there are pairs of pairs: use it on at most a few thousand.
///
/// ```
/// use bevy_session_insights::statistics::trend;
///
/// let weeks = (0..12).map(|week| (f64::from(week), 3.0 * f64::from(week) + f64::from(week % 2)));
/// let grows = trend(weeks).unwrap();
/// assert!(grows.slope.includes(3.0) && grows.slope.low > 0.0 && grows.chance < 0.001);
/// ```
#[must_use]
pub fn trend(points: impl IntoIterator<Item = (f64, f64)>) -> Option<Trend> {
    let finite = |(at, value): &(f64, f64)| at.is_finite() && value.is_finite();
    let mut points: Vec<(f64, f64)> = points.into_iter().filter(finite).collect();
    points.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    if points.chunk_by(|one, next| one.0 == next.0).count() < 3 {
        return None;
    }
    let (mut slopes, in_order) = slopes(&points);
    let all = slopes.len();
    let chance = kendall(&points, in_order)?;
    let spread = deviations() * rank_deviation(&points)?;
    let last = all.checked_sub(1)?;
    let low = whole(((number(all) - spread) / 2.0).round_ties_even() - 1.0);
    let high = whole(((number(all) + spread) / 2.0).round_ties_even()).min(last);
    let value = f64::midpoint(nth(&mut slopes, last / 2)?, nth(&mut slopes, all / 2)?);
    let slope = Estimate { value, low: nth(&mut slopes, low)?, high: nth(&mut slopes, high)? };
    Some(Trend { slope, chance })
}

/// The slopes between any two points that aren't at one place, and how many more of them rise than fall.
fn slopes(points: &[(f64, f64)]) -> (Vec<f64>, i64) {
    let mut slopes = Vec::with_capacity(points.len() * points.len().saturating_sub(1) / 2);
    let mut in_order = 0;
    for (place, (at, value)) in points.iter().enumerate() {
        let later = points.iter().skip(place + 1).filter(|(other, _)| other > at);
        slopes.extend(later.map(|(other_at, other)| {
            in_order += i64::from(other > value) - i64::from(other < value);
            (other - value) / (other_at - at)
        }));
    }
    (slopes, in_order)
}

fn nth(slopes: &mut [f64], place: usize) -> Option<f64> {
    (place < slopes.len()).then(|| *slopes.select_nth_unstable_by(place, f64::total_cmp).1)
}

/// The standard deviation of the count of pairs in order, as Sen has it. `None` if all is tied.
fn rank_deviation(points: &[(f64, f64)]) -> Option<f64> {
    let (places, values) = samples(points);
    let of = |count: f64| count * (count - 1.0) * (2.0 * count + 5.0);
    let tied = |sample: &Sample| ties(sample.values()).map(of).sum::<f64>();
    let variance = (of(number(points.len())) - tied(&values) - tied(&places)) / 18.0;
    (variance > 0.0).then(|| variance.sqrt())
}

/// The p-value of so many pairs in order: Kendall's test, with the variance of both sides' ties.
fn kendall(points: &[(f64, f64)], in_order: i64) -> Option<f64> {
    let (places, values) = samples(points);
    let sum = |sample: &Sample, of: fn(f64) -> f64| ties(sample.values()).map(of).sum::<f64>();
    let all = number(points.len());
    let pairs = all * (all - 1.0);
    let two = |count: f64| count * (count - 1.0) / 2.0;
    let three = |count: f64| count * (count - 1.0) * (count - 2.0);
    let weighted = |count: f64| count * (count - 1.0) * (2.0 * count + 5.0);
    let variance = (pairs * (2.0 * all + 5.0) - sum(&places, weighted) - sum(&values, weighted))
        / 18.0
        + 2.0 * sum(&places, two) * sum(&values, two) / pairs
        + sum(&places, three) * sum(&values, three) / (9.0 * pairs * (all - 2.0));
    #[expect(clippy::cast_precision_loss, reason = "so many pairs take longer than anybody waits")]
    let deviations = (in_order as f64).abs() / variance.sqrt();
    deviations.is_finite().then(|| beyond(deviations))
}

fn samples(points: &[(f64, f64)]) -> (Sample, Sample) {
    (points.iter().map(|(at, _)| *at).collect(), points.iter().map(|(_, value)| *value).collect())
}
