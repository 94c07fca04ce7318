//! The events that wait for the sink, between the main thread and the sink's.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bevy_session::internal::panic_message;
use jiff::Timestamp;
use tracing::warn;

use super::event::{LifecycleChange, LifecycleEvent};
use super::sink::{LifecycleSink, LifecycleSinkError};

/// The queue. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    capacity: usize,
    state: Mutex<State>,
    /// Notified whenever the state changes.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<LifecycleEvent>,
    /// Events that were dropped behind those that wait, and when the first of them happened.
    gap: Option<(Timestamp, u64)>,
    is_delivering: bool,
    is_closed: bool,
    is_over: bool,
    /// Why it is over, until that is reported.
    failure: Option<String>,
    counts: Counts,
}

/// Events, by what became of them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub delivered: u64,
    pub failed: u64,
    pub dropped: u64,
}

impl Queue {
    pub fn new(capacity: usize) -> Self {
        let (state, changed) = (Mutex::default(), Condvar::new());
        Self(Arc::new(Shared { capacity, state, changed }))
    }

    /// Adds an event, or drops it if too many wait. Never waits for the sink.
    pub fn add(&self, event: LifecycleEvent) {
        let mut state = self.lock();
        if state.is_over {
            state.counts.dropped += 1;
        } else if state.waiting.len() >= self.0.capacity {
            state.counts.dropped += 1;
            let (_, count) = state.gap.get_or_insert((event.time, 0));
            *count += 1;
        } else {
            let gap = state.take_gap();
            state.waiting.extend(gap);
            state.waiting.push_back(event);
        }
        self.0.changed.notify_all();
    }

    /// Waits until the sink has all events, but no longer than this.
    pub fn wait(&self, patience: Duration) {
        let is_busy = |state: &mut State| !state.is_over && state.is_busy();
        // Both ways to end are fine, and a lock is never held while something panics.
        drop(self.0.changed.wait_timeout_while(self.lock(), patience, is_busy));
    }

    /// Delivers events until the queue is closed and empty, or the sink panics.
    pub fn serve(&self, sink: &mut dyn LifecycleSink) {
        let mut has_failed = false;
        while let Some(event) = self.next() {
            match catch_unwind(AssertUnwindSafe(|| sink.deliver(&event))) {
                Ok(taken) => has_failed = self.note(taken, has_failed),
                Err(panic) => return self.give_up(panic_message(&*panic)),
            }
        }
    }

    /// Calls the sink no more, for this reason.
    pub fn give_up(&self, reason: String) {
        let mut state = self.lock();
        let (gap, waiting) = (state.gap.take(), std::mem::take(&mut state.waiting));
        // What was in the gap is counted already, and what it was called with is lost too.
        state.counts.dropped += waiting.len() as u64 + u64::from(state.is_delivering);
        drop((gap, waiting));
        (state.is_delivering, state.is_over, state.failure) = (false, true, Some(reason));
        self.0.changed.notify_all();
    }

    /// No further events follow.
    pub fn close(&self) {
        self.lock().is_closed = true;
        self.0.changed.notify_all();
    }

    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    pub fn is_over(&self) -> bool {
        self.lock().is_over
    }

    /// Why the sink isn't called any more, the first time that this is asked.
    pub fn take_failure(&self) -> Option<String> {
        self.lock().failure.take()
    }

    /// Waits for the next event; `None` once the queue is closed and empty.
    fn next(&self) -> Option<LifecycleEvent> {
        let is_idle = |state: &mut State| !state.is_closed && !state.is_busy();
        let state = self.0.changed.wait_while(self.lock(), is_idle);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        let next = state.waiting.pop_front().or_else(|| state.take_gap())?;
        state.is_delivering = true;
        Some(next)
    }

    /// Counts a delivery, and returns true if it failed. The first failure in a row is logged.
    fn note(&self, taken: Result<(), LifecycleSinkError>, has_failed: bool) -> bool {
        let is_failure = taken.is_err();
        if let (Err(error), false) = (&taken, has_failed) {
            warn!(%error, "the sink didn't take a lifecycle event");
        }
        let mut state = self.lock();
        state.is_delivering = false;
        match taken {
            Ok(()) => state.counts.delivered += 1,
            Err(_) => state.counts.failed += 1,
        }
        self.0.changed.notify_all();
        is_failure
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_busy(&self) -> bool {
        self.is_delivering || !self.waiting.is_empty() || self.gap.is_some()
    }

    /// The event that stands for those that were dropped.
    fn take_gap(&mut self) -> Option<LifecycleEvent> {
        let (time, count) = self.gap.take()?;
        let change = LifecycleChange::Dropped { count };
        Some(LifecycleEvent { time, session: None, name: None, player: None, change })
    }
}

/// Hands what was counted since then to the recorder of the `metrics` crate.
#[cfg(feature = "metrics")]
pub(super) fn report(now: Counts, before: Counts) {
    use metrics::{counter, describe_counter};

    const NAME: &str = "bevy_session_lifecycle_events_total";
    let delivered = now.delivered.saturating_sub(before.delivered);
    let failed = now.failed.saturating_sub(before.failed);
    let dropped = now.dropped.saturating_sub(before.dropped);
    if delivered + failed + dropped == 0 {
        return;
    }
    describe_counter!(NAME, "Lifecycle events for the game's sink, by what became of them");
    counter!(NAME, "result" => "ok").increment(delivered);
    counter!(NAME, "result" => "error").increment(failed);
    counter!(NAME, "result" => "dropped").increment(dropped);
}
