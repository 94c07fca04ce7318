//! Where figures are going, and which go together.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::columns::Column;
use crate::effect::Effect;
use crate::figure::Figure;
use crate::lessons::{FigurePair, FigureTrend, TrendStep};
use crate::measure::{Measure, Outcome};
use crate::statistics::{Sample, correlation_of_ranks, trend};

/// Weeks from which a trend is made.
const WEEKS: usize = 8;
/// Sessions of which a week has a median.
const OF_A_WEEK: usize = 3;
/// Figures that are held against each other, for there is a pair of each two.
const MOST_PAIRED: usize = 16;

/// Where the medians of weeks are going. `None` of a figure that no session has.
pub(super) fn by_week(
    measure: &Measure,
    column: &Column,
    weeks: &[Option<Date>],
) -> Option<FigureTrend> {
    let mut by_week: BTreeMap<Date, Vec<f64>> = BTreeMap::new();
    for row in &column.sorted {
        if let Some(week) = weeks.get(*row as usize).copied().flatten() {
            by_week.entry(week).or_default().push(column.value(*row));
        }
    }
    let first = *by_week.first_key_value()?.0;
    let points = by_week.into_iter().filter(|(_, values)| values.len() >= OF_A_WEEK);
    let points: Vec<(f64, f64)> = points
        .filter_map(|(week, values)| {
            let since = f64::from(week.since(first).ok()?.get_days()) / 7.0;
            Some((since, Sample::of_sorted(values).median()?))
        })
        .collect();
    Some(FigureTrend {
        figure: measure.clone(),
        player: None,
        step: TrendStep::Week,
        slope: slope(WEEKS, &points),
        points,
    })
}

/// The slope of points, if they are enough.
pub(super) fn slope(need: usize, points: &[(f64, f64)]) -> Figure<Effect> {
    Figure::of_at_least(need, points.len(), || {
        let trend = trend(points.iter().copied())?;
        Some(Effect::new(trend.slope, trend.chance, 0.0))
    })
}

/// How each two figures go together.
pub(super) fn correlations(columns: &[Column]) -> Vec<FigurePair> {
    let amounts = columns.iter().filter_map(|column| match &column.outcome {
        Outcome::Amount(measure) if !column.sorted.is_empty() => Some((measure, column)),
        _ => None,
    });
    let amounts: Vec<(&Measure, &Column)> = amounts.take(MOST_PAIRED).collect();
    let mut pairs = Vec::new();
    for (place, (one, of_one)) in amounts.iter().enumerate() {
        for (other, of_other) in amounts.iter().skip(place + 1) {
            pairs.push(pair(one, of_one, other, of_other));
        }
    }
    pairs
}

fn pair(one: &Measure, of_one: &Column, other: &Measure, of_other: &Column) -> FigurePair {
    let both = |row: &u32| !of_one.value(*row).is_nan() && !of_other.value(*row).is_nan();
    let ranks = |column: &Column| {
        let sorted: Vec<u32> = column.sorted.iter().copied().filter(both).collect();
        ranks(column, &sorted)
    };
    let (ones, others) = (ranks(of_one), ranks(of_other));
    let rho = Figure::of(ones.len(), || {
        let correlation = correlation_of_ranks(&ones, &others)?;
        Some(Effect::new(correlation.rho, correlation.chance, 0.0))
    });
    FigurePair { one: one.clone(), other: other.clone(), rho }
}

/// The ranks of these rows, which are sorted, in the order of the rows.
#[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 sessions")]
fn ranks(column: &Column, sorted: &[u32]) -> Vec<f64> {
    let mut by_row = vec![f64::NAN; column.values.len()];
    let mut before = 0;
    for equal in sorted.chunk_by(|one, next| column.value(*one) == column.value(*next)) {
        let rank = before as f64 + f64::midpoint(equal.len() as f64, 1.0);
        for row in equal {
            if let Some(at) = by_row.get_mut(*row as usize) {
                *at = rank;
            }
        }
        before += equal.len();
    }
    by_row.retain(|rank| !rank.is_nan());
    by_row
}
