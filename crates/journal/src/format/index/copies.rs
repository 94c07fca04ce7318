//! Copies that came from other devices.

use std::collections::{BTreeMap, HashSet};

use super::SegmentSummary;
use super::head::superseded_by;
use super::run::Run;
use crate::format::SegmentHeader;
use crate::model::ids::{CheckpointId, RunId};

/// The checkpoint that another device made a copy of with this header; `None` if it is no copy.
pub fn original_in(header: &SegmentHeader) -> Option<CheckpointId> {
    header.ancestors.first().copied().filter(|_| header.is_copied())
}

/// The copies of moments that another line has as well, or took the place of.
///
/// A copy and what was played on from its original don't name each other, and would look like a fork.
pub fn superseded<'a>(
    runs: impl Iterator<Item = &'a Run> + Clone,
    segments: &[SegmentSummary],
) -> HashSet<RunId> {
    let original = |run: &Run| {
        let place = run.segments.first()?;
        original_in(&segments.get(*place)?.header)
    };
    let copies: BTreeMap<RunId, (&Run, CheckpointId)> =
        runs.clone().filter_map(|run| Some((run.id, (run, original(run)?)))).collect();
    if copies.is_empty() {
        return HashSet::new();
    }
    let played = runs.filter(|run| !copies.contains_key(&run.id));
    let mut known = superseded_by(played.clone());
    played.filter_map(Run::newest).for_each(|newest| known.reach(newest));
    let named: Vec<_> =
        copies.values().map(|(run, of)| (run.id, *of, superseded_by([*run]))).collect();
    let is_newer = |copy: (CheckpointId, RunId), than: (CheckpointId, RunId)| {
        copy.0.run != than.0.run || (copy.0.counter, copy.1) > (than.0.counter, than.1)
    };
    let is_superseded = |id: RunId, of: CheckpointId| {
        known.contain(of)
            || named.iter().any(|(other, other_of, names)| {
                *other != id && names.contain(of) && is_newer((*other_of, *other), (of, id))
            })
    };
    let superseded = copies.iter().filter(|(id, (_, of))| is_superseded(**id, *of));
    superseded.map(|(id, _)| *id).collect()
}
