//! A run's position on the current branch of checkpoints.

use bevy_session_journal::{CheckpointId, RunId};

use super::asked_checkpoints::AskedCheckpoints;

/// A run's position on the current branch of checkpoints: which were captured, which of them are
/// durable, and the base of the next delta.
pub(crate) struct Line {
    run: RunId,
    /// The number of the last checkpoint that was captured.
    captured: u64,
    /// The value of `captured` when the run began; until it grows, the opening capture is due.
    opened_with: u64,
    /// The base of the next delta; `None` if the next capture must be full.
    base: Option<u64>,
    /// True if the writer knows the world as of the checkpoint after which the run begins, so that
    /// the opening capture may be a delta to that one.
    pub(in crate::lifecycle) is_as_restored: bool,
    /// The newest checkpoint that is durable.
    durable: u64,
    /// Labelled or requested checkpoints, until they are durable or lost.
    pub(in crate::lifecycle) asked: AskedCheckpoints,
}

impl Line {
    /// The line of a run that begins after checkpoint `counter`; 0 for a new session.
    pub(in crate::lifecycle) fn after(run: RunId, counter: u64) -> Self {
        Self {
            run,
            captured: counter,
            opened_with: counter,
            base: None,
            is_as_restored: false,
            durable: counter,
            asked: AskedCheckpoints::default(),
        }
    }

    pub(in crate::lifecycle) fn run(&self) -> RunId {
        self.run
    }

    /// The newest checkpoint that was captured.
    pub(in crate::lifecycle) fn newest(&self) -> CheckpointId {
        CheckpointId { run: self.run, counter: self.captured }
    }

    /// The checkpoint that comes next.
    pub(in crate::lifecycle) fn next(&self) -> CheckpointId {
        CheckpointId { run: self.run, counter: self.captured + 1 }
    }

    /// The base of the next delta; `None` if the next capture must be full.
    pub(in crate::lifecycle) fn base(&self) -> Option<u64> {
        self.base
    }

    /// Returns true if the next capture copies everything.
    pub(in crate::lifecycle) fn needs_full(&self) -> bool {
        self.base.is_none() && !self.is_as_restored
    }

    /// Returns true if the run began with a restore, not with a new session.
    pub(in crate::lifecycle) fn was_restored(&self) -> bool {
        self.opened_with > 0
    }

    /// Returns true if nothing was captured in this run so far.
    pub(crate) fn is_untouched(&self) -> bool {
        self.base.is_none() && self.captured == self.opened_with
    }

    /// Returns true if something that was captured isn't durable yet.
    pub(in crate::lifecycle) fn is_saving(&self) -> bool {
        self.base.is_some_and(|captured| captured > self.durable)
    }

    /// Returns true if the newest captured checkpoint isn't durable yet.
    pub(in crate::lifecycle) fn is_ahead_of_disk(&self) -> bool {
        self.captured > self.durable
    }

    /// Returns true if this line hasn't captured the checkpoint yet.
    pub(in crate::lifecycle) fn has_yet_to_reach(&self, checkpoint: CheckpointId) -> bool {
        checkpoint.run == self.run && checkpoint.counter > self.captured
    }

    /// The next checkpoint was captured. If it can't be a base for deltas, the one after it is
    /// full.
    pub(in crate::lifecycle) fn advance(&mut self, is_base: bool) {
        self.captured += 1;
        self.is_as_restored = false;
        self.base = is_base.then_some(self.captured);
    }

    /// The writer no longer knows the world: the next capture copies everything.
    pub(in crate::lifecycle) fn need_full(&mut self) {
        self.base = None;
        self.is_as_restored = false;
    }

    /// A checkpoint is durable. Returns true if it is one of this run.
    pub(in crate::lifecycle) fn note_durable(&mut self, checkpoint: CheckpointId) -> bool {
        let is_own = checkpoint.run == self.run;
        if is_own {
            self.durable = self.durable.max(checkpoint.counter);
        }
        is_own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_needs_a_full_capture_until_it_has_one() {
        let mut line = Line::after(RunId(7), 40);
        assert!(line.was_restored() && line.is_untouched() && !line.is_saving());
        assert_eq!(line.base(), None);
        line.advance(true);
        assert_eq!((line.newest().counter, line.base()), (41, Some(41)));
        assert!(line.is_saving() && !line.is_untouched());
        assert!(line.note_durable(line.newest()));
        assert!(!line.is_saving());
        line.need_full();
        assert_eq!(line.base(), None);
        assert!(!line.is_untouched(), "a run is opened once");
    }

    #[test]
    fn a_run_may_open_with_the_difference_to_what_was_restored_and_only_open() {
        let mut line = Line::after(RunId(7), 40);
        assert!(line.needs_full());
        line.is_as_restored = true;
        assert!(!line.needs_full() && line.is_untouched());
        assert_eq!(line.base(), None, "it is no delta to what follows");
        line.advance(false);
        assert!(line.needs_full());
        line.is_as_restored = true;
        line.need_full();
        assert!(line.needs_full());
    }

    #[test]
    fn a_durable_checkpoint_of_another_run_is_ignored() {
        let mut line = Line::after(RunId(7), 0);
        line.advance(true);
        assert!(!line.note_durable(CheckpointId { run: RunId(6), counter: 9 }));
        assert!(line.is_saving());
    }
}
