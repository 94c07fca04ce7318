//! Reads and decodes a world that a new session begins with.

use std::time::Duration;

use super::event_line::EventsAt;
use super::prepare::{Prepared, next_save_id, read};
use super::{Decode, ReadProgress};
use crate::disk::StoredSession;
use crate::format::{Begun, Lineage};
use crate::model::ids::{CheckpointId, limits};
use crate::model::session::{Chapters, NewSession, RestoreReason, SessionMetadata, SlotError};

/// Makes a checkpoint of another session the beginning of this one. Nothing else of that one comes along: not who
/// played it, how long, and what the game noted about it.
///
/// # Errors
///
/// [`SlotError`] if the checkpoint can't be read.
pub(crate) fn prepare_world<D: Decode>(
    types: &D,
    (mut stored, checkpoint): (StoredSession, CheckpointId),
    (metadata, new): (SessionMetadata, &NewSession),
    progress: &ReadProgress,
) -> Result<Prepared<D::Image>, SlotError> {
    let damaged =
        |stored: &StoredSession| SlotError::Damaged { path: stored.directory().to_path_buf() };
    let commit = stored.index().commit(checkpoint).cloned().ok_or_else(|| damaged(&stored))?;
    let (image, about) = match read(&mut stored, types, checkpoint, progress) {
        Ok(Some(read)) => read,
        Err(error) if !error.is_damage() => return Err(SlotError::Unreadable(error.into())),
        _ => return Err(damaged(&stored)),
    };
    let unknown_frames = stored.carried().map_err(|error| SlotError::Unreadable(error.into()))?;
    Ok(Prepared {
        metadata,
        is_draft: false,
        checkpoint,
        lineage: Lineage::default(),
        begun: Begun::after(None, RestoreReason::BranchedOff, None),
        newest_counter: checkpoint.counter.min(limits::COUNTERS - 1),
        next_save_id: next_save_id(stored.index()),
        kind: commit.kind,
        play_time: Duration::ZERO,
        fields: new.fields.clone(),
        state_changes: Vec::new(),
        chapters: Chapters::default(),
        has_crashed: false,
        clock: about.clock,
        image,
        unknown_frames,
        events: EventsAt::default(),
        trial: None,
    })
}
