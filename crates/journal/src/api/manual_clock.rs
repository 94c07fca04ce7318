//! A clock that a test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crate::model::clock::{Clock, Moment};

/// A clock that a test sets. Clones show the same time.
///
/// See [`JournalOptions::manual_clock`](crate::JournalOptions::manual_clock).
#[derive(Clone, Debug)]
pub struct ManualClock {
    origin: Timestamp,
    microseconds: Arc<AtomicU64>,
}

impl ManualClock {
    /// A clock that shows this date.
    #[must_use]
    pub fn starting_at(origin: Timestamp) -> Self {
        Self { origin, microseconds: Arc::default() }
    }

    /// Lets time pass, down to microseconds.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(by, Ordering::Relaxed);
    }

    pub(super) fn moment(&self) -> Moment {
        let elapsed = Duration::from_micros(self.microseconds.load(Ordering::Relaxed));
        Clock::Manual { origin: self.origin }.moment(elapsed)
    }
}
