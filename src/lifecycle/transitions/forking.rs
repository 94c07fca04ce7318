//! Keeps moments of the world, and returns to them.

use bevy::prelude::*;
use bevy_session_journal::{CheckpointId, CheckpointKind, RequestError, Ticket};

use crate::capture::Declarations;
use crate::lifecycle::checkpoints::take_named;
use crate::lifecycle::requests::WorldFork;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::asked_checkpoints::{Asker, WantedCheckpoint};

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
    let asker = Asker::Request(ticket);
    let wanted = WantedCheckpoint { kind: CheckpointKind::Rewind, label: None, asker };
    // Where there is none, the request was answered with the reason.
    if let Some(checkpoint) = take_named(parts, world, wanted) {
        parts.forks.add(session, WorldFork::asked_for(ticket), checkpoint);
    }
    Ok(())
}

/// Returns true if a restore may wait for something, so that it may be cancelled, or the game may
/// end, with states left.
pub(super) fn may_be_cancelled(parts: &RuntimeParts, world: &World) -> bool {
    let hooks = &parts.hooks;
    let has_states = |declared: &Declarations| !declared.states_of(world).is_empty();
    hooks.restore_session_through.is_some()
        || !hooks.close_in.is_empty()
        || !hooks.restore_session_when.is_empty()
        || world.get_resource::<Declarations>().is_some_and(has_states)
}

/// The moment that a fork is of.
pub(super) fn moment_of(
    parts: &RuntimeParts,
    fork: WorldFork,
) -> Result<CheckpointId, RequestError> {
    let session = parts.session().ok_or(RequestError::NoSession)?;
    parts.forks.find(session, fork).ok_or(RequestError::UnknownCheckpoint)
}
