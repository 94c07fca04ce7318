//! Which checkpoint is meant by what was asked for.

use std::collections::HashSet;
use std::time::Duration;

use super::Wanted;
use crate::ids::CheckpointId;
use crate::journal::{Head, SessionIndex};
use crate::session::{RequestError, RestoreFrom, RestoreReason};

/// The checkpoints that would do, the first choice first: the others are for where that is damaged.
///
/// `offered` is what a crash offered, if it did.
pub(super) fn candidates(
    index: &SessionIndex,
    head: &Head,
    wanted: Wanted,
    offered: Option<CheckpointId>,
) -> Result<Vec<CheckpointId>, RequestError> {
    match wanted.from {
        RestoreFrom::Checkpoint(id) => Ok(vec![id]),
        RestoreFrom::PlayTime(until) => Ok(by_play_time(index, head.id, until)),
        RestoreFrom::BeforeRewind => left_by(index, head.id, RestoreReason::Rewound),
        RestoreFrom::BeforeLoad => left_by(index, head.id, RestoreReason::Loaded),
        RestoreFrom::Latest | RestoreFrom::Slot(_) => Ok(vec![match wanted.tail {
            Some(tail) => newest_before(index, head.id, tail),
            // What was known to be damaged when the offer was made isn't tried again.
            None => offered.unwrap_or(head.id),
        }]),
    }
}

/// The checkpoints of a line until a moment, the newest first, and then those after it, the oldest
/// first.
fn by_play_time(index: &SessionIndex, head: CheckpointId, until: Duration) -> Vec<CheckpointId> {
    let taken_by_then =
        |id: &CheckpointId| index.commit(*id).is_some_and(|commit| commit.play_time <= until);
    let (mut until_then, later): (Vec<_>, Vec<_>) =
        index.line(head).into_iter().partition(taken_by_then);
    until_then.extend(later.into_iter().rev());
    until_then
}

/// What the newest rewind or load on a line has left: the end of that branch, and then what is older on
/// it.
fn left_by(
    index: &SessionIndex,
    head: CheckpointId,
    reason: RestoreReason,
) -> Result<Vec<CheckpointId>, RequestError> {
    let left = index.begun(head).and_then(|begun| begun.left_by(reason));
    let left = left.ok_or(RequestError::NothingToUndo)?;
    if index.commit(left).is_none() {
        return Err(RequestError::CheckpointPruned);
    }
    let line: HashSet<CheckpointId> = index.line(head).into_iter().collect();
    let is_on_branch = |id: &CheckpointId| *id == left || !line.contains(id);
    Ok(index.line(left).into_iter().filter(is_on_branch).collect())
}

/// The newest checkpoint of a line before the one with this number, if there is one.
fn newest_before(index: &SessionIndex, head: CheckpointId, tail: u64) -> CheckpointId {
    index.line(head).into_iter().find(|id| id.counter < tail).unwrap_or(head)
}
