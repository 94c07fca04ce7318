//! Branches: what a session has left by going back.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::SessionIndex;
use crate::format::Begun;
use crate::model::ids::{CheckpointId, RunId};

impl SessionIndex {
    /// The newest checkpoint of each line that was left and never continued, the highest counter first.
    ///
    /// It is superseded, so that no crash offers it, and no run has set out from it.
    pub fn branches(&self) -> Vec<CheckpointId> {
        let heads: HashSet<CheckpointId> = self.heads().iter().map(|head| head.id).collect();
        let gone_on = self.gone_on_from();
        let ends = self.runs.values().filter_map(super::run::Run::newest);
        let mut branches: Vec<CheckpointId> = ends
            .filter(|end| !heads.contains(end))
            .filter(|end| gone_on.get(&end.run).is_none_or(|through| *through < end.counter))
            .collect();
        branches.sort_by_key(|id| (Reverse(id.counter), id.run));
        branches
    }

    /// The begin of a checkpoint's run, or of the nearest one before it on its line of which it is known.
    pub fn begun(&self, checkpoint: CheckpointId) -> Option<&Begun> {
        self.ancestry(checkpoint).into_iter().find_map(|id| {
            let segments = self.runs.get(&id.run)?.segments.iter();
            let mut segments = segments.filter_map(|place| self.segments.get(*place));
            segments.find_map(|segment| segment.header.begun.as_ref())
        })
    }

    /// The nearest checkpoint before this one on its line that is still there.
    pub fn kept_before(&self, id: CheckpointId) -> Option<CheckpointId> {
        let run = self.runs.get(&id.run)?;
        let own = id.counter.checked_sub(1).and_then(|last| run.checkpoints_up_to(last).next());
        let before = own.or_else(|| {
            let mut before = run.goes_on_from();
            before.find_map(|it| self.runs.get(&it.run)?.checkpoints_up_to(it.counter).next())
        });
        // A draft comes before all that was played, and isn't part of it. Numbers grow along a line, unless they were
        // forged.
        before.filter(|before| before.counter < id.counter && !self.is_without_world(*before))
    }

    /// The checkpoint that a run continues from.
    pub fn before_run(&self, run: RunId) -> Option<CheckpointId> {
        self.runs.get(&run)?.goes_on_from().next().copied()
    }

    /// Returns true if a run belongs to this session, even if none of its files is left.
    pub fn has_known(&self, run: RunId) -> bool {
        let named = || self.runs.values().flat_map(|other| other.lineage.named());
        self.runs.contains_key(&run) || named().any(|named| named.run == run)
    }

    /// For each run, the highest counter that another run, which has committed something, continues from.
    fn gone_on_from(&self) -> HashMap<RunId, u64> {
        let mut gone_on = HashMap::new();
        for run in self.runs.values().filter(|run| !run.moments.is_empty()) {
            for before in run.goes_on_from().filter(|before| before.run != run.id) {
                let through = gone_on.entry(before.run).or_insert(before.counter);
                *through = before.counter.max(*through);
            }
        }
        gone_on
    }
}
