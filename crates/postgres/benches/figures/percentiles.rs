//! Shares of samples.

use std::error::Error;
use std::time::Duration;

pub type Done = Result<(), Box<dyn Error + Send + Sync>>;

/// The share of samples, from 0 to 1, that took no longer.
pub fn percentile(samples: &mut [Duration], share: f64) -> Duration {
    samples.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list"
    )]
    let place = (samples.len().saturating_sub(1) as f64 * share).round() as usize;
    samples.get(place).copied().unwrap_or_default()
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
