//! A checkpoint as the file of a slot, in memory.

use std::ops::ControlFlow::{Break, Continue};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::group_copy::CopyFailure;
use super::slot_begin::hand_on;
use super::slot_copy::{SlotCopy, SlotSource};
use crate::disk::{DirectoryStore, Disk, Layout, MemoryDisk, StoredSession};
use crate::format::{Commit, Plan, SlotHeader};
use crate::model::ids::CheckpointId;
use crate::model::session::SlotError;
use crate::read::report::MOST_SLOT_BYTES;

/// A checkpoint as the file of a slot of this game, `studio/game`. Nothing is changed.
///
/// # Errors
///
/// [`SlotError`] if the checkpoint isn't there, can't be read, or is too large to be held in memory.
pub fn slot_bytes(
    disk: &dyn Disk,
    stored: &StoredSession,
    checkpoint: CheckpointId,
    game: &str,
) -> Result<Vec<u8>, SlotError> {
    let index = stored.index();
    let there = index.as_snapshot(checkpoint).filter(|_| !index.is_without_world(checkpoint));
    let (plan, commit) = there.ok_or(SlotError::CheckpointNotSaved)?;
    let (source, slot) = hand_on(disk, stored.clone(), checkpoint, game)?;
    let mut copying = CopyToMemory::begin(&source, slot, (plan, commit), Timestamp::UNIX_EPOCH)?;
    loop {
        match copying.step()? {
            Continue(more) => copying = *more,
            Break(bytes) => return Ok(bytes),
        }
    }
}

/// A checkpoint that is being copied into memory.
pub(super) struct CopyToMemory {
    memory: MemoryDisk,
    store: DirectoryStore,
    place: PathBuf,
    copy: Box<SlotCopy>,
}

impl CopyToMemory {
    pub(super) fn begin(
        source: &SlotSource,
        slot: SlotHeader,
        (plan, commit): (Plan, Commit),
        now: Timestamp,
    ) -> Result<Self, CopyFailure> {
        let header = source.header(slot, now);
        let memory = MemoryDisk::default();
        memory.leave_room_for(MOST_SLOT_BYTES);
        let layout = Layout { data: "data".into(), state: "state".into(), profile: String::new() };
        let place = layout.slots().join("checkpoint.save");
        let store = DirectoryStore::new(Arc::new(memory.clone()), layout);
        let copy = SlotCopy::begin(&store, source, &plan, commit, &header, place.clone())?;
        Ok(Self { memory, store, place, copy: Box::new(copy) })
    }

    /// Copies the next slice. The bytes of the file, after the last one.
    pub(super) fn step(self) -> Result<std::ops::ControlFlow<Vec<u8>, Box<Self>>, CopyFailure> {
        let Self { memory, store, place, copy } = self;
        match copy.step(&store)? {
            Continue(copy) => Ok(Continue(Box::new(Self { memory, store, place, copy }))),
            Break(_) => Ok(Break(memory.content(&place).unwrap_or_default())),
        }
    }
}
