//! Keeping moments of the world, and the way back to them.

use bevy::prelude::*;
use bevy_session_journal::{
    CheckpointKind, RequestError, RestoreFrom, RestoreReason, SessionId, Ticket,
};

use crate::lifecycle::checkpoints::take_checkpoint;
use crate::lifecycle::requests::WorldFork;
use crate::lifecycle::runtime::RuntimeParts;

/// Keeps this moment.
pub(in crate::lifecycle) fn fork_world(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
) -> Result<(), RequestError> {
    let session = parts.session().ok_or(RequestError::NoSession)?;
    if !parts.may_capture() {
        return Err(RequestError::UnknownCheckpoint);
    }
    if parts.writer.is_behind() {
        return Err(RequestError::WriterBehind);
    }
    take_checkpoint(parts, world, CheckpointKind::Rewind, None);
    // Where nothing has changed, the one before is of this moment as well.
    let checkpoint = parts.newest_captured().ok_or(RequestError::NoSession)?;
    parts.forks.add(session, WorldFork::asked_for(ticket), checkpoint);
    Ok(())
}

/// What it takes to return to a fork.
pub(in crate::lifecycle) fn way_back(
    parts: &RuntimeParts,
    fork: WorldFork,
) -> Result<(SessionId, RestoreFrom, RestoreReason), RequestError> {
    let session = parts.session().ok_or(RequestError::NoSession)?;
    let checkpoint = parts.forks.find(session, fork).ok_or(RequestError::UnknownCheckpoint)?;
    Ok((session, RestoreFrom::Checkpoint(checkpoint), RestoreReason::Rewound))
}
