//! Saves to slots.

use bevy::prelude::*;
use bevy_session_journal::internal::model::session::check_slot_name;
use bevy_session_journal::internal::write::SlotOrder;
use bevy_session_journal::{
    CheckpointId, CheckpointKind, RequestError, SaveSlot, SessionId, SlotError, SlotKind, Ticket,
};
use tracing::warn;

use crate::content::Order;
use crate::lifecycle::checkpoints::take_wanted;
use crate::lifecycle::notifications::{SlotFailed, notify};
use crate::lifecycle::requests::close;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::asked_checkpoints::{Asker, WantedCheckpoint};
use crate::lifecycle::{CurrentSession, SessionCatalog, SessionSettings};

/// Takes a checkpoint of this frame, and has a slot made of it.
pub(in crate::lifecycle) fn save_slot(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    slot: &SaveSlot,
) -> Result<(), RequestError> {
    let Some(current) = world.get_resource::<CurrentSession>() else {
        return Err(RequestError::NoSession);
    };
    if slot.kind == SlotKind::Manual {
        check_slot_name(&slot.name)?;
        let catalog = world.get_resource::<SessionCatalog>();
        let there = catalog.and_then(|catalog| catalog.slot_named(current.player(), &slot.name));
        if let Some(there) = there.filter(|_| !slot.overwrite) {
            return Err(SlotError::NameTaken { slot: there.id }.into());
        }
    }
    if let Some(playing) = parts.playing.as_mut().filter(|playing| !playing.gate.is_open()) {
        // Behind a closed gate the world is no longer the session's.
        playing.deferred.slot(world, slot.clone(), ticket);
        return Ok(());
    }
    let (kind, label) = match slot.kind {
        SlotKind::Quick => (CheckpointKind::Quick, None),
        SlotKind::Exit => (CheckpointKind::Exit, None),
        _ => (CheckpointKind::Manual, Some(slot.name.clone())),
    };
    let before = parts.newest_captured();
    take_wanted(parts, world, WantedCheckpoint { kind, label, asker: Asker::StepOf(ticket) });
    order_slot(parts, world, slot.clone(), before, Some(ticket));
    Ok(())
}

/// The session is being closed, and its last checkpoint was taken, after `before` if that is known:
/// saves an exit slot if the settings say so.
pub(in crate::lifecycle) fn save_exit_slot(
    parts: &mut RuntimeParts,
    world: &mut World,
    before: Option<CheckpointId>,
) {
    let is_asked_for = world.get_resource_or_init::<SessionSettings>().exit_slot;
    let playing = parts.playing.as_ref();
    let was_captured = playing.is_some_and(|playing| !playing.line.is_untouched());
    let wanted = is_asked_for && (before.is_some() || was_captured);
    let Some(current) = world.get_resource::<CurrentSession>().filter(|_| wanted) else {
        return;
    };
    let slot = SaveSlot::exit(current.name());
    order_slot(parts, world, slot, before, None);
}

/// Has a slot made of the checkpoint that was taken after `before`.
pub(in crate::lifecycle) fn order_slot(
    parts: &mut RuntimeParts,
    world: &mut World,
    slot: SaveSlot,
    before: Option<CheckpointId>,
    ticket: Option<Ticket>,
) {
    let Some((session, checkpoint)) = parts.session().zip(parts.newest_captured()) else {
        return;
    };
    if Some(checkpoint) == before {
        let error = SlotError::CheckpointNotSaved;
        return slot_failed(world, (session, slot, None), error, ticket);
    }
    let order = SlotOrder::Save { slot, session, checkpoint };
    parts.order(Order::Slot { order, ticket });
}

/// A slot could not be made of a checkpoint, of this session if it is known.
pub(in crate::lifecycle) fn slot_failed(
    world: &mut World,
    (session, slot, checkpoint): (SessionId, SaveSlot, Option<CheckpointId>),
    error: SlotError,
    ticket: Option<Ticket>,
) {
    warn!(%session, name = slot.name, %error, "slot not saved");
    let mut failed = SlotFailed { session, slot, ticket, checkpoint, error };
    let Some(ticket) = ticket else { return notify(world, failed) };
    for ticket in close(world, ticket) {
        failed.ticket = Some(ticket);
        notify(world, failed.clone());
    }
}
