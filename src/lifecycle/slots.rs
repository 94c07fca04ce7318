//! Saving into slots and loading them: what the main thread does for it.

use bevy::prelude::*;
use tracing::{error, info};

use super::attachments::attached;
use super::notifications::{
    SlotCopied, SlotDeleted, SlotFailed, SlotImported, SlotRenamed, SlotSaved, notify,
};
use super::requests::{Request, SessionRequest, SlotRequest, close, finish_if_asked, reject};
use super::runtime::RuntimeParts;
use super::{CurrentSession, SessionCatalog, SessionSettings};
use crate::content::Order;
use crate::ids::Ticket;
use crate::journal::{CheckpointId, CheckpointKind, SessionId, SlotId, SlotKind};
use crate::recovery::SlotEntry;
use crate::session::{
    AttachmentError, RequestError, RestoreFrom, RestoreReason, SaveSlot, SlotError, check_slot_name,
};
use crate::writer::{SlotDone, SlotOrder};

impl RuntimeParts {
    pub(super) fn handle_slot_request(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        request: &SlotRequest,
    ) -> Result<(), RequestError> {
        let order = match request {
            SlotRequest::Save(slot) => return self.save_slot(world, ticket, slot),
            SlotRequest::Load(slot) => return self.load(world, ticket, *slot),
            SlotRequest::QuickLoad => return self.quick_load(world, ticket),
            SlotRequest::Copy { slot, name } => {
                check_slot_name(name)?;
                SlotOrder::Copy { slot: *slot, name: name.clone() }
            }
            SlotRequest::Rename { slot, name } => {
                check_slot_name(name)?;
                SlotOrder::Rename { slot: *slot, name: name.clone() }
            }
            SlotRequest::Delete(slot) => SlotOrder::Delete { slot: *slot },
            SlotRequest::Import(path) => SlotOrder::Import { path: path.clone() },
        };
        self.order(Order::Slot { order, ticket: Some(ticket) });
        Ok(())
    }

    /// Whether a request has to wait until what was asked of slots before is done.
    pub(super) fn must_wait_for_slots(&self, request: &Request) -> bool {
        let loads = matches!(
            request,
            Request::Slot(SlotRequest::Load(_) | SlotRequest::QuickLoad)
                | Request::Session(SessionRequest::Recover(_, RestoreFrom::Slot(_)))
        );
        // A writer that is gone answers nothing, and this request is rejected for that.
        let may_be_answered = !self.writer.link.is_broken();
        let is_busy = self.writer.link.slots_in_flight() > 0;
        loads && may_be_answered && (!self.start_up.sessions_are_known() || is_busy)
    }

