//! Handles requests that waited behind a closed gate.

use bevy::prelude::*;
use bevy_session_journal::{RequestError, SaveSlot, SlotError, Ticket};

use super::checkpoints::take_wanted;
use super::requests::{CurrentRequest, RequestQueue, reject, reject_part};
use super::runtime::asked_checkpoints::WantedCheckpoint;
use super::runtime::{Playing, RuntimeParts};
use super::slots::saving::{order_slot, save_slot, slot_failed};

/// Takes a requested checkpoint or, if the gate is shut, defers it until the gate opens.
pub(super) fn take_or_defer(parts: &mut RuntimeParts, world: &mut World, wanted: WantedCheckpoint) {
    match &mut parts.playing {
        Some(playing) if !playing.gate.is_open() => playing.deferred.checkpoint(wanted),
        _ => _ = take_wanted(parts, world, wanted),
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

/// Takes the checkpoints, and leaves the slots for later. Returns false if the newest one hasn't this moment.
pub(super) fn take_deferred_checkpoints(parts: &mut RuntimeParts, world: &mut World) -> bool {
    let Some(playing) = &mut parts.playing else { return false };
    let mut is_saved = false;
    for wanted in playing.deferred.take_checkpoints() {
        is_saved = take_wanted(parts, world, wanted);
    }
    is_saved
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

/// Returns true if a slot is to be made, now or when the gate opens again.
pub(super) fn wants_slot(playing: &Playing, world: &World) -> bool {
    let queue = world.get_resource::<RequestQueue>();
    playing.deferred.has_slots() || queue.is_some_and(RequestQueue::wants_slot)
}

/// The session is left behind a closed gate, and the world is no longer the session's. Makes the slots of the checkpoint that
/// was taken as the gate closed, if one was.
pub(super) fn save_slots_as_left(parts: &mut RuntimeParts, world: &mut World) {
    let has_left = |it: &&mut Playing| it.gate.left() == Some(it.line.newest());
    let Some(playing) = parts.playing.as_mut().filter(has_left) else { return };
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
