//! Resumes a session from a slot.

use bevy::prelude::*;
use bevy_session_journal::{RequestError, RestoreFrom, RestoreReason, SlotError, SlotId, Ticket};

use super::take_up::prepare_after_capture;
use crate::lifecycle::catalog::slots::quick_slot;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::{CurrentSession, SessionCatalog};
use crate::recording::Replaying;

/// Reads a slot, to continue from there.
pub(in crate::lifecycle) fn load(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
    slot: SlotId,
) -> Result<(), RequestError> {
    let catalog = world.get_resource_or_init::<SessionCatalog>();
    let Some(entry) = catalog.slot(slot) else {
        return Err(catalog.why_unreadable(slot).into());
    };
    let (session, player) = (entry.session.id, entry.session.player.clone());
    let current = world.get_resource::<CurrentSession>();
    if current.is_some_and(|current| current.player() != player.as_deref()) {
        return Err(SlotError::OtherPlayer { player }.into());
    }
    let wanted = (session, RestoreFrom::Slot(slot), reason_in(world));
    prepare_after_capture(parts, world, ticket, wanted)
}

/// A replay puts its checkpoints where slots are, and loads them from there.
fn reason_in(world: &World) -> RestoreReason {
    let replaying = world.get_resource::<Replaying>();
    match replaying.is_some_and(|replaying| replaying.is_loading) {
        true => RestoreReason::Replayed,
        false => RestoreReason::Loaded,
    }
}

pub(in crate::lifecycle) fn quick_load(
    parts: &mut RuntimeParts,
    world: &mut World,
    ticket: Ticket,
) -> Result<(), RequestError> {
    let slot = quick_slot(world).ok_or(SlotError::NoQuickSlot)?.id;
    load(parts, world, ticket, slot)
}
