//! The share of a frame that captures may take, and the types that take it.

use std::time::Duration;

use bevy::prelude::*;

/// The share of a frame's time that a capture may take.
///
/// ```
/// use bevy_session::checkpoints::CaptureBudget;
/// use std::time::Duration;
///
/// let server = CaptureBudget { frame: Duration::from_millis(50), share: 0.02 };
/// assert_eq!(server.time(), Duration::from_millis(1));
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug, Default))]
pub struct CaptureBudget {
    /// The time of a frame. Defaults to a sixtieth of a second.
    pub frame: Duration,
    /// The share of it that a capture may take: 1.0 is all. Defaults to 0.1.
    pub share: f32,
}

/// The cost of one type in a capture.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug))]
pub struct CaptureCost {
    /// The type.
    pub type_path: String,
    /// Time that copying it took.
    pub time: Duration,
    /// Rows that were copied.
    pub rows: usize,
}

impl CaptureBudget {
    /// The time that a capture may take. Zero if the share is NaN or negative.
    pub fn time(&self) -> Duration {
        let seconds = self.frame.as_secs_f64() * f64::from(self.share.max(0.0));
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

impl Default for CaptureBudget {
    fn default() -> Self {
        Self { frame: Duration::from_secs(1) / 60, share: 0.1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_share_is_a_budget_of_zero() {
        for share in [f32::NAN, -1.0, f32::NEG_INFINITY] {
            let budget = CaptureBudget { share, ..default() };
            assert_eq!(budget.time(), Duration::ZERO, "{share}");
        }
        let boundless = CaptureBudget { share: f32::INFINITY, ..default() };
        assert!(boundless.time() > Duration::from_secs(1));
    }
}
