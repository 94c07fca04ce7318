//! A check that is repeated at intervals.

use std::time::Duration;

/// The time of the last check; by default, never.
#[derive(Clone, Debug, Default)]
pub struct LastLook(Option<Duration>);

impl LastLook {
    /// Returns true if at least `between` has passed since the last check, and counts this as one
    /// then.
    pub fn is_due(&mut self, now: Duration, between: Duration) -> bool {
        let is_due = self.0.is_none_or(|looked| now.saturating_sub(looked) >= between);
        if is_due {
            self.0 = Some(now);
        }
        is_due
    }
}
