//! What is looked at again and again, with some time in between.

use std::time::Duration;

/// When something was looked at last; by default, never.
#[derive(Clone, Debug, Default)]
pub struct LastLook(Option<Duration>);

impl LastLook {
    /// Whether it is time to look, so long after the last time. It counts as done then.
    pub fn is_due(&mut self, now: Duration, between: Duration) -> bool {
        let is_due = self.0.is_none_or(|looked| now.saturating_sub(looked) >= between);
        if is_due {
            self.0 = Some(now);
        }
        is_due
    }
}
