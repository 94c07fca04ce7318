//! Merges a segment's snapshot and deltas into the snapshot that the next segment begins with.
//!
//! It works from the bytes on disk, a frame at a time, between the checkpoints. Meanwhile these are written into the
//! old segment; they are kept, so that the new one holds all of them when it takes over.

use std::ops::ControlFlow::{self, Break, Continue};
use std::time::Duration;

use super::group_copy::{CopyFailure, GroupCopy};
use super::open_segment::{OpenSegment, Preamble};
use super::pending::Item;
use super::slices::open_slice;
use crate::disk::{DirectoryStore, SessionOpening, StoredSession};
use crate::format::SegmentHeader;
use crate::model::ids::CheckpointId;

/// The number of checkpoints, or seconds, after which a segment is replaced. Early at first, so that the loss of one
/// file never costs the session; the last step repeats.
const STEPS: [(u32, u64); 4] = [(8, 10), (24, 30), (48, 100), (48, 300)];
/// Checkpoints and records written while merging that are worth carrying over. Beyond, the disk is so slow
/// that merging again later is the better way.
const MAX_KEPT: usize = 48;
/// Checkpoints and records written while merging after which it does twice as much at a time.
const KEPT_UNTIL_HASTE: usize = 8;
/// A step of a merge is one block, since a checkpoint may be waiting.
const ONE_BLOCK: usize = 1;
/// A rotation that failed isn't tried again before this.
const RETRY_AFTER: Duration = Duration::from_secs(60);

/// The schedule by which segments are replaced.
pub(super) struct Schedule {
    step: usize,
    since: Duration,
    checkpoints: u32,
    not_before: Duration,
}

impl Schedule {
    pub(super) fn new(now: Duration) -> Self {
        Self { step: 0, since: now, checkpoints: 0, not_before: Duration::ZERO }
    }

    /// A new segment was begun without a merge.
    pub(super) fn segment_begun(&mut self, now: Duration) {
        self.since = now;
        self.checkpoints = 0;
    }

    pub(super) fn checkpoint_written(&mut self) {
        self.checkpoints += 1;
    }

    /// A merge has begun a new segment, which holds this many checkpoints already.
    pub(super) fn rotated(&mut self, now: Duration, checkpoints: u32) {
        self.step = (self.step + 1).min(STEPS.len() - 1);
        self.since = now;
        self.checkpoints = checkpoints;
    }

    pub(super) fn rotation_failed(&mut self, now: Duration) {
        self.not_before = now + RETRY_AFTER;
    }

    /// Returns true if the segment should be replaced. One that holds nothing but its snapshot never is.
    pub(super) fn is_due(&self, now: Duration) -> bool {
        let Some((checkpoints, seconds)) = STEPS.get(self.step).copied() else { return false };
        let old = now.saturating_sub(self.since) >= Duration::from_secs(seconds);
        let full = self.checkpoints >= checkpoints;
        self.checkpoints > 1 && (full || old) && now >= self.not_before
    }
}

/// The reason that merging was given up.
#[derive(Debug, thiserror::Error)]
pub(super) enum RotationFailure {
    #[error(transparent)]
    Copy(#[from] CopyFailure),
    /// The checkpoint to merge can't be found in the files, or there is no intact way to it.
    #[error("checkpoint {checkpoint} is gone from the session's files")]
    Missing { checkpoint: CheckpointId },
    /// Checkpoints came faster than they could be merged.
    #[error("checkpoints came faster than they could be merged")]
    Outrun,
}

impl RotationFailure {
    /// Returns true if only a full capture helps.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Copy(failure) => failure.is_damage(),
            Self::Missing { .. } => true,
            Self::Outrun => false,
        }
    }
}

/// A merge in progress.
pub(super) struct Rotation {
    /// The number of the new segment.
    segment: u32,
    stage: Stage,
    /// The items that were written since, for the new segment.
    kept: Vec<Item>,
}

enum Stage {
    /// Opens the session. The header is that of the new segment.
    Opening(Box<SegmentHeader>, CheckpointId, SessionOpening),
    Copying(Box<GroupCopy>),
}

/// The rest of the work after a step; or the new segment, and the number of checkpoints that it holds.
pub(super) type Merged = ControlFlow<(OpenSegment, u32), Box<Rotation>>;

impl Rotation {
    /// A merge of everything through checkpoint `through` into a new segment.
    pub(super) fn new(
        store: &DirectoryStore,
        header: SegmentHeader,
        through: CheckpointId,
    ) -> Self {
        let (segment, opening) = (header.segment, store.opening(header.session));
        let stage = Stage::Opening(Box::new(header), through, opening);
        Self { segment, stage, kept: Vec::new() }
    }

