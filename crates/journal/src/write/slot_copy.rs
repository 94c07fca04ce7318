//! Writes one slot: from bytes, a frame at a time, into a new file that then takes its place.

use std::ops::ControlFlow::{self, Break, Continue};
use std::path::{Path, PathBuf};

use super::group_copy::{CopyFailure, GroupCopy};
use super::open_segment::{OpenSegment, Preamble, WriteFailure};
use super::slices::SLICE_BYTES;
use crate::disk::{DirectoryStore, StoreError, StoredSession};
use crate::format::{
    Block, Commit, FileKind, FrameKind, Lineage, Plan, ReadError, SegmentHeader, SlotHeader,
};
use crate::model::ids::{CheckpointId, random_u64};
use crate::model::session::{SessionMetadata, SlotError};
use crate::read::recovery::{ABOUT_SESSION, CLOCK};

/// A slot that is being written.
pub(super) struct SlotCopy {
    copy: Box<GroupCopy>,
    place: PathBuf,
}

impl From<CopyFailure> for SlotError {
    fn from(failure: CopyFailure) -> Self {
        match failure {
            CopyFailure::Read(ReadError::Damaged { path, .. }) => Self::Damaged { path },
            CopyFailure::Read(error) => Self::Unreadable(error.into()),
            CopyFailure::Store(error @ StoreError::Header { .. }) => Self::TooLarge(error.into()),
            CopyFailure::Store(error) => Self::Disk(error.into()),
            CopyFailure::Write(error @ (WriteFailure::Encode(_) | WriteFailure::Full { .. })) => {
                Self::TooLarge(error.into())
            }
            CopyFailure::Write(error) => Self::Disk(error.into()),
        }
    }
}

/// The checkpoint to copy.
pub(super) struct SlotSource {
    pub stored: StoredSession,
    pub checkpoint: CheckpointId,
    /// The metadata in the new file.
    pub metadata: SessionMetadata,
    /// The header of the run that took the checkpoint.
    pub header: SegmentHeader,
    /// And all that the run says about where it comes from.
    pub lineage: Lineage,
    /// The frames before the checkpoint: those that this version doesn't know, and attachments.
    pub frames: Vec<(FrameKind, Vec<u8>)>,
    /// True if the checkpoint's facts about its session are left out, but for the clocks of the world.
    pub world_alone: bool,
}

impl SlotSource {
    /// The header of the slot.
    pub(super) fn header(&self, slot: SlotHeader, created: jiff::Timestamp) -> SegmentHeader {
        let Lineage { ancestors, supersedes, .. } = self.lineage.in_header();
        SegmentHeader {
            ancestors,
            supersedes,
            segment: 0,
            nonce: random_u64(),
            predecessor: None,
            base: None,
            created,
            metadata: self.metadata.clone(),
            kind: FileKind::Slot(Box::new(slot)),
            ..self.header.clone()
        }
    }
}

impl SlotCopy {
    /// Begins to copy what `plan` leads to.
    pub(super) fn begin(
        store: &DirectoryStore,
        source: &SlotSource,
        plan: &Plan,
        commit: Commit,
        header: &SegmentHeader,
        place: PathBuf,
    ) -> Result<Self, CopyFailure> {
        let world_alone = source.world_alone;
        let is_left_out = move |block: &Block| {
            let path = &*block.type_path;
            world_alone && path != CLOCK && ABOUT_SESSION.contains(&path)
        };
        let blocks = source.stored.blocks(plan)?;
        let blocks = blocks.filter(move |block| !block.as_ref().is_ok_and(is_left_out));
        let created = store.slots().create(header, &place)?;
        let path = created.path.clone();
        let preamble = Preamble {
            lineage: &source.lineage.in_records(),
            unknown_frames: &source.frames,
            status: None,
        };
        match OpenSegment::of(created, 0, preamble) {
            Ok(segment) => Ok(Self { copy: GroupCopy::begin(blocks, segment, commit), place }),
            Err(failure) => {
                let _ = store.remove_segment(&path);
                Err(failure.into())
            }
        }
    }

    /// Copies the next slice; after the last one, makes the slot durable and puts it in its place. Returns its bytes
    /// then. If anything fails, the new file is removed, and the old one stays in its place.
    pub(super) fn step(
        self,
        store: &DirectoryStore,
    ) -> Result<ControlFlow<u64, Box<Self>>, CopyFailure> {
        let Self { copy, place } = self;
        match copy.step(store, SLICE_BYTES, |segment| complete(segment, &place, store))? {
            Continue(copy) => Ok(Continue(Box::new(Self { copy, place }))),
            Break(bytes) => Ok(Break(bytes)),
        }
    }
}

/// Makes a slot durable, and puts it in its place. Returns its bytes.
fn complete(
    mut segment: OpenSegment,
    place: &Path,
    store: &DirectoryStore,
) -> Result<u64, CopyFailure> {
    let written = segment.path().to_path_buf();
    segment.sync(store)?;
    let bytes = segment.durable_end().map_or(0, |(_, end)| end.length);
    // Some systems don't rename what is open.
    drop(segment);
    store.slots().put_in_place(&written, place)?;
    Ok(bytes)
}
