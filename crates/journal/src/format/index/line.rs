//! Lines: what leads to a checkpoint.

use std::collections::{HashMap, HashSet, VecDeque};

use super::SessionIndex;
use super::run::Run;
use crate::model::ids::{CheckpointId, RunId};

/// Lines of one session that are offered after a crash, and that its files are pruned by. More of them come of damage,
/// or of forged files: nothing of such a session is removed.
pub const MOST_LINES: usize = 16;

/// A walk from a checkpoint to those that lead to it, the newest first.
///
/// Each step looks at the index as it is by then. So who marks what is damaged on the way is led around it, also
/// where that leaves nothing of a whole run.
#[derive(Clone, Debug)]
pub struct LineWalk {
    /// The run that it goes through, and up to which number that is left to do.
    run: Option<CheckpointId>,
    /// The places where it continues after that.
    waiting: VecDeque<Named>,
    /// And then, the next part last: where runs set out from that have come to nothing.
    later: Vec<Named>,
    seen: HashSet<RunId>,
}

/// Checkpoints that are named somewhere.
#[derive(Clone, Copy, Debug)]
enum Named {
    One(CheckpointId),
    /// The ancestors of a run, from this place on.
    Ancestors(RunId, usize),
}

impl LineWalk {
    /// Begins with this checkpoint.
    pub fn from(newest: CheckpointId) -> Self {
        let waiting = VecDeque::from([Named::One(newest)]);
        Self { run: None, waiting, later: Vec::new(), seen: HashSet::new() }
    }

    /// The next checkpoint; `None` if there are no more.
    pub fn next(&mut self, index: &SessionIndex) -> Option<CheckpointId> {
        loop {
            #[cfg(test)]
            count_step();
            if let Some(through) = self.run.take()
                && let Some(run) = index.runs.get(&through.run)
            {
                let next = run.checkpoints_up_to(through.counter).next();
                let before = next.and_then(|id| id.counter.checked_sub(1));
                match before {
                    Some(counter) => self.run = Some(CheckpointId { counter, ..through }),
                    None => self.leave(run, index),
                }
                if next.is_some() {
                    return next;
                }
            }
            let named = self.next_named(index)?;
            // Ancestors are named by each of their descendants.
            self.run = Some(named).filter(|named| self.seen.insert(named.run));
        }
    }

    fn next_named(&mut self, index: &SessionIndex) -> Option<CheckpointId> {
        loop {
            match self.waiting.pop_front().or_else(|| self.later.pop())? {
                Named::One(id) => return Some(id),
                Named::Ancestors(run, place) => {
                    if let Some(id) = ancestors_of(index, run, place).first() {
                        self.waiting.push_front(Named::Ancestors(run, place + 1));
                        return Some(*id);
                    }
                }
            }
        }
    }

    /// Notes the checkpoint that a run continues from.
    fn leave(&mut self, run: &Run, index: &SessionIndex) {
        let ancestors = Named::Ancestors(run.id, 0);
        if let Some(head) = run.head_taken_up() {
            self.later.push(ancestors);
            self.waiting.push_front(Named::One(*head));
            return;
        }
        // Nearly always they are those that follow anyway, and there may be thousands.
        let follows = match self.waiting.front() {
            Some(Named::Ancestors(other, place)) => {
                ancestors_of(index, *other, *place) == run.lineage.ancestors
            }
            _ => false,
        };
        if !follows {
            self.waiting.push_back(ancestors);
        }
    }
}

fn ancestors_of(index: &SessionIndex, run: RunId, place: usize) -> &[CheckpointId] {
    let run = index.runs.get(&run);
    run.and_then(|run| run.lineage.ancestors.get(place..)).unwrap_or_default()
}

impl SessionIndex {
    /// The checkpoints that lead to `head`, itself included, the newest first.
    pub fn line(&self, head: CheckpointId) -> Vec<CheckpointId> {
        let mut walk = LineWalk::from(head);
        std::iter::from_fn(|| walk.next(self)).collect()
    }

    /// One checkpoint for each run on the line of `checkpoint`: itself, then the one that its run set
    /// out from, and so on.
    pub fn ancestry(&self, checkpoint: CheckpointId) -> Vec<CheckpointId> {
        let mut ancestry = self.line(checkpoint);
        ancestry.dedup_by_key(|id| id.run);
        ancestry
    }

    /// The newest checkpoint on the line of `head` that isn't known to be damaged.
    pub fn newest_intact(&self, head: CheckpointId) -> Option<super::Plan> {
        let mut walk = LineWalk::from(head);
        std::iter::from_fn(|| walk.next(self)).find_map(|id| self.plan(id))
    }

    /// The checkpoints on the lines of these, found in one walk through all of them.
    pub fn lines(&self, ends: impl IntoIterator<Item = CheckpointId>) -> Lines {
        let mut lines = Lines::default();
        let mut waiting: Vec<CheckpointId> = ends.into_iter().collect();
        while let Some(named) = waiting.pop() {
            #[cfg(test)]
            count_step();
            let is_new = !lines.0.contains_key(&named.run);
            lines.reach(named);
            if let Some(run) = self.runs.get(&named.run).filter(|_| is_new) {
                waiting.extend(run.goes_on_from());
            }
        }
        lines
    }
}

/// The checkpoints on some lines: of each run everything up to a number.
#[derive(Clone, Debug, Default)]
pub struct Lines(HashMap<RunId, u64>);

impl Lines {
    /// Adds everything of a run up to this checkpoint.
    pub(super) fn reach(&mut self, id: CheckpointId) {
        let through = self.0.entry(id.run).or_insert(id.counter);
        *through = id.counter.max(*through);
    }

    /// Returns true if a checkpoint is on one of them.
    pub fn contain(&self, id: CheckpointId) -> bool {
        self.0.get(&id.run).is_some_and(|through| *through >= id.counter)
    }
}

#[cfg(test)]
std::thread_local! {
    static STEPS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
pub(super) fn count_step() {
    STEPS.set(STEPS.get() + 1);
}

/// Counts the steps along lines that something takes, and the heads that statements are held against.
#[cfg(test)]
pub fn steps_of<T>(something: impl FnOnce() -> T) -> (T, usize) {
    let before = STEPS.get();
    let done = something();
    (done, STEPS.get() - before)
}
