//! Statistics held against scipy's answers, which `ask_scipy.py` beside this file has written.

// Feature: Claims have intervals that equal those of scipy and cover a known truth.
// Page: guide/learning.md#when-a-difference-matters

use bevy_session_insights::statistics::{
    Estimate, Sample, adjusted_for_many, correlation, exact_rate, median_difference, rate,
    rate_difference, rates_differ, tends_larger, trend,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Answers {
    rates: Vec<OneRate>,
    pairs_of_rates: Vec<TwoRates>,
    groups: Vec<Groups>,
    medians: Vec<Medians>,
    correlated: Vec<Correlated>,
    trends: Vec<Trend>,
    many: Vec<Many>,
}

#[derive(Deserialize)]
struct OneRate {
    some: usize,
    of: usize,
    wilson: [f64; 2],
    exact: [f64; 2],
}

#[derive(Deserialize)]
struct TwoRates {
    one: (usize, usize),
    other: (usize, usize),
    newcombe: [f64; 2],
    fisher: f64,
}

#[derive(Deserialize)]
struct Groups {
    one: Vec<f64>,
    other: Vec<f64>,
    mann_whitney: f64,
}

#[derive(Deserialize)]
struct Medians {
    one: Vec<f64>,
    other: Vec<f64>,
    bootstrap: [f64; 2],
}

#[derive(Deserialize)]
struct Correlated {
    one: Vec<f64>,
    other: Vec<f64>,
    rho: f64,
    chance: f64,
    interval: [f64; 2],
}

#[derive(Deserialize)]
struct Trend {
    at: Vec<f64>,
    values: Vec<f64>,
    slope: f64,
    kendall: f64,
    interval: [f64; 2],
}

#[derive(Deserialize)]
struct Many {
    chances: Vec<f64>,
    adjusted: Vec<f64>,
}

fn answers() -> Answers {
    serde_json::from_str(include_str!("scipy.json")).unwrap()
}

/// As near as nine figures are, of large numbers and of small ones.
fn same(ours: f64, scipy: f64) {
    assert!((ours - scipy).abs() <= 1e-9 * scipy.abs().max(1.0), "{ours} isn't {scipy}");
}

fn same_interval(ours: Estimate, [low, high]: [f64; 2]) {
    same(ours.low, low);
    same(ours.high, high);
}

fn zipped(ones: &[f64], others: &[f64]) -> Vec<(f64, f64)> {
    ones.iter().copied().zip(others.iter().copied()).collect()
}

#[test]
fn rates_have_the_intervals_of_wilson_and_of_clopper_and_pearson() {
    for OneRate { some, of, wilson, exact } in answers().rates {
        same_interval(rate(some, of).unwrap(), wilson);
        same_interval(exact_rate(some, of).unwrap(), exact);
    }
    assert_eq!((rate(0, 0), exact_rate(0, 0)), (None, None));
}

#[test]
fn two_rates_have_newcombes_interval_and_fishers_chance() {
    for TwoRates { one, other, newcombe, fisher } in answers().pairs_of_rates {
        same_interval(rate_difference(one, other).unwrap(), newcombe);
        same(rates_differ(one, other), fisher);
        same(rates_differ(other, one), fisher);
    }
    assert_eq!(rate_difference((0, 0), (1, 2)), None);
    same(rates_differ((0, 0), (1, 2)), 1.0);
}

#[test]
fn two_groups_have_the_chance_of_mann_and_whitney() {
    for Groups { one, other, mann_whitney } in answers().groups {
        let (one, other): (Sample, Sample) =
            (one.into_iter().collect(), other.into_iter().collect());
        same(tends_larger(&one, &other).unwrap(), mann_whitney);
        same(tends_larger(&other, &one).unwrap(), mann_whitney);
    }
}

/// The error that `median_difference` states, 2 % of the width, is a standard deviation: four of them are allowed.
#[test]
fn differences_of_medians_have_the_interval_of_a_bootstrap_within_its_error() {
    for Medians { one, other, bootstrap: [low, high] } in answers().medians {
        let (one, other): (Sample, Sample) =
            (one.into_iter().collect(), other.into_iter().collect());
        let ours = median_difference(&one, &other, 1).unwrap();
        let error = 0.08 * (high - low);
        assert!((ours.low - low).abs() < error, "{ours:?} isn't {low}..{high}");
        assert!((ours.high - high).abs() < error, "{ours:?} isn't {low}..{high}");
        same(ours.value, one.median().unwrap() - other.median().unwrap());
        assert_eq!(median_difference(&one, &other, 1), Some(ours), "the same seed says the same");
    }
}

#[test]
fn correlations_are_spearmans_with_ties() {
    for Correlated { one, other, rho, chance, interval } in answers().correlated {
        let ours = correlation(zipped(&one, &other)).unwrap();
        same(ours.rho.value, rho);
        same(ours.chance, chance);
        same_interval(ours.rho, interval);
    }
}

#[test]
fn trends_are_those_of_theil_and_sen() {
    for Trend { at, values, slope, kendall, interval } in answers().trends {
        let ours = trend(zipped(&at, &values)).unwrap();
        same(ours.slope.value, slope);
        same(ours.chance, kendall);
        same_interval(ours.slope, interval);
    }
}

#[test]
fn many_chances_are_adjusted_as_benjamini_and_hochberg_do() {
    for Many { chances, adjusted } in answers().many {
        let ours = adjusted_for_many(&chances);
        assert_eq!(ours.len(), adjusted.len());
        ours.into_iter().zip(adjusted).for_each(|(ours, scipy)| same(ours, scipy));
    }
}

#[test]
fn non_numbers_and_single_or_equal_values_give_no_result() {
    let none = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let empty: Sample = none.into_iter().collect();
    let one: Sample = [3.0].into_iter().collect();
    let equal: Sample = [3.0; 30].into_iter().collect();
    assert_eq!((empty.len(), empty.median()), (0, None));
    assert_eq!(median_difference(&empty, &equal, 1), None);
    assert_eq!(tends_larger(&empty, &equal), None);
    assert_eq!(tends_larger(&equal, &equal), None);
    let nothing = Estimate { value: 0.0, low: 0.0, high: 0.0 };
    assert_eq!(median_difference(&one, &equal, 1), Some(nothing));
    assert_eq!(correlation(none.map(|it| (it, it))), None);
    assert_eq!(correlation([(1.0, 1.0); 30]), None);
    assert_eq!(trend(none.map(|it| (it, it))), None);
    assert_eq!(trend([(1.0, 1.0)]), None);
    assert_eq!(trend([(1.0, 1.0), (1.0, 5.0), (1.0, 3.0)]), None);
    let flat = trend((0..30).map(|week| (f64::from(week), 4.0)));
    assert_eq!(flat, None, "values that are all equal bound nothing");
    assert_eq!(adjusted_for_many(&[f64::NAN, 0.5]), [1.0, 1.0]);
}