    /// The number of the new segment.
    pub(super) fn segment(&self) -> u32 {
        self.segment
    }

    /// The number of steps that are done in one go. It doubles as the kept items approach their limit: a merge that has
    /// begun keeps up with checkpoints that leave it no time.
    pub(super) fn steps_in_a_slice(&self) -> u32 {
        1 << (self.kept.len() / KEPT_UNTIL_HASTE).min(MAX_KEPT / KEPT_UNTIL_HASTE)
    }

    /// Keeps what was written into the old segment.
    pub(super) fn keep(&mut self, item: Item) {
        self.kept.push(item);
    }

    /// Opens a part of the session; then merges the next block; after the last one, completes the new segment and
    /// makes it durable.
    pub(super) fn step(
        mut self,
        store: &DirectoryStore,
        preamble: Preamble<'_>,
    ) -> Result<Merged, RotationFailure> {
        if self.kept.len() > MAX_KEPT {
            self.abandon(store);
            return Err(RotationFailure::Outrun);
        }
        let copy = match self.stage {
            Stage::Copying(copy) => copy,
            Stage::Opening(header, through, mut opening) => {
                let opened = open_slice(&mut opening, store).map_err(CopyFailure::from)?;
                let Some(stored) = opened else {
                    self.stage = Stage::Opening(header, through, opening);
                    return Ok(Continue(Box::new(self)));
                };
                begin_copy(store, &stored, &header, preamble, through)?
            }
        };
        let Self { segment, kept, .. } = self;
        match copy.step(store, ONE_BLOCK, |segment| complete(segment, &kept, store))? {
            Continue(copy) => {
                let stage = Stage::Copying(copy);
                Ok(Continue(Box::new(Self { segment, stage, kept })))
            }
            Break(merged) => Ok(Break(merged)),
        }
    }

    /// Gives the merge up, and removes what was written of it.
    pub(super) fn abandon(self, store: &DirectoryStore) {
        if let Stage::Copying(copy) = self.stage {
            copy.abandon(store);
        }
    }
}

fn begin_copy(
    store: &DirectoryStore,
    stored: &StoredSession,
    header: &SegmentHeader,
    preamble: Preamble<'_>,
    through: CheckpointId,
) -> Result<Box<GroupCopy>, RotationFailure> {
    let Some((plan, commit)) = stored.index().as_snapshot(through) else {
        return Err(RotationFailure::Missing { checkpoint: through });
    };
    let blocks = stored.blocks(&plan).map_err(CopyFailure::from)?;
    let segment = OpenSegment::begin(store, header, preamble).map_err(CopyFailure::from)?;
    Ok(GroupCopy::begin(blocks, segment, commit))
}

/// Appends the kept items to the new segment, and makes it durable. Returns the number of its checkpoints.
fn complete(
    mut segment: OpenSegment,
    kept: &[Item],
    store: &DirectoryStore,
) -> Result<(OpenSegment, u32), CopyFailure> {
    let mut checkpoints = 1;
    for item in kept {
        match item {
            Item::Checkpoint(checkpoint) => {
                segment.append_checkpoint(checkpoint)?;
                checkpoints += 1;
            }
            Item::Record(record) => segment.append_record(record)?,
        }
    }
    segment.sync(store)?;
    Ok((segment, checkpoints))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_first_segment_is_replaced_early_and_later_ones_later() {
        let mut schedule = Schedule::new(Duration::ZERO);
        schedule.checkpoint_written();
        assert!(!schedule.is_due(SECOND * 1000), "a lone snapshot has nothing to merge");
        schedule.checkpoint_written();
        assert!(!schedule.is_due(SECOND * 9));
        assert!(schedule.is_due(SECOND * 10));
        (0..6).for_each(|_| schedule.checkpoint_written());
        assert!(schedule.is_due(SECOND), "eight checkpoints should be enough");
        schedule.rotated(SECOND * 10, 2);
        assert!(!schedule.is_due(SECOND * 39));
        assert!(schedule.is_due(SECOND * 40));
    }

    #[test]
    fn a_failed_rotation_waits() {
        let mut schedule = Schedule::new(Duration::ZERO);
        (0..9).for_each(|_| schedule.checkpoint_written());
        schedule.rotation_failed(SECOND);
        assert!(!schedule.is_due(SECOND * 60));
        assert!(schedule.is_due(SECOND * 61));
    }
}
