//! Handles requests that waited behind a closed gate.

use bevy::prelude::*;
use bevy_session_journal::{RequestError, SaveSlot, SlotError, Ticket};

use super::checkpoints::take_wanted;
use super::requests::{CurrentRequest, reject, reject_part};
use super::runtime::RuntimeParts;
use super::runtime::asked_checkpoints::WantedCheckpoint;
use super::slots::saving::{order_slot, save_slot, slot_failed};

/// Takes a requested checkpoint or, if the gate is shut, defers it until the gate opens.
pub(super) fn take_or_defer(parts: &mut RuntimeParts, world: &mut World, wanted: WantedCheckpoint) {
    match &mut parts.playing {
        Some(playing) if !playing.gate_was_open => playing.deferred.checkpoint(wanted),
        _ => take_wanted(parts, world, wanted),
    }
}

/// Takes the first of them, now that the gate is open: one in a frame, since each is a separate
/// capture.
pub(super) fn take_next_deferred(parts: &mut RuntimeParts, world: &mut World) {
    if parts.writer.is_behind() {
        return;
    }
    let Some(playing) = &mut parts.playing else { return };
    if let Some(wanted) = playing.deferred.next_checkpoint() {
        take_wanted(parts, world, wanted);
    } else if let Some((slot, ticket)) = playing.deferred.next_slot() {
        save_deferred_slot(parts, world, &slot, ticket);
    }
}

/// Takes all of them, at the last possible moment.
pub(super) fn take_deferred(parts: &mut RuntimeParts, world: &mut World) {
    take_deferred_checkpoints(parts, world);
    save_deferred_slots(parts, world);
}

/// Takes the checkpoints, and leaves the slots for later.
pub(super) fn take_deferred_checkpoints(parts: &mut RuntimeParts, world: &mut World) {
    let Some(playing) = &mut parts.playing else { return };
    for wanted in playing.deferred.take_checkpoints() {
        take_wanted(parts, world, wanted);
    }
}

fn save_deferred_slots(parts: &mut RuntimeParts, world: &mut World) {
    let Some(playing) = &mut parts.playing else { return };
    for (slot, ticket) in playing.deferred.take_slots() {
        save_deferred_slot(parts, world, &slot, ticket);
    }
}

fn save_deferred_slot(
    parts: &mut RuntimeParts,
    world: &mut World,
    slot: &SaveSlot,
    ticket: Ticket,
) {
    if let Err(error) = save_slot(parts, world, ticket, slot) {
        reject(world, ticket, error);
    }
}

/// The session is left behind a closed gate. Makes the slots of the last checkpoint, which was taken as the gate closed:
/// since then the world is no longer the session's.
pub(super) fn save_slots_as_left(parts: &mut RuntimeParts, world: &mut World) {
    let playing = parts.playing.as_mut().filter(|playing| !playing.line.is_untouched());
    let Some(playing) = playing else { return };
    for (slot, ticket) in playing.deferred.take_slots() {
        order_slot(parts, world, slot, None, Some(ticket));
    }
}

/// Rejects those that could not be taken before the session is left, or goes back.
pub(super) fn give_up_deferred(parts: &mut RuntimeParts, world: &mut World) {
    let Some(playing) = &mut parts.playing else { return };
    let session = playing.session;
    let (checkpoints, slots) = (playing.deferred.take_checkpoints(), playing.deferred.take_slots());
    for WantedCheckpoint { kind, label, asker } in checkpoints {
        let error = RequestError::GateStayedShut;
        match asker.ticket() {
            Some(ticket) => reject(world, ticket, error),
            // One with which a chapter was to begin.
            None => {
                let label = label.unwrap_or_default();
                reject_part(world, CurrentRequest::Checkpoint { label, kind }, error);
            }
        }
    }
    for (slot, ticket) in slots {
        let error = SlotError::CheckpointNotSaved;
        slot_failed(world, (session, slot, None), error, Some(ticket));
    }
}
