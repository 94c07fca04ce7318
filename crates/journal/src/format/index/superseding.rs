//! The segments that keep it known that a run was superseded.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::line::Lines;
use super::run::Run;
use super::{Plan, SegmentSummary, SessionIndex};
use crate::format::Record;
use crate::model::ids::{CheckpointId, RunId};

impl SessionIndex {
    /// Segments without which a run that is among those that are kept would be a head again, since no other
    /// takes its place; at least one of them isn't kept yet.
    ///
    /// The runs that end a line name all others that were there when they began. A cloud may bring
    /// another one later, which only a run knows of that was superseded itself.
    pub fn last_to_supersede(&self, kept: &BTreeSet<usize>) -> Option<BTreeSet<usize>> {
        let (id, counter) = self.comes_back(kept)?;
        let covers = |seen: &CheckpointId| seen.run == id && seen.counter >= counter;
        self.segments.iter().enumerate().find_map(|(place, segment)| {
            let run = self.runs.get(&segment.header.run).filter(|run| run.id != id)?;
            let has_committed = checkpoints_in(segment).next().is_some();
            if !has_committed || !run.takes_the_place_of().any(covers) {
                return None;
            }
            let mut needed = self.segments_of_newest(run);
            needed.insert(place);
            (named_in(segment).any(|seen| covers(&seen)) && !needed.is_subset(kept))
                .then_some(needed)
        })
    }

    /// The checkpoints by which it is known that the checkpoints on no line were left: of each run that alone takes the
    /// place of something, its newest that isn't known to be damaged, unless one of it was read.
    ///
    /// Without them nothing may go for the sake of that run: it may have come to nothing.
    pub fn witnesses(&self) -> Vec<Plan> {
        let lines = self.lines(self.heads().iter().map(|head| head.id));
        let mut covered = Lines::default();
        let verified = self.runs.values().filter(|run| run.is_verified());
        let confirmed: HashSet<RunId> = verified
            .flat_map(|run| run.lineage.ancestors.iter().map(|it| it.run).chain([run.id]))
            .collect();
        for run in self.runs.values().filter(|run| confirmed.contains(&run.id)) {
            let seen = run.takes_the_place_of().filter(|seen| seen.run != run.id);
            seen.for_each(|seen| covered.reach(*seen));
        }
        let mut left: HashMap<RunId, CheckpointId> = HashMap::new();
        let ends = self.runs.values().filter_map(Run::newest);
        left.extend(
            ends.filter(|end| !lines.contain(*end) && !covered.contain(*end))
                .map(|end| (end.run, end)),
        );
        let mut witnesses = Vec::new();
        for run in self.runs.values().filter(|run| !confirmed.contains(&run.id)) {
            let before = left.len();
            for seen in run.takes_the_place_of().filter(|seen| seen.run != run.id) {
                if left.get(&seen.run).is_some_and(|end| end.counter <= seen.counter) {
                    left.remove(&seen.run);
                }
            }
            if left.len() < before && !run.has_come_to_nothing() {
                witnesses.extend(self.newest_of(run));
            }
        }
        witnesses
    }

    /// A run that would be a head again if only these segments were left, and its newest checkpoint.
    fn comes_back(&self, kept: &BTreeSet<usize>) -> Option<(RunId, u64)> {
        let remaining: Vec<&SegmentSummary> =
            kept.iter().filter_map(|place| self.segments.get(*place)).collect();
        let mut newest: HashMap<RunId, u64> = HashMap::new();
        for (run, counter) in remaining.iter().flat_map(|segment| checkpoints_in(segment)) {
            let known = newest.entry(run).or_insert(counter);
            *known = counter.max(*known);
        }
        let committed: HashSet<RunId> =
            remaining.iter().flat_map(|segment| runs_in(segment)).collect();
        let mut speaking: HashSet<RunId> = HashSet::new();
        for run in self.runs.values().filter(|run| run.is_at_hand_in(kept)) {
            speaking.insert(run.id);
            speaking.extend(run.lineage.ancestors.iter().map(|ancestor| ancestor.run));
        }
        let mut covered = Lines::default();
        for segment in remaining.iter().filter(|it| committed.contains(&it.header.run)) {
            let own = segment.header.run;
            let on_line = segment.header.ancestors.iter().chain(segment.header.supersedes.first());
            let on_line = on_line.copied().filter(|_| !speaking.contains(&own));
            let all = named_in(segment).filter(|_| speaking.contains(&own));
            on_line.chain(all).filter(|seen| seen.run != own).for_each(|seen| covered.reach(seen));
        }
        newest.into_iter().find(|(run, counter)| {
            let is_head = self.heads().iter().any(|head| head.id.run == *run);
            !is_head && !covered.contain(CheckpointId { run: *run, counter: *counter })
        })
    }

    fn segments_of_newest(&self, run: &Run) -> BTreeSet<usize> {
        let groups = self.newest_of(run).map(|plan| plan.groups).unwrap_or_default();
        groups.into_iter().map(|group| group.segment).collect()
    }

    /// The newest checkpoint of a run that isn't known to be damaged, or else of one that set out from it.
    fn newest_of(&self, run: &Run) -> Option<Plan> {
        let newest = |run: &Run| {
            let mut ids = run.checkpoints_up_to(u64::MAX);
            ids.find_map(|id| self.plan(id))
        };
        let is_descendant =
            |other: &&Run| other.lineage.ancestors.iter().any(|it| it.run == run.id);
        newest(run).or_else(|| self.runs.values().filter(is_descendant).find_map(newest))
    }
}

/// The checkpoints of a segment's own run in it; none for an archive.
fn checkpoints_in(segment: &SegmentSummary) -> impl Iterator<Item = (RunId, u64)> {
    let is_own = !segment.header.is_archive();
    let groups = segment.scan.groups.iter().map(|group| group.commit.counter);
    let broken = segment.scan.broken.iter().map(|group| group.commit.counter);
    groups.chain(broken).filter(move |_| is_own).map(|counter| (segment.header.run, counter))
}

/// The runs that have committed something that is in a file.
fn runs_in(segment: &SegmentSummary) -> impl Iterator<Item = RunId> {
    let groups = segment.scan.groups.iter().map(|group| &group.commit);
    let commits = groups.chain(segment.scan.broken.iter().map(|group| &group.commit));
    commits.filter_map(|commit| match (segment.header.is_archive(), &commit.origin) {
        (false, _) => Some(segment.header.run),
        (true, origin) => origin.as_ref().map(|origin| origin.run),
    })
}

/// The checkpoints that a segment's run takes the place of, by its header and records.
pub(super) fn named_in(segment: &SegmentSummary) -> impl Iterator<Item = CheckpointId> {
    let header = segment.header.ancestors.iter().chain(&segment.header.supersedes);
    let records = segment.scan.records.iter().flat_map(|(_, record)| match record {
        Record::Lineage { ancestors, supersedes } => ancestors.iter().chain(supersedes),
        _ => [].iter().chain(&[]),
    });
    header.chain(records).copied()
}
