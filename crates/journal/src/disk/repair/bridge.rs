//! A run that continues from the newest checkpoint that can be restored, if that would not be the newest without it.
//!
//! Of a session that was continued in two places, the line that is meant may have lost its end, so that the other one
//! has the higher numbers in the copy; and of a run that went back, all but what an archive holds may be lost. So a run
//! is written that continues from the checkpoint as if the session had been resumed there: its first checkpoint is the
//! same moment under the next number.

use crate::disk::StoredSession;
use crate::format::{Begun, Commit, FileKind, Lineage, Plan, SegmentHeader};
use crate::model::clock;
use crate::model::ids::{CheckpointId, RunId, random_u64};

/// The run, and the checkpoint that it begins with.
pub(super) struct Bridge {
    pub header: SegmentHeader,
    pub lineage: Lineage,
    pub plan: Plan,
    pub commit: Commit,
}

impl Bridge {
    /// A run that sets out from a checkpoint, and takes the place of all that is there.
    pub fn to(stored: &StoredSession, checkpoint: CheckpointId) -> Option<Self> {
        let index = stored.index();
        let head = index.newest_head()?;
        let (plan, commit) = index.as_snapshot(checkpoint)?;
        let lineage = index.lineage_from(checkpoint, head.id);
        let Lineage { ancestors, supersedes, .. } = lineage.in_header();
        let header = SegmentHeader {
            run: RunId(random_u64()),
            ancestors,
            supersedes,
            begun: lineage.is_shared.then(|| Begun::unplayed(index.begun(checkpoint))),
            segment: 0,
            nonce: random_u64(),
            predecessor: None,
            base: None,
            created: clock::timestamp(),
            metadata: head.metadata.clone(),
            kind: FileKind::Segment,
            ..index.header_of(checkpoint)?
        };
        let next_save_id = index.commits().map(|(_, commit)| commit.next_save_id).max()?;
        let counter = index.newest_counter() + 1;
        let commit = Commit { counter, origin: None, next_save_id, ..commit };
        Some(Self { header, lineage, plan, commit })
    }

    /// The checkpoint's id.
    pub fn checkpoint(&self) -> CheckpointId {
        CheckpointId { run: self.header.run, counter: self.commit.counter }
    }
}
