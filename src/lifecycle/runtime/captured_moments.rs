//! The moments at which checkpoints of the played world were captured.

use std::collections::VecDeque;

use bevy::ecs::change_detection::{CheckChangeTicks, Tick};

use bevy_session_journal::CheckpointId;

/// The most moments that are remembered. Older checkpoints are compared fully if the session goes
/// back to them.
const MOST: usize = 16_384;

/// When checkpoints were captured of the world that is played, in its own change ticks.
///
/// A value that wasn't written since is the one that was captured, whatever the session went
/// through in between and on whichever line the checkpoint lies: a restore in place writes as well.
/// So a rewind compares what has a later tick.
#[derive(Default)]
pub(crate) struct CapturedMoments {
    moments: VecDeque<(CheckpointId, Tick)>,
    /// True if something changed without a trace in this process, so that ticks can't be relied on.
    is_given_up: bool,
}

impl CapturedMoments {
    /// A checkpoint was captured. All that was written until then has this tick at most, and all
    /// that comes a later one.
    pub(crate) fn note(&mut self, checkpoint: CheckpointId, captured: Tick) {
        if self.is_given_up {
            return;
        }
        if self.moments.len() >= MOST {
            self.moments.pop_front();
        }
        self.moments.push_back((checkpoint, captured));
    }

    /// The tick at which a checkpoint was captured, if values that weren't written since are
    /// unchanged.
    pub(crate) fn of(&self, checkpoint: CheckpointId) -> Option<Tick> {
        let mut newest_first = self.moments.iter().rev();
        newest_first.find(|(known, _)| *known == checkpoint).map(|(_, captured)| *captured)
    }

    /// Gives up all of them, since something changed without a trace.
    pub(crate) fn give_up(&mut self) {
        self.moments.clear();
        self.is_given_up = true;
    }

    /// Forgets moments so old that their ticks can't be compared any more.
    pub(crate) fn clamp_ticks(&mut self, check: CheckChangeTicks) {
        self.moments.retain_mut(|(_, captured)| !captured.check_tick(check));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bevy_session_journal::RunId;

    #[test]
    fn the_ticks_of_the_newest_checkpoints_are_kept_until_given_up() {
        let run = RunId::random();
        let id = |counter| CheckpointId { run, counter };
        let mut moments = CapturedMoments::default();
        for counter in 0..=MOST as u64 {
            moments.note(id(counter), Tick::new(counter as u32 + 7));
        }
        assert_eq!(moments.of(id(0)), None, "it is bounded");
        assert_eq!(moments.of(id(1)), Some(Tick::new(8)));
        assert_eq!(moments.of(CheckpointId { run: RunId::random(), counter: 1 }), None);
        moments.give_up();
        moments.note(id(1), Tick::new(9));
        assert_eq!(moments.of(id(1)), None);
    }
}
