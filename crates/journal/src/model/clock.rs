//! Time, as one value that is read once a frame.

#![expect(clippy::disallowed_methods, reason = "the one room that asks the machine for the time")]

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// One moment on both clocks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Moment {
    /// Monotonic time since the process began to count. Intervals and play time are measured by
    /// it.
    pub elapsed: Duration,
    /// The machine's clock. Only people read it.
    pub wall: Timestamp,
}

/// The source of moments.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's clocks.
    System {
        /// The moment from which time counts.
        origin: Instant,
    },
    /// The app's own `Time<Real>`, counted from a given date: for tests.
    Manual {
        /// The date at which the app's real time is zero.
        origin: Timestamp,
    },
}

impl Clock {
    /// The machine's clocks, counted from now on.
    pub fn system() -> Self {
        Self::System { origin: Instant::now() }
    }

    /// The moment at which the app's real time is `app_time`.
    pub fn moment(self, app_time: Duration) -> Moment {
        match self {
            Self::System { origin } => Moment { elapsed: origin.elapsed(), wall: Timestamp::now() },
            Self::Manual { origin } => {
                let app_time_signed =
                    SignedDuration::try_from(app_time).unwrap_or(SignedDuration::MAX);
                Moment {
                    elapsed: app_time,
                    wall: origin.saturating_add(app_time_signed).unwrap_or(origin),
                }
            }
        }
    }
}

/// The machine's monotonic clock: for measuring, and for waiting on other threads. The game itself goes by a
/// [`Moment`], which a test can set.
pub fn instant() -> Instant {
    Instant::now()
}

/// The machine's date, for what has no [`Moment`] at hand: a panic, a tool, the name of a file.
pub fn timestamp() -> Timestamp {
    Timestamp::now()
}

/// The instant at which `patience` that begins now is over. Patience without end ends in a year.
pub fn deadline(patience: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    Instant::now() + patience.min(YEAR)
}

/// `later - earlier`, or zero where a clock was set back between them.
pub fn between(earlier: Timestamp, later: Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}
