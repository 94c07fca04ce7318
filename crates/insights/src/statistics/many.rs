//! Many claims at once.

use super::number;

/// Adjusts many p-values for being looked at together, by Benjamini and Hochberg: of those that are at most 0.05 then,
/// about one of 20 is wrong. A chance that is no number counts as 1.
///
/// ```
/// use bevy_session_insights::statistics::adjusted_for_many;
///
/// assert_eq!(adjusted_for_many(&[0.01, 0.9]), [0.02, 0.9]);
/// assert!(adjusted_for_many(&[]).is_empty());
/// ```
#[must_use]
pub fn adjusted_for_many(chances: &[f64]) -> Vec<f64> {
    let known = |chance: f64| if chance.is_nan() { 1.0 } else { chance.clamp(0.0, 1.0) };
    let mut order: Vec<(f64, usize)> = chances.iter().copied().map(known).zip(0..).collect();
    order.sort_unstable_by(|one, other| other.0.total_cmp(&one.0));
    let all = number(chances.len());
    let mut adjusted = vec![1.0; chances.len()];
    let mut least: f64 = 1.0;
    for (before, (chance, place)) in order.into_iter().enumerate() {
        least = least.min(chance * all / (all - number(before)));
        if let Some(at) = adjusted.get_mut(place) {
            *at = least;
        }
    }
    adjusted
}
