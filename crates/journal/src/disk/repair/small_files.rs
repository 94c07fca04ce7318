//! Attachments and slots, which are kept whole or not at all.

use std::path::Path;

use super::choosing::name_of;
use super::copying::Copied;
use super::{Fate, RepairError, RepairedFile, RepairedKind};
use crate::disk::{Disk, SlotFile, StoredSession, slots_in, with_sources};
use crate::model::ids::{CheckpointId, SessionId};

/// The attachments beside the segments.
pub(super) fn attachments(disk: &dyn Disk, stored: &StoredSession) -> Vec<(RepairedFile, Copied)> {
    let checked = stored.check_attachments(disk).into_iter();
    let file = checked.map(|(path, read)| {
        // One that can't be read again was removed meanwhile.
        let bytes = disk.open(&path).and_then(|file| file.len()).unwrap_or_default();
        let error = read.err().map(|error| with_sources(&error));
        whole_or_lost(disk, &path, RepairedKind::Attachment, bytes, error, Vec::new())
    });
    file.collect()
}

/// The slots of a session. One whose header can't be read may be of any.
pub(super) fn slots(
    disk: &dyn Disk,
    directory: &Path,
    session: SessionId,
) -> Result<Vec<(RepairedFile, Copied)>, RepairError> {
    let slots = slots_in(disk, directory)?.into_iter();
    let file = slots.filter_map(|slot| match slot {
        Ok(slot) if slot.header.session == session => Some(slot_file(disk, &slot)),
        Ok(_) => None,
        Err(unread) => Some((
            RepairedFile {
                name: name_of(&unread.path),
                kind: RepairedKind::Slot,
                bytes: unread.bytes,
                fate: Fate::LeftOut,
                problems: Vec::new(),
                error: Some(with_sources(&unread.error)),
                lost: Vec::new(),
            },
            Copied::Nothing,
        )),
    });
    Ok(file.collect())
}

fn slot_file(disk: &dyn Disk, slot: &SlotFile) -> (RepairedFile, Copied) {
    let checkpoint = CheckpointId { run: slot.header.run, counter: slot.slot.counter };
    let mut stored = StoredSession::of_file(disk, &slot.path, slot.header.session);
    let (error, lost) = match stored.verified_plan(checkpoint) {
        Ok(Some(_)) => (None, Vec::new()),
        Ok(None) => (Some("its checkpoint is damaged".to_owned()), vec![checkpoint]),
        Err(error) => (Some(with_sources(&error)), vec![checkpoint]),
    };
    whole_or_lost(disk, &slot.path, RepairedKind::Slot, slot.bytes, error, lost)
}

fn whole_or_lost(
    disk: &dyn Disk,
    path: &Path,
    kind: RepairedKind,
    bytes: u64,
    error: Option<String>,
    lost: Vec<CheckpointId>,
) -> (RepairedFile, Copied) {
    let copied = match (&error, disk.open(path)) {
        (None, Ok(file)) => Copied::File { path: path.to_owned(), file },
        _ => Copied::Nothing,
    };
    let fate = if error.is_none() { Fate::Whole } else { Fate::Lost };
    let (name, problems) = (name_of(path), Vec::new());
    (RepairedFile { name, kind, bytes, fate, problems, error, lost }, copied)
}