    /// Takes a checkpoint of this very frame, and has a slot made of it.
    pub(super) fn save_slot(
        &mut self,
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
            let there =
                catalog.and_then(|catalog| catalog.slot_named(current.player(), &slot.name));
            if let Some(there) = there.filter(|_| !slot.overwrite) {
                return Err(SlotError::NameTaken { slot: there.id }.into());
            }
        }
        if let Some(playing) = self.playing.as_mut().filter(|playing| !playing.gate_was_open) {
            // Behind a closed gate the world is no longer the session's.
            playing.deferred.slot(world, slot.clone(), ticket);
            return Ok(());
        }
        let (kind, label) = match slot.kind {
            SlotKind::Quick => (CheckpointKind::Quick, None),
            SlotKind::Exit => (CheckpointKind::Exit, None),
            _ => (CheckpointKind::Manual, Some(slot.name.clone())),
        };
        let before = self.newest_captured();
        self.take_checkpoint(world, kind, label);
        self.order_slot(world, slot.clone(), before, Some(ticket));
        Ok(())
    }

    /// The session is being closed, and its last checkpoint was taken, after `before` if that is known:
    /// leaves a slot behind where that is asked for.
    pub(super) fn save_exit_slot(&mut self, world: &mut World, before: Option<CheckpointId>) {
        let is_asked_for = world.get_resource_or_init::<SessionSettings>().exit_slot;
        let playing = self.playing.as_ref();
        let was_captured = playing.is_some_and(|playing| !playing.line.is_untouched());
        let wanted = is_asked_for && (before.is_some() || was_captured);
        let Some(current) = world.get_resource::<CurrentSession>().filter(|_| wanted) else {
            return;
        };
        let slot = SaveSlot::exit(current.name());
        self.order_slot(world, slot, before, None);
    }

    /// The newest checkpoint that was captured.
    pub(super) fn newest_captured(&self) -> Option<CheckpointId> {
        Some(self.playing.as_ref()?.line.newest())
    }

    /// Has a slot made of the checkpoint that was taken after `before`.
    fn order_slot(
        &mut self,
        world: &mut World,
        slot: SaveSlot,
        before: Option<CheckpointId>,
        ticket: Option<Ticket>,
    ) {
        let Some((session, checkpoint)) = self.session().zip(self.newest_captured()) else {
            return;
        };
        if Some(checkpoint) == before {
            let error = SlotError::CheckpointNotSaved;
            return slot_failed(world, (session, slot, None), error, ticket);
        }
        let order = SlotOrder::Save { slot, session, checkpoint };
        self.order(Order::Slot { order, ticket });
    }

    fn quick_load(&mut self, world: &mut World, ticket: Ticket) -> Result<(), RequestError> {
        let slot = quick_slot(world).ok_or(SlotError::NoQuickSlot)?.id;
        self.load(world, ticket, slot)
    }

    /// Reads a slot, to go on from there.
    fn load(
        &mut self,
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
        let wanted = (session, RestoreFrom::Slot(slot), RestoreReason::Loaded);
        self.prepare_after_capture(world, ticket, wanted)
    }

    /// Takes a slot for the way out of a crash.
    pub(super) fn recover_from_slot(
        &mut self,
        world: &mut World,
        ticket: Ticket,
        (session, slot): (SessionId, SlotId),
        reason: RestoreReason,
    ) -> Result<(), RequestError> {
        let catalog = world.get_resource_or_init::<SessionCatalog>();
        match catalog.slot(slot) {
            Some(entry) if entry.session.id == session => {}
            Some(_) => return Err(SlotError::Unknown.into()),
            None => return Err(catalog.why_unreadable(slot).into()),
        }
        self.prepare_after_capture(world, ticket, (session, RestoreFrom::Slot(slot), reason))
    }

    /// Takes in what came of something that was asked of slots.
    pub(super) fn slot_done(
        &mut self,
        world: &mut World,
        order: SlotOrder,
        result: Result<SlotDone, SlotError>,
        ticket: Option<Ticket>,
    ) {
        let done = match result {
            Ok(done) => done,
            Err(error) => return report_failure(world, order, error, ticket),
        };
        let mut catalog = world.get_resource_or_init::<SessionCatalog>();
        match (order, done) {
            (SlotOrder::Delete { slot }, _) => {
                catalog.remove_slot(slot);
                info!(%slot, "slot deleted");
                notify(world, SlotDeleted { slot });
            }
            (SlotOrder::Attach { session, checkpoint, attachment }, _) => {
                attached(world, session, checkpoint, attachment.name);
            }
            (_, SlotDone::Deleted | SlotDone::Attached) => {}
            (order, SlotDone::Written { entry, replaced }) => {
                replaced.into_iter().for_each(|replaced| catalog.remove_slot(replaced));
                let slot = *entry;
                catalog.put_slot(slot.clone());
                info!(name = slot.name, slot = %slot.id, "slot written");
                match order {
                    SlotOrder::Copy { slot: from, .. } => notify(world, SlotCopied { from, slot }),
                    SlotOrder::Rename { .. } => notify(world, SlotRenamed { slot }),
                    SlotOrder::Import { path } => notify(world, SlotImported { path, slot }),
                    SlotOrder::Refresh { .. } => {}
                    _ => notify(world, SlotSaved { slot }),
                }
            }
        }
        finish_if_asked(world, ticket);
    }
}

/// The slot that is loaded when somebody asks for the last quick save.
pub(super) fn quick_slot(world: &World) -> Option<&SlotEntry> {
    let player = world.get_resource::<CurrentSession>().map(|current| current.player());
    let mut slots = world.get_resource::<SessionCatalog>()?.slots().iter();
    // In a menu it isn't said yet who plays.
    slots.find(|slot| {
        let is_own = player.is_none_or(|player| slot.session.player.as_deref() == player);
        slot.kind == SlotKind::Quick && is_own
    })
}

/// A slot could not be made of a checkpoint of a session, if it is known of which.
pub(super) fn slot_failed(
    world: &mut World,
    (session, slot, checkpoint): (SessionId, SaveSlot, Option<CheckpointId>),
    error: SlotError,
    ticket: Option<Ticket>,
) {
    let mut failed = SlotFailed { session, slot, ticket, checkpoint, error };
    let Some(ticket) = ticket else { return notify(world, failed) };
    for ticket in close(world, ticket) {
        failed.ticket = Some(ticket);
        notify(world, failed.clone());
    }
}

fn report_failure(world: &mut World, order: SlotOrder, error: SlotError, ticket: Option<Ticket>) {
    error!(?order, %error, "a slot could not be worked on");
    let error = match order {
        SlotOrder::Save { slot, session, checkpoint } => {
            let checkpoint = Some(checkpoint).filter(|_| error != SlotError::CheckpointNotSaved);
            return slot_failed(world, (session, slot, checkpoint), error, ticket);
        }
        SlotOrder::Attach { .. } => AttachmentError::from(error).into(),
        _ => error.into(),
    };
    // Without a ticket the slot is there as it was, and no one asked.
    if let Some(ticket) = ticket {
        reject(world, ticket, error);
    }
}
