//! Which files keep it known that a run was superseded.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{SegmentSummary, SessionIndex};
use crate::ids::{CheckpointId, RunId};
use crate::journal::Record;

impl SessionIndex {
    /// A segment that isn't among those that are kept and without which a run that is would be a head
    /// again, since no other names it.
    ///
    /// The runs that end a line name all others that were there when they began. A cloud may bring
    /// another one later, which only a run knows of that was superseded itself.
    pub fn last_to_supersede(&self, kept: &BTreeSet<usize>) -> Option<usize> {
        let remaining: Vec<&SegmentSummary> =
            kept.iter().filter_map(|place| self.segments.get(*place)).collect();
        let committed: HashSet<RunId> =
            remaining.iter().flat_map(|segment| runs_in(segment)).collect();
        let mut newest: HashMap<RunId, u64> = HashMap::new();
        let mut superseded: HashMap<RunId, u64> = HashMap::new();
        for segment in remaining {
            for (run, counter) in checkpoints_in(segment) {
                note(&mut newest, run, counter);
            }
            if committed.contains(&segment.header.run) {
                for seen in named_in(segment).filter(|seen| seen.run != segment.header.run) {
                    note(&mut superseded, seen.run, seen.counter);
                }
            }
        }
        let comes_back = newest.into_iter().find(|(run, counter)| {
            let is_head = self.heads.iter().any(|head| head.id.run == *run);
            !is_head && superseded.get(run).is_none_or(|through| through < counter)
        });
        let (run, counter) = comes_back?;
        self.segments.iter().enumerate().position(|(place, segment)| {
            let is_of_another = segment.header.run != run && !kept.contains(&place);
            let has_committed = checkpoints_in(segment).next().is_some();
            let covers = |seen: CheckpointId| seen.run == run && seen.counter >= counter;
            is_of_another && has_committed && named_in(segment).any(covers)
        })
    }
}

fn note(counters: &mut HashMap<RunId, u64>, run: RunId, counter: u64) {
    let known = counters.entry(run).or_insert(counter);
    *known = counter.max(*known);
}

/// The checkpoints of a segment's own run in it; none for an archive.
fn checkpoints_in(segment: &SegmentSummary) -> impl Iterator<Item = (RunId, u64)> {
    let is_own = !segment.header.archive;
    let groups = segment.scan.groups.iter().map(|group| group.commit.counter);
    let broken = segment.scan.broken.iter().map(|group| group.commit.counter);
    groups.chain(broken).filter(move |_| is_own).map(|counter| (segment.header.run, counter))
}

/// The runs that have committed something that is in a file.
fn runs_in(segment: &SegmentSummary) -> impl Iterator<Item = RunId> {
    let groups = segment.scan.groups.iter().map(|group| &group.commit);
    let commits = groups.chain(segment.scan.broken.iter().map(|group| &group.commit));
    commits.filter_map(|commit| match (segment.header.archive, &commit.origin) {
        (false, _) => Some(segment.header.run),
        (true, origin) => origin.as_ref().map(|origin| origin.run),
    })
}

/// What a segment says that its run takes the place of.
fn named_in(segment: &SegmentSummary) -> impl Iterator<Item = CheckpointId> {
    let header = segment.header.ancestors.iter().chain(&segment.header.supersedes);
    let records = segment.scan.records.iter().flat_map(|(_, record)| match record {
        Record::Lineage { ancestors, supersedes } => ancestors.iter().chain(supersedes),
        _ => [].iter().chain(&[]),
    });
    header.chain(records).copied()
}
