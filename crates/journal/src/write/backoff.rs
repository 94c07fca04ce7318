//! Waiting longer after each failure.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// The time of the next try after failures in a row.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Backoff {
    failures: u32,
    not_before: Duration,
}

impl Backoff {
    /// Notes a failure, and says how long to wait: 1 s, then twice as long each time, up to a
    /// minute.
    pub(super) fn failed(&mut self, now: Duration) -> Duration {
        let wait = FIRST.saturating_mul(1 << self.failures.min(6)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        self.not_before = now + wait;
        wait
    }

    /// Notes a failure after which waiting long is of no use, and says how long to wait.
    pub(super) fn wait(&mut self, now: Duration, wait: Duration) -> Duration {
        self.not_before = now + wait;
        wait
    }

    /// Notes a success.
    pub(super) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// Returns true if the last try failed.
    pub(super) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// Time to wait until the next try; zero if it is due.
    pub(super) fn remaining(&self, now: Duration) -> Duration {
        self.not_before.saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..9).map(|_| backoff.failed(Duration::ZERO).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        backoff.succeeded();
        assert_eq!(backoff.remaining(Duration::ZERO), Duration::ZERO);
        assert_eq!(backoff.failed(Duration::ZERO), FIRST);
    }
}
