//! Looking whether a session's owner is there.

use std::time::Duration;

use super::{Epoch, Log, Position};

/// The state of a session's owner, by a look at its log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Watch {
    /// It has none: it was never claimed, or the last owner has released it.
    Free,
    /// It has one, as far as can be known.
    Held,
    /// Nothing has come from its owner for the length of a lease.
    Lapsed,
    /// It was removed.
    Removed,
}

/// One who waits until an owner has been silent for the length of a lease, by its own monotonic clock.
///
/// It decides when to try and nothing else: who claims too early takes a session from an owner that is there, and
/// nothing is lost by it.
#[derive(Clone, Debug, Default)]
pub struct Watcher {
    newest: (Epoch, Position),
    since: Option<Duration>,
}

impl Watcher {
    /// Looks at a log that was just read. `now` is what the clock shows, counted from whenever.
    pub fn look(&mut self, log: &Log, now: Duration, lease: Duration) -> Watch {
        let epoch = log.highest();
        let newest = (epoch, log.highest_position(epoch));
        let since = match self.since {
            Some(since) if newest == self.newest => since,
            _ => now,
        };
        *self = Self { newest, since: Some(since) };
        if log.tombstone().is_some() {
            Watch::Removed
        } else if epoch == Epoch::default() || log.seal(epoch).is_some_and(|(_, released)| released)
        {
            Watch::Free
        } else if now.saturating_sub(since) >= lease {
            Watch::Lapsed
        } else {
            Watch::Held
        }
    }
}
