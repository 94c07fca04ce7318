//! The checkpoints that were deleted with a session, apart from those that came later from another device.

use super::line::Lines;
use super::run::Run;
use super::superseding::named_in;
use super::{SegmentSummary, SessionIndex};
use crate::format::{Lineage, Record};
use crate::model::ids::CheckpointId;

/// The checkpoints that were there when a session was deleted.
#[derive(Default)]
pub struct Deleted {
    lines: Lines,
    /// The number up to which everything goes, if only heads are named; `u64::MAX` if nothing is.
    through: Option<u64>,
}

impl Deleted {
    /// Reads it from these segments; `None` if the session isn't being deleted.
    pub fn of(segments: &[SegmentSummary]) -> Option<Self> {
        let mut deletions = segments.iter().filter(|segment| {
            segment.scan.records.iter().any(|(_, record)| matches!(record, Record::Forgotten))
        });
        let first = deletions.next()?;
        let mut deleted = Self::default();
        for segment in std::iter::once(first).chain(deletions) {
            if segment.header.ancestors.is_empty() {
                let newest = named_in(segment).map(|named| named.counter).max();
                deleted.through = deleted.through.max(Some(newest.unwrap_or(u64::MAX)));
            }
            named_in(segment).for_each(|named| deleted.lines.reach(named));
        }
        Some(deleted)
    }

    /// Says whether a checkpoint is one of them.
    pub fn covers(&self, id: CheckpointId) -> bool {
        self.lines.contain(id) || self.through.is_some_and(|through| through >= id.counter)
    }
}

impl SessionIndex {
    /// Returns true if the session is being deleted, and nothing came after that.
    pub fn is_forgotten(&self) -> bool {
        let deleted = Deleted::of(&self.segments);
        deleted.is_some_and(|deleted| self.heads().iter().all(|head| deleted.covers(head.id)))
    }

    /// The lineage that a deletion names: the heads, and the newest checkpoints of all runs, so that what is left of them
    /// halfway isn't taken for something that came later.
    pub fn lineage_of_deletion(&self) -> Lineage {
        Lineage {
            ancestors: self.runs.values().filter_map(Run::newest_anywhere).collect(),
            supersedes: self.heads().iter().map(|head| head.id).collect(),
            is_shared: false,
        }
    }
}
