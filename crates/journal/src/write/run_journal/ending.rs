//! The phase of a run, and its end once that was asked for.

use std::time::Duration;

/// The time that the end of a run is tried before it is reported as incomplete.
///
/// Only the next session waits for it. An exit has a patience of its own.
const LEAVE_PATIENCE: Duration = Duration::from_secs(30);

/// The phase of a run.
pub(super) enum Phase {
    Played,
    /// Its end was asked for.
    Leaving(Ending),
    /// No end will be asked for, and there is no later try: the app is gone.
    AppIsGone,
}

impl Phase {
    /// Returns true if data that can't be written now is lost.
    pub(super) fn is_last_chance(&self) -> bool {
        !matches!(self, Self::Played)
    }

    /// The last checkpoint had to be given up.
    pub(super) fn note_incomplete(&mut self) {
        if let Self::Leaving(ending) = self {
            ending.is_incomplete = true;
        }
    }
}

/// The end of a run that was asked for.
pub(super) struct Ending {
    /// The time until which it is tried.
    pub deadline: Duration,
    /// True if the last checkpoint had to be given up.
    pub is_incomplete: bool,
    /// True if a failure was reported. Further tries are the same failure.
    has_reported: bool,
}

impl Ending {
    pub(super) fn begin(now: Duration) -> Self {
        Self { deadline: now + LEAVE_PATIENCE, is_incomplete: false, has_reported: false }
    }

    /// Returns true if a failure was reported before; it is now.
    pub(super) fn was_reported(&mut self) -> bool {
        std::mem::replace(&mut self.has_reported, true)
    }
}
