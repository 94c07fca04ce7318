//! The origin of a run, and the runs that it takes the place of.

use std::collections::HashSet;

use super::Record;
use crate::model::ids::CheckpointId;

/// Checkpoints of either kind that a header names. All others are in records, so that a header stays
/// small however many runs there were, and one read of its file's beginning is enough for a listing.
const NAMED_IN_HEADER: usize = 64;
/// Checkpoints of either kind in one record.
const NAMED_IN_RECORD: usize = 4096;

/// The origin of a run, and the runs that it takes the place of.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lineage {
    /// The checkpoint that the run set out from, then the one that its run had set out from, and so
    /// on.
    pub ancestors: Vec<CheckpointId>,
    /// The newest checkpoints of the runs that it takes the place of. Those that are on its own line
    /// need not be named.
    pub supersedes: Vec<CheckpointId>,
    /// True if copies of the session went to this device, or may go from it. Then it names those checkpoints as well that
    /// are only on other devices.
    pub is_shared: bool,
}

impl Lineage {
    /// Checkpoints of either kind that are carried on from one run to the next though they aren't here: the nearest.
    const CARRIED: usize = 1000;

    /// Adds the checkpoints that runs on the line name and that aren't here. Another device may have them.
    pub(super) fn carry<'a>(&mut self, line: impl Iterator<Item = &'a Self>) {
        let mut known = KnownLineage::of(self);
        let (ancestors, supersedes) = (self.ancestors.len(), self.supersedes.len());
        for lineage in line {
            known.teach(self, &lineage.ancestors, &lineage.supersedes);
        }
        self.ancestors.truncate(ancestors + Self::CARRIED);
        self.supersedes.truncate(supersedes + Self::CARRIED);
        self.is_shared = true;
    }

    /// The part of it that is in the header: the nearest.
    pub fn in_header(&self) -> Self {
        let (ancestors, supersedes) = (nearest(&self.ancestors), nearest(&self.supersedes));
        Self { ancestors, supersedes, ..*self }
    }

    /// The part that has no room in the header, as records that follow it.
    pub fn in_records(&self) -> Vec<Record> {
        let beyond = |checkpoints: &'_ [CheckpointId]| -> Vec<Vec<CheckpointId>> {
            let beyond = checkpoints.get(NAMED_IN_HEADER..).unwrap_or_default();
            beyond.chunks(NAMED_IN_RECORD).map(<[CheckpointId]>::to_vec).collect()
        };
        let (ancestors, supersedes) = (beyond(&self.ancestors), beyond(&self.supersedes));
        let count = ancestors.len().max(supersedes.len());
        let mut ancestors = ancestors.into_iter();
        let mut supersedes = supersedes.into_iter();
        let records = (0..count).map(|_| Record::Lineage {
            ancestors: ancestors.next().unwrap_or_default(),
            supersedes: supersedes.next().unwrap_or_default(),
        });
        records.collect()
    }

    /// Adds further checkpoints that a run names. Every segment of a run names the same, unless some of it is damaged.
    pub fn learn(&mut self, ancestors: &[CheckpointId], supersedes: &[CheckpointId]) {
        let mut known = KnownLineage::of(self);
        known.teach(self, ancestors, supersedes);
    }

    /// Everything that it names.
    pub fn named(&self) -> impl Iterator<Item = CheckpointId> {
        self.ancestors.iter().chain(&self.supersedes).copied()
    }
}

/// As many as a header has room for, the first ones first.
pub fn nearest(checkpoints: &[CheckpointId]) -> Vec<CheckpointId> {
    checkpoints.iter().take(NAMED_IN_HEADER).copied().collect()
}

/// The checkpoints that a lineage names already, to put it together from many parts: adding one takes the same time,
/// however many there were before.
#[derive(Clone, Debug, Default)]
pub struct KnownLineage {
    ancestors: HashSet<CheckpointId>,
    supersedes: HashSet<CheckpointId>,
}

impl KnownLineage {
    fn of(lineage: &Lineage) -> Self {
        Self {
            ancestors: lineage.ancestors.iter().copied().collect(),
            supersedes: lineage.supersedes.iter().copied().collect(),
        }
    }

    /// Lets a lineage learn what it doesn't name yet.
    pub fn teach(
        &mut self,
        lineage: &mut Lineage,
        ancestors: &[CheckpointId],
        supersedes: &[CheckpointId],
    ) {
        let new = ancestors.iter().copied().filter(|id| self.ancestors.insert(*id));
        lineage.ancestors.extend(new);
        let new = supersedes.iter().copied().filter(|id| self.supersedes.insert(*id));
        lineage.supersedes.extend(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::SegmentHeader;
    use crate::format::sample::{SegmentBytes, at, header};
    use crate::model::ids::limits;

    fn runs(numbers: std::ops::Range<u64>) -> Vec<CheckpointId> {
        numbers.map(|number| at(number, u64::MAX - number)).collect()
    }

    #[test]
    fn lineage_beyond_the_header_is_kept_in_records_in_order() {
        for (ancestors, supersedes) in [(0, 0), (64, 65), (3000, 10), (10_000, 20_000)] {
            let lineage = Lineage {
                ancestors: runs(0..ancestors),
                supersedes: runs(50_000..50_000 + supersedes),
                is_shared: false,
            };
            let Lineage { ancestors, supersedes, .. } = lineage.in_header();
            let header = SegmentHeader { ancestors, supersedes, ..header(1, 0) };
            let mut bytes = SegmentBytes::new(&header);
            assert!(bytes.bytes.len() < limits::HEADER_BYTES / 8, "{}", bytes.bytes.len());
            for record in lineage.in_records() {
                bytes.record(&record);
            }

            let segment = bytes.segment();
            let mut read = Lineage::default();
            read.learn(&segment.header().ancestors, &segment.header().supersedes);
            for (_, record) in segment.scan().unwrap().records {
                let Record::Lineage { ancestors, supersedes } = record else {
                    panic!("{record:?}");
                };
                read.learn(&ancestors, &supersedes);
            }
            assert_eq!(read, lineage);
            read.learn(&lineage.ancestors, &lineage.supersedes);
            assert_eq!(read, lineage, "what is known already adds nothing");
        }
    }
}
