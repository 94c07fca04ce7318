//! Figures of one operation.

use std::time::Duration;

use super::histogram::{BUCKETS, percentile};
use super::window::{Ring, Window, WindowFigures};

const MINUTE: Duration = Duration::from_secs(60);

/// Figures of one operation: since the app started, and in the last minutes.
///
/// Durations are kept in buckets, so a percentile is off by a sixteenth at most (6.25 %); maximum and mean
/// are exact. Above 33 s only the maximum is known, and of more than 65,535
/// durations in one bucket within a minute the rest counts for no percentile of a window.
#[derive(Clone, Debug)]
pub struct OperationFigures {
    buckets: [u32; BUCKETS],
    count: u64,
    errors: u64,
    longest: Duration,
    total: Duration,
    minutes: Ring<6>,
    fives: Ring<4>,
    now: Duration,
}

impl Default for OperationFigures {
    fn default() -> Self {
        Self {
            buckets: [0; BUCKETS],
            count: 0,
            errors: 0,
            longest: Duration::ZERO,
            total: Duration::ZERO,
            minutes: Ring::of(MINUTE),
            fives: Ring::of(5 * MINUTE),
            now: Duration::ZERO,
        }
    }
}

impl OperationFigures {
    /// The number of times that it succeeded since the app started.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The number of times that it failed since then; [`count`](Self::count) excludes these.
    #[must_use]
    pub fn errors(&self) -> u64 {
        self.errors
    }

    /// The median since then; `None` if it was never done.
    #[must_use]
    pub fn p50(&self) -> Option<Duration> {
        self.percentile(0.5)
    }

    /// The 95th percentile since then; `None` if it was never done.
    #[must_use]
    pub fn p95(&self) -> Option<Duration> {
        self.percentile(0.95)
    }

    /// The 99th percentile since then; `None` if it was never done.
    #[must_use]
    pub fn p99(&self) -> Option<Duration> {
        self.percentile(0.99)
    }

    /// The longest duration since then; `None` if it was never done.
    #[must_use]
    pub fn maximum(&self) -> Option<Duration> {
        (self.count > 0).then_some(self.longest)
    }

    /// Time that it took in all.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }

    /// The figures of the last minutes.
    #[must_use]
    pub fn over(&self, window: Window) -> WindowFigures {
        match window {
            Window::OneMinute => self.minutes.figures(2, self.now),
            Window::FiveMinutes => self.minutes.figures(6, self.now),
            Window::FifteenMinutes => self.fives.figures(4, self.now),
        }
    }

    /// The ratio of its mean over the last five minutes to that over the last 15: above 1 it is getting slower. `None`
    /// if it wasn't done, or took no time.
    #[must_use]
    pub fn trend(&self) -> Option<f64> {
        let lately = self.over(Window::FiveMinutes).mean?.as_secs_f64();
        let before = self.over(Window::FifteenMinutes).mean?.as_secs_f64();
        (before > 0.0).then(|| lately / before)
    }

    fn percentile(&self, share: f64) -> Option<Duration> {
        percentile(self.buckets.iter().copied(), share, self.longest)
    }

    pub(super) fn turn(&mut self, now: Duration) {
        self.now = now;
        self.minutes.turn(now);
        self.fives.turn(now);
    }

    pub(super) fn note(&mut self, took: Option<Duration>) {
        self.minutes.count(took);
        self.fives.count(took);
        let Some(took) = took else {
            self.errors += 1;
            return;
        };
        self.count += 1;
        self.total = self.total.saturating_add(took);
        self.longest = self.longest.max(took);
        if let Some(bucket) = self.buckets.get_mut(super::histogram::bucket_of(took)) {
            *bucket = bucket.saturating_add(1);
        }
    }
}
