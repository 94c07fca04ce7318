//! The schedule of automatic checkpoints.

use std::time::Duration;

/// The delay after which a lost capture is made up for; then it is doubled, up to
/// [`MAKE_UP_LONGEST`].
const MAKE_UP_FIRST: Duration = Duration::from_secs(1);
const MAKE_UP_LONGEST: Duration = Duration::from_secs(60);

/// The schedule of a run's automatic checkpoints.
pub(crate) struct Pace {
    /// Real time since the last capture, pauses excluded.
    since_capture: Duration,
    /// The time of the last capture.
    captured_at: Duration,
    /// Bytes of the last automatic checkpoint.
    written: u64,
    /// The interval that the write rate requires, if it is longer than the configured one.
    stretched: Option<Duration>,
    /// True if a capture was lost, so that one is due whatever the settings say.
    make_up: bool,
    /// The delay of that one after the last capture; longer each time that one is lost again.
    make_up_after: Duration,
    /// True once it was reported that a checkpoint is due and waits for the writer.
    delay_reported: bool,
}

impl Pace {
    pub(in crate::lifecycle) fn new() -> Self {
        Self {
            since_capture: Duration::ZERO,
            captured_at: Duration::ZERO,
            written: 0,
            stretched: None,
            make_up: false,
            make_up_after: MAKE_UP_FIRST,
            delay_reported: false,
        }
    }

    /// Advances play time.
    pub(in crate::lifecycle) fn pass(&mut self, passed: Duration) {
        self.since_capture += passed;
    }

    /// Time since the last capture, pauses excluded.
    pub(in crate::lifecycle) fn since_capture(&self) -> Duration {
        self.since_capture
    }

    /// The time of the last capture.
    pub(in crate::lifecycle) fn captured_at(&self) -> Duration {
        self.captured_at
    }

    /// Returns true if the time between two checkpoints is over.
    pub(in crate::lifecycle) fn is_due(&self, interval: Duration) -> bool {
        self.since_capture >= self.stretched.map_or(interval, |stretched| stretched.max(interval))
    }

    /// A capture was taken and lost: one more is due.
    pub(in crate::lifecycle) fn make_up_for_loss(&mut self) {
        self.make_up = true;
    }

    /// Returns true if it is time to make up for a lost capture.
    pub(in crate::lifecycle) fn is_make_up_due(&self, now: Duration) -> bool {
        self.make_up && now.saturating_sub(self.captured_at) >= self.make_up_after
    }

    /// A capture is taken.
    pub(in crate::lifecycle) fn begin_capture(&mut self, now: Duration) {
        self.since_capture = Duration::ZERO;
        self.captured_at = now;
        self.delay_reported = false;
        if std::mem::take(&mut self.make_up) {
            self.make_up_after = (self.make_up_after * 2).min(MAKE_UP_LONGEST);
        }
    }

    /// A checkpoint is durable: later losses are made up for quickly again.
    pub(in crate::lifecycle) fn note_durable(&mut self) {
        self.make_up_after = MAKE_UP_FIRST;
    }

    /// Returns true if a delay is still to be reported: once, until the next capture.
    pub(in crate::lifecycle) fn is_delay_news(&mut self) -> bool {
        !std::mem::replace(&mut self.delay_reported, true)
    }

    /// An automatic checkpoint of this many bytes is durable.
    pub(in crate::lifecycle) fn note_written(&mut self, bytes: u64) {
        self.written = bytes;
    }

    /// Lengthens the interval so that checkpoints like the last one keep to this rate. Returns the
    /// new interval, if it changed.
    pub(in crate::lifecycle) fn keep_to_rate(
        &mut self,
        interval: Duration,
        most: u64,
    ) -> Option<Duration> {
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
        let seconds = self.written as f64 / most.max(1) as f64;
        // Whole seconds, so that it isn't reported again with each checkpoint.
        let needed = Duration::from_secs(Duration::from_secs_f64(seconds).as_secs());
        let stretched = (needed > interval).then_some(needed);
        let before = std::mem::replace(&mut self.stretched, stretched);
        (before != stretched).then_some(stretched.unwrap_or(interval))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_losses_are_made_up_for_with_growing_delays() {
        let mut pace = Pace::new();
        let mut now = Duration::ZERO;
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            pace.make_up_for_loss();
            let due = now + Duration::from_secs(seconds);
            assert!(!pace.is_make_up_due(due - Duration::from_millis(1)), "{seconds}");
            assert!(pace.is_make_up_due(due), "{seconds}");
            now = due;
            pace.begin_capture(now);
        }
        pace.note_durable();
        pace.make_up_for_loss();
        assert!(pace.is_make_up_due(now + Duration::from_secs(1)));
    }

    #[test]
    fn the_longer_of_interval_and_write_rate_counts() {
        let (mut pace, set) = (Pace::new(), Duration::from_secs(5));
        pace.note_written(900);
        assert_eq!(pace.keep_to_rate(set, 100), Some(Duration::from_secs(9)));
        assert_eq!(pace.keep_to_rate(set, 100), None);
        pace.pass(set);
        assert!(!pace.is_due(set));
        pace.pass(Duration::from_secs(4));
        assert!(pace.is_due(set));
        assert!(!pace.is_due(Duration::from_secs(10)));
        assert_eq!(pace.keep_to_rate(set, 1000), Some(set));
        assert_eq!(pace.keep_to_rate(set, 0), Some(Duration::from_secs(900)));
    }
}
