//! Trends and correlations of figures.

use jiff::civil::Date;

use super::columns::Column;
use super::words::Words;
use crate::effect::Effect;
use crate::figure::Figure;
use crate::lessons::{FigurePair, FigureTrend, TrendStep};
use crate::measure::{Measure, Outcome};
use crate::statistics::{InOrder, correlation_of_doubled_ranks, trend};

/// Weeks from which a trend is made.
const WEEKS: usize = 8;
/// Sessions of which a week has a median.
const OF_A_WEEK: usize = 3;
/// Figures that are held against each other, for there is a pair of each two.
const MOST_PAIRED: usize = 16;

/// The trend of the medians of weeks. `None` for a figure that no session has.
pub(super) fn by_week(
    measure: &Measure,
    column: &Column,
    weeks: &Words<Date>,
) -> Option<FigureTrend> {
    let mut by_week: Vec<Vec<f64>> = vec![Vec::new(); weeks.len()];
    for (value, row) in column.sorted() {
        if let Some(values) = weeks.of_row(*row).and_then(|week| by_week.get_mut(week)) {
            values.push(*value);
        }
    }
    let with = weeks.in_order().filter_map(|(week, place)| Some((week, by_week.get(place)?)));
    let mut with = with.filter(|(_, values)| !values.is_empty()).peekable();
    let first = *with.peek()?.0;
    let points = with.filter(|(_, values)| values.len() >= OF_A_WEEK);
    let points: Vec<(f64, f64)> = points
        .filter_map(|(week, values)| {
            let since = f64::from(week.since(first).ok()?.get_days()) / 7.0;
            Some((since, values.as_slice().median()?))
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

/// The correlations of each two figures.
pub(super) fn correlations(columns: &[Column]) -> Vec<FigurePair> {
    let amounts = columns.iter().filter_map(|column| match &column.outcome {
        Outcome::Amount(measure) if !column.sorted().is_empty() => Some((measure, column)),
        _ => None,
    });
    let amounts = amounts.take(MOST_PAIRED).map(|(measure, column)| Ranked {
        measure,
        column,
        ranks: doubled_ranks(column, |_| true),
    });
    let amounts: Vec<Ranked> = amounts.collect();
    let mut pairs = Vec::with_capacity(amounts.len() * amounts.len().saturating_sub(1) / 2);
    for (place, one) in amounts.iter().enumerate() {
        pairs.extend(amounts.iter().skip(place + 1).map(|other| pair(one, other)));
    }
    pairs
}

/// A figure with the ranks of all that is known of it.
struct Ranked<'a> {
    measure: &'a Measure,
    column: &'a Column,
    ranks: Vec<u32>,
}

fn pair(one: &Ranked, other: &Ranked) -> FigurePair {
    let known = one.ranks.iter().zip(&other.ranks);
    let both = known.clone().filter(|(one, other)| **one > 0 && **other > 0).count();
    let rho = Figure::of(both, || {
        let is_all = |of: &Ranked| both == of.column.sorted().len();
        let correlation = if is_all(one) && is_all(other) {
            correlated(&one.ranks, &other.ranks)
        } else {
            // Ranks are of those of which both are known.
            let ones = doubled_ranks(one.column, |row| has(&other.ranks, row));
            correlated(&ones, &doubled_ranks(other.column, |row| has(&one.ranks, row)))
        }?;
        Some(Effect::new(correlation.rho, correlation.chance, 0.0))
    });
    FigurePair { one: one.measure.clone(), other: other.measure.clone(), rho }
}

fn correlated(ones: &[u32], others: &[u32]) -> Option<crate::statistics::Correlation> {
    let pairs = ones.iter().copied().zip(others.iter().copied());
    correlation_of_doubled_ranks(pairs.filter(|(one, _)| *one > 0))
}

fn has(ranks: &[u32], row: u32) -> bool {
    ranks.get(row as usize).is_some_and(|rank| *rank > 0)
}

/// For each row its rank among these rows, twice, so that shared ones are whole too; 0 for all other rows.
fn doubled_ranks(column: &Column, among: impl Fn(u32) -> bool) -> Vec<u32> {
    let mut ranks = vec![0; column.values().len()];
    let mut before = 0;
    for equal in column.sorted().chunk_by(|one, next| one.0 == next.0) {
        let count = equal.iter().filter(|(_, row)| among(*row)).count();
        let rank = u32::try_from(2 * before + count + 1).unwrap_or(u32::MAX);
        for (_, row) in equal.iter().filter(|(_, row)| among(*row)) {
            if let Some(at) = ranks.get_mut(*row as usize) {
                *at = rank;
            }
        }
        before += count;
    }
    ranks
}
