//! Finds the newest checkpoint that is whole, and the loss by damage.

use std::path::PathBuf;
use std::time::Duration;

use super::FIELDS;
use super::judging::{damaged_files, has_damaged_commit, may_hold_more};
use crate::disk::StoredSession;
use crate::format::{Block, FileProblemKind, Head, Plan, ReadError, Rows, SessionIndex, Validity};
use crate::model::ids::{CheckpointId, RunId};
use crate::model::session::{FailureCause, Fields, RequestError};

/// The loss by damage to a session's files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Corruption {
    /// The newest checkpoint that is lost; `None` if older ones are, or none.
    pub lost: Option<CheckpointId>,
    /// The newest checkpoint that is intact.
    pub newest_intact: Option<CheckpointId>,
    /// Play time between the two, if it is known.
    pub lost_play_time: Option<Duration>,
    /// The files in which damage was found.
    pub files: Vec<PathBuf>,
}

/// The newest checkpoint of a line that was read whole.
pub(super) struct Intact {
    pub id: CheckpointId,
    pub fields: Fields,
}

/// Reads down the line of `head` until a checkpoint is whole; `None` if none is.
///
/// # Errors
///
/// [`ReadError::Unreadable`]: the files can't be read now, which says nothing about them.
pub(super) fn newest_intact(
    stored: &mut StoredSession,
    head: CheckpointId,
) -> Result<Option<Intact>, ReadError> {
    let Some(plan) = stored.newest_verified(head)? else { return Ok(None) };
    Ok(Some(Intact { id: plan.checkpoint, fields: newest_fields(stored, &plan)? }))
}

/// The custom fields of a checkpoint as it was taken.
///
/// # Errors
///
/// [`RequestError`] if it is damaged, or can't be read now.
pub fn fields_of(
    stored: &mut StoredSession,
    checkpoint: CheckpointId,
) -> Result<Fields, RequestError> {
    let read = stored
        .verified_plan(checkpoint)
        .and_then(|plan| plan.map(|plan| newest_fields(stored, &plan)).transpose());
    match read {
        Ok(fields) => fields.ok_or(RequestError::UnknownCheckpoint),
        Err(error) => Err(RequestError::Store(FailureCause::new(error))),
    }
}

/// The custom fields at a checkpoint: those of the newest group that has any.
fn newest_fields(stored: &StoredSession, plan: &Plan) -> Result<Fields, ReadError> {
    for group in plan.groups.iter().rev() {
        for block in stored.group_blocks(*group)? {
            if let Some(fields) = fields_in(&block?) {
                return Ok(fields);
            }
        }
    }
    Ok(Fields::default())
}

/// The custom fields, if `block` is the one that holds them.
pub(super) fn fields_in(block: &Block) -> Option<Fields> {
    let Rows::Values(values) = &block.rows else { return None };
    if *block.type_path != *FIELDS {
        return None;
    }
    rmp_serde::from_slice(values.value(0)?).ok()
}

/// Returns the loss by damage on the line of `head`, now that everything up to `intact` was read. `witness` is the
/// newest checkpoint that its process saw acknowledged.
pub(super) fn assess(
    stored: &StoredSession,
    head: &Head,
    intact: Option<CheckpointId>,
    witness: Option<CheckpointId>,
) -> Option<Corruption> {
    let index = stored.index();
    let mut files = damaged_files(stored);
    let vanished = witness.filter(|witness| witness.counter > head.id.counter);
    let lost = match vanished {
        Some(witness) => {
            // A part that looks like a torn tail was acknowledged, so it is damage.
            files.extend(torn_files(stored, witness.run));
            files.sort();
            files.dedup();
            Some(witness)
        }
        None => Some(head.id).filter(|id| intact != Some(*id)),
    };
    if lost.is_none() && files.is_empty() {
        return None;
    }
    let play_time = |id: CheckpointId| Some(index.commit(id)?.play_time);
    let lost_play_time = lost
        .and_then(play_time)
        .zip(intact.and_then(play_time))
        .map(|(lost, intact)| lost.saturating_sub(intact));
    Some(Corruption { lost, newest_intact: intact, lost_play_time, files })
}

/// Returns the loss of a session that was judged and not read, whose newest head this is; `None` if nothing is damaged.
/// `vanished` is the checkpoint that was acknowledged and isn't there.
///
/// What is in a file that can't be read now, or only by a newer version, isn't lost. Nor is what other files take the place
/// of while they are opened.
pub(super) fn as_far_as_known(
    stored: &StoredSession,
    head: Option<&Head>,
    vanished: Option<CheckpointId>,
) -> Option<Corruption> {
    let (index, files) = (stored.index(), damaged_files(stored));
    let vanished = vanished.filter(|_| head.is_some());
    let misses_some = has_damaged_commit(stored) && !may_hold_more(index);
    if files.is_empty() && vanished.is_none() && !misses_some {
        return None;
    }
    let head = head.map(|head| head.id);
    let newest_intact = head.and_then(|head| match index.is_without_world(head) {
        true => Some(head),
        false => index.newest_intact(head).map(|plan| plan.checkpoint),
    });
    let lost = vanished.or(head.filter(|head| newest_intact != Some(*head)));
    Some(Corruption { lost, newest_intact, lost_play_time: None, files })
}

/// The files in which the end of a run may have been: those with a torn tail, and those of which not
/// even the header is left.
fn torn_files(stored: &StoredSession, run: RunId) -> impl Iterator<Item = PathBuf> {
    let problems = stored.index().problems().iter();
    let headless = problems.filter(|problem| problem.kind == FileProblemKind::Torn);
    let headless = headless.map(|problem| problem.path.clone());
    let segments = stored.segments().iter().zip(stored.index().segments());
    let torn = segments
        .filter(move |(_, summary)| summary.header.run == run && summary.scan.tail.is_some());
    torn.map(|(segment, _)| segment.path().to_path_buf()).chain(headless)
}

/// Returns true if a checkpoint is known to be damaged.
pub(super) fn is_damaged(index: &SessionIndex, id: CheckpointId) -> bool {
    index.validity(id) == Some(Validity::Damaged)
}
