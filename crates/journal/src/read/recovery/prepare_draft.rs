//! Gets ready what a draft begins with.

use std::time::Duration;

use super::event_line::EventsAt;
use super::prepare::{PrepareFailure, Prepared, unreadable};
use super::{Decode, ReadProgress};
use crate::disk::StoredSession;
use crate::format::{Begun, CheckpointKind, Head, SessionIndex};
use crate::model::ids::SaveId;
use crate::model::session::{Chapters, Fields, GameClock, RequestError, RestoreReason};

/// If there is no world to restore, a draft can begin, and that is all.
pub(super) fn prepare_without_world<D: Decode>(
    types: &D,
    stored: &StoredSession,
    head: &Head,
    reason: RestoreReason,
    progress: &ReadProgress,
) -> Result<Prepared<D::Image>, PrepareFailure> {
    match (head.metadata.draft, reason) {
        (true, RestoreReason::Continued) => prepare_draft(types, stored, head, progress),
        (true, _) => Err(RequestError::NotBegun.into()),
        (false, _) => Err(RequestError::ArchivedWithoutWorld.into()),
    }
}

/// All custom fields that a draft begins with.
pub(crate) fn fields_of_draft(index: &SessionIndex, head: &Head) -> Fields {
    let shown = || head.summary_at(head.id, index.summary(head.id)).fields;
    head.fields_at(head.id).cloned().unwrap_or_else(shown)
}

/// Prepares the begin of a session that was planned, from its metadata and custom fields.
fn prepare_draft<D: Decode>(
    types: &D,
    stored: &StoredSession,
    head: &Head,
    progress: &ReadProgress,
) -> Result<Prepared<D::Image>, PrepareFailure> {
    let index = stored.index();
    let commit = index.commit(head.id).ok_or(RequestError::UnknownCheckpoint)?;
    let image = types.decode(commit, &mut std::iter::empty(), progress).map_err(unreadable)?;
    Ok(Prepared {
        metadata: head.metadata.clone().taken_up(),
        is_draft: true,
        checkpoint: head.id,
        lineage: index.lineage_from(head.id, head.id),
        begun: Begun::after(None, RestoreReason::Continued, None),
        newest_counter: index.newest_counter(),
        next_save_id: SaveId::FIRST,
        kind: CheckpointKind::Opening,
        play_time: Duration::ZERO,
        fields: fields_of_draft(index, head),
        state_changes: Vec::new(),
        chapters: Chapters::default(),
        has_crashed: false,
        clock: GameClock::default(),
        image,
        unknown_frames: stored.carried().map_err(unreadable)?,
        events: EventsAt::default(),
        trial: None,
    })
}
