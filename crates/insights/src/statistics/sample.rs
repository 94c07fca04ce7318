//! Values in their order.

use super::number;

/// The finite values of a sample, the least first.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Sample(Vec<f64>);

impl FromIterator<f64> for Sample {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut values: Vec<f64> = values.into_iter().filter(|it| it.is_finite()).collect();
        values.sort_unstable_by(f64::total_cmp);
        Self(values)
    }
}

/// Values that come the least first, wherever they are kept.
pub(crate) trait InOrder {
    /// The number of values.
    fn len(&self) -> usize;

    /// The one at this place.
    fn at(&self, place: usize) -> Option<f64>;

    /// The value below which this share lies, between two where it falls there. `None` of nothing.
    fn quantile(&self, share: f64) -> Option<f64> {
        let place = number(self.len().checked_sub(1)?) * share.clamp(0.0, 1.0);
        let (below, above) = (self.at(whole(place.floor()))?, self.at(whole(place.ceil()))?);
        Some(below + (above - below) * place.fract())
    }

    /// The median. `None` of nothing.
    fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }
}

impl InOrder for [f64] {
    fn len(&self) -> usize {
        self.len()
    }

    fn at(&self, place: usize) -> Option<f64> {
        self.get(place).copied()
    }
}

impl InOrder for Sample {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn at(&self, place: usize) -> Option<f64> {
        self.0.get(place).copied()
    }
}

impl Sample {
    /// The number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, the least first.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.0
    }

    /// The median. `None` of nothing.
    ///
    /// ```
    /// use bevy_session_insights::statistics::Sample;
    ///
    /// assert_eq!(Sample::from_iter([3.0, 1.0, f64::NAN, 4.0, 2.0]).median(), Some(2.5));
    /// ```
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        self.quantile(0.5)
    }

    /// The value below which this share lies, between two where it falls there. `None` of nothing.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        InOrder::quantile(self, share)
    }
}

/// A place in a list.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it saturates, and what is beyond a list isn't found there"
)]
pub(super) fn whole(place: f64) -> usize {
    place as usize
}

/// Goes through values in their order: of each that is there, how often.
pub(super) fn ties(sorted: &[f64]) -> impl Iterator<Item = f64> {
    sorted.chunk_by(|one, next| one == next).map(|equal| number(equal.len()))
}

/// The ranks of values, from 1: equal ones share the mean of theirs.
pub(super) fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<(f64, usize)> = values.iter().copied().zip(0..).collect();
    order.sort_unstable_by(|one, other| one.0.total_cmp(&other.0));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|one, next| one.0 == next.0) {
        let rank = number(before) + f64::midpoint(number(equal.len()), 1.0);
        for (_, place) in equal {
            if let Some(at) = ranks.get_mut(*place) {
                *at = rank;
            }
        }
        before += equal.len();
    }
    ranks
}
