//! The number of events on their way to the writer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most events that may wait for the writer. Beyond, they are dropped: a disk that hangs costs
/// the events meanwhile, and never the game's memory.
const MOST_IN_FLIGHT: usize = 1 << 20;

/// Counts the events on their way to the writer.
#[derive(Clone, Default)]
pub(super) struct InFlight(Arc<AtomicUsize>);

/// Some events on their way; they have arrived when this is dropped.
pub(super) struct OnTheirWay {
    counter: InFlight,
    events: usize,
}

impl InFlight {
    /// Sends this many events, unless too many are on their way.
    pub(super) fn send(&self, events: usize) -> Option<OnTheirWay> {
        let before = self.0.fetch_add(events, Ordering::Relaxed);
        let sent = OnTheirWay { counter: self.clone(), events };
        (before + events <= MOST_IN_FLIGHT).then_some(sent)
    }
}

impl Drop for OnTheirWay {
    fn drop(&mut self) {
        self.counter.0.fetch_sub(self.events, Ordering::Relaxed);
    }
}
