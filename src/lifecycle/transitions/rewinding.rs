//! Goes back within the session that is being played, and undoes that.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::{
    ChapterError, CheckpointId, NewSession, RequestError, RestoreFrom, RestoreReason, Ticket,
};

use super::forking::{may_be_cancelled, moment_of};
use super::starting::check_texts;
use super::take_up::{
    self, make_branch_of_it, prepare_after_capture, prepare_return, put_back_in_place,
};
use crate::lifecycle::CurrentSession;
use crate::lifecycle::requests::RewindTo;
use crate::lifecycle::runtime::RuntimeParts;

/// Goes back to an earlier moment, or to the end that a rewind had left.
pub(in crate::lifecycle) fn rewind(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    to: RewindTo,
) -> Result<(), RequestError> {
    let reason = match to {
        RewindTo::BeforeRewind | RewindTo::BeforeLoad => RestoreReason::Undone,
        _ => RestoreReason::Rewound,
    };
    let from = match to {
        RewindTo::Checkpoint(checkpoint) => RestoreFrom::Checkpoint(checkpoint),
        RewindTo::BeforeRewind => RestoreFrom::BeforeRewind,
        RewindTo::BeforeLoad => RestoreFrom::BeforeLoad,
        RewindTo::Chapter(chapter) => {
            let current = world.get_resource::<CurrentSession>().ok_or(RequestError::NoSession)?;
            let known = current.chapters().get(chapter);
            let known = known.ok_or(ChapterError::Unknown { chapter })?;
            let began_with = known.first_checkpoint.ok_or(RequestError::CheckpointPruned)?;
            RestoreFrom::Checkpoint(began_with)
        }
        RewindTo::Ago(ago) => {
            let current = world.get_resource::<CurrentSession>();
            let now = current.ok_or(RequestError::NoSession)?.play_time;
            RestoreFrom::PlayTime(as_checkpoints_count(now.saturating_sub(ago)))
        }
        RewindTo::Fork(fork) => RestoreFrom::Checkpoint(moment_of(parts, fork)?),
    };
    let session = parts.session().ok_or(RequestError::NoSession)?;
    let way_back = (session, from, reason);
    let RewindTo::Fork(_) = to else {
        return prepare_after_capture(parts, world, ticket, way_back);
    };
    // A restore that is cancelled leads to the newest checkpoint.
    let may_be_cancelled = may_be_cancelled(parts, world);
    prepare_return(parts, world, ticket, way_back, may_be_cancelled)?;
    put_back_in_place(parts, world, ticket);
    Ok(())
}

/// Play time, rounded as checkpoints store it.
fn as_checkpoints_count(play_time: Duration) -> Duration {
    let below = play_time.subsec_nanos() % 1_000_000;
    play_time.saturating_sub(Duration::from_nanos(below.into()))
}

/// Has the checkpoint read. The played session isn't affected before that has succeeded.
pub(in crate::lifecycle) fn branch_off(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    checkpoint: CheckpointId,
    session: &NewSession,
) -> Result<(), RequestError> {
    let current = parts.session().ok_or(RequestError::NoSession)?;
    check_texts(session)?;
    let from = RestoreFrom::Checkpoint(checkpoint);
    take_up::prepare(parts, world, ticket, (current, from, RestoreReason::BranchedOff), None);
    make_branch_of_it(parts, session);
    Ok(())
}
