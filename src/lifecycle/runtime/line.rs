//! Where a run stands on the line of checkpoints that is played.

use bevy_session_journal::{CheckpointId, RunId};

use super::asked_checkpoints::AskedCheckpoints;

/// Where a run stands on the line of checkpoints that is played: which were captured, which of them
/// are durable, and what the next delta is the difference to.
pub(crate) struct Line {
    run: RunId,
    /// The number of the last checkpoint that was captured.
    captured: u64,
    /// What `captured` was when the run began; until it moves, the opening capture is due.
    opened_with: u64,
    /// The checkpoint that the next delta is the difference to; `None` if the next capture must be
    /// full.
    base: Option<u64>,
    /// The newest checkpoint that is durable.
    durable: u64,
    /// Those that have a label, until it is known what became of them.
    pub(in crate::lifecycle) asked: AskedCheckpoints,
}

impl Line {
    /// That of a run which begins after checkpoint `counter`; 0 for a new session.
    pub(in crate::lifecycle) fn after(run: RunId, counter: u64) -> Self {
        Self {
            run,
            captured: counter,
            opened_with: counter,
            base: None,
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

    /// What the next delta is the difference to; `None` if the next capture must be full.
    pub(in crate::lifecycle) fn base(&self) -> Option<u64> {
        self.base
    }

    /// Whether the run began with a restore and not with a new session.
    pub(in crate::lifecycle) fn was_restored(&self) -> bool {
        self.opened_with > 0
    }

    /// Whether nothing was captured in this run so far.
    pub(crate) fn is_untouched(&self) -> bool {
        self.base.is_none() && self.captured == self.opened_with
    }

    /// Whether something that was captured isn't durable yet.
    pub(in crate::lifecycle) fn is_saving(&self) -> bool {
        self.base.is_some_and(|captured| captured > self.durable)
    }

    /// Whether the newest checkpoint that was captured isn't durable yet.
    pub(in crate::lifecycle) fn is_ahead_of_disk(&self) -> bool {
        self.captured > self.durable
    }

    /// Whether a checkpoint is still to come on this line.
    pub(in crate::lifecycle) fn has_yet_to_reach(&self, checkpoint: CheckpointId) -> bool {
        checkpoint.run == self.run && checkpoint.counter > self.captured
    }

    /// The next checkpoint was captured. If it isn't one that deltas may follow, the one after it is
    /// full.
    pub(in crate::lifecycle) fn advance(&mut self, is_base: bool) {
        self.captured += 1;
        self.base = is_base.then_some(self.captured);
    }

    /// The writer has lost sight of the world: the next capture copies everything.
    pub(in crate::lifecycle) fn need_full(&mut self) {
        self.base = None;
    }

    /// A checkpoint is durable; whether it is one of this run.
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
    fn what_another_run_has_made_durable_is_not_of_this_line() {
        let mut line = Line::after(RunId(7), 0);
        line.advance(true);
        assert!(!line.note_durable(CheckpointId { run: RunId(6), counter: 9 }));
        assert!(line.is_saving());
    }
}
