//! Saving into slots and loading them: what the main thread does for it.

use bevy::prelude::*;
use tracing::{error, info, warn};

use super::attachments::attached;
use super::notifications::{
    RequestRejected, SlotCopied, SlotDeleted, SlotFailed, SlotRenamed, SlotSaved, notify,
};
use super::requests::Request;
use super::runtime::{Preparing, RuntimeParts, Transition};
use super::{CurrentSession, SessionCatalog, SessionSettings};
use crate::content::{Order, Prepared};
use crate::journal::{CheckpointId, CheckpointKind, SessionId, SlotId, SlotKind, Validity};
use crate::recovery::{SessionEntry, Wanted};
use crate::session::{
    AttachmentError, Move, RequestError, RestoreFrom, RestoreReason, SaveSlot, SlotError,
    check_slot_name,
};
use crate::writer::{SlotDone, SlotOrder};

/// A slot that was read while another session was still being played.
pub(crate) struct Loaded {
    preparing: Preparing,
    prepared: Prepared,
}

impl RuntimeParts {
    /// Whether a request has to wait until what was asked of slots before is done.
    pub(super) fn must_wait_for_slots(&self, request: &Request) -> bool {
        let loads = matches!(
            request,
            Request::Load(_) | Request::QuickLoad | Request::Recover(_, RestoreFrom::Slot(_))
        );
        loads && (!self.detected || self.link.slots_in_flight() > 0)
    }

    /// Takes a checkpoint of this very frame, and has a slot made of it.
    pub(super) fn save_slot(
        &mut self,
        world: &mut World,
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
            playing.deferred_slots.push(slot.clone());
            return Ok(());
        }
        let (kind, label) = match slot.kind {
            SlotKind::Quick => (CheckpointKind::Quick, None),
            SlotKind::Exit => (CheckpointKind::Exit, None),
            _ => (CheckpointKind::Manual, Some(slot.name.clone())),
        };
        let before = self.newest_captured();
        self.take_checkpoint(world, kind, label);
        self.order_slot(world, slot.clone(), before);
        Ok(())
    }

    /// The session is being closed, and its last checkpoint was taken after `before`: leaves a slot
    /// behind where that is asked for.
    pub(super) fn save_exit_slot(&mut self, world: &mut World, before: Option<CheckpointId>) {
        let wanted = world.get_resource_or_init::<SessionSettings>().exit_slot;
        let Some(current) = world.get_resource::<CurrentSession>().filter(|_| wanted) else {
            return;
        };
        let slot = SaveSlot::exit(current.name());
        self.order_slot(world, slot, before);
    }

    /// Saves the slots that were asked for while no checkpoint could be taken.
    pub(super) fn save_deferred_slots(&mut self, world: &mut World) {
        let Some(playing) = &mut self.playing else { return };
        for slot in std::mem::take(&mut playing.deferred_slots) {
            let request = Request::Save(slot.clone());
            if let Err(error) = self.save_slot(world, &slot) {
                notify(world, RequestRejected { request, error });
            }
        }
    }

    /// The newest checkpoint that was captured.
    pub(super) fn newest_captured(&self) -> Option<CheckpointId> {
        let playing = self.playing.as_ref()?;
        Some(CheckpointId { run: playing.run, counter: playing.counter })
    }

    /// Has a slot made of the checkpoint that was taken after `before`.
    fn order_slot(&mut self, world: &mut World, slot: SaveSlot, before: Option<CheckpointId>) {
        let Some((session, checkpoint)) = self.session().zip(self.newest_captured()) else {
            return;
        };
        if Some(checkpoint) == before {
            let error = SlotError::CheckpointNotSaved;
            return notify(world, SlotFailed { session, slot, checkpoint: None, error });
        }
        self.order(Order::Slot(SlotOrder::Save { slot, session, checkpoint }));
    }

    pub(super) fn quick_load(&mut self, world: &mut World) -> Result<(), RequestError> {
        let player = world.get_resource::<CurrentSession>().map(|current| current.player());
        let catalog = world.get_resource::<SessionCatalog>();
        let mut slots = catalog.into_iter().flat_map(SessionCatalog::slots);
        // In a menu nobody has said yet who plays.
        let slot = slots.find(|slot| {
            let is_own = player.is_none_or(|player| slot.session.player.as_deref() == player);
            slot.kind == SlotKind::Quick && is_own
        });
        let slot = slot.ok_or(SlotError::NoQuickSlot)?.id;
        self.load(world, slot)
    }

    /// Reads a slot, to go on from there.
    pub(super) fn load(&mut self, world: &mut World, slot: SlotId) -> Result<(), RequestError> {
        let catalog = world.get_resource_or_init::<SessionCatalog>();
        let Some(entry) = catalog.slot(slot) else {
            return Err(catalog.why_unreadable(slot).into());
        };
        let (session, player) = (entry.session.id, entry.session.player.clone());
        let current = world.get_resource::<CurrentSession>();
        if current.is_some_and(|current| current.player() != player.as_deref()) {
            return Err(SlotError::OtherPlayer { player }.into());
        }
        self.prepare_slot(world, session, slot, RestoreReason::Loaded)
    }

    /// Has a slot read. If it is of the session that is being played, what was played since the last
    /// checkpoint is taken first; another session is closed later, with a checkpoint.
    fn prepare_slot(
        &mut self,
        world: &mut World,
        session: SessionId,
        slot: SlotId,
        reason: RestoreReason,
    ) -> Result<(), RequestError> {
        let tail = self.capture_tail(world, session)?;
        self.prepare_beside(Wanted { session, from: RestoreFrom::Slot(slot), reason, tail }, None);
        Ok(())
    }

    /// Takes a slot for the way out of a crash.
    pub(super) fn recover_from_slot(
        &mut self,
        world: &mut World,
        session: SessionId,
        slot: SlotId,
        reason: RestoreReason,
    ) -> Result<(), RequestError> {
        let catalog = world.get_resource_or_init::<SessionCatalog>();
        match catalog.slot(slot) {
            Some(entry) if entry.session.id == session => {}
            Some(_) => return Err(SlotError::Unknown.into()),
            None => return Err(catalog.why_unreadable(slot).into()),
        }
        let reason = match reason {
            RestoreReason::Rewound => RestoreReason::Loaded,
            reason => reason,
        };
        self.prepare_slot(world, session, slot, reason)
    }

    /// A checkpoint was read. If another session is still being played, that is closed first.
    pub(super) fn leave_and_restore(&mut self, world: &mut World, prepared: Prepared) {
        let session = prepared.metadata.id;
        let mut catalog = world.get_resource_or_init::<SessionCatalog>();
        if let Some(Transition::Preparing(Preparing { from: RestoreFrom::Slot(slot), .. })) =
            &self.transition
        {
            catalog.note_slot(*slot, Validity::Verified);
        }
        if catalog.get(session).is_none() {
            // Nothing but the slot was left of it.
            catalog.put(SessionEntry::begun(&prepared.metadata));
        }
        if self.session().is_none_or(|playing| playing == session) {
            return self.begin_restore(world, prepared);
        }
        let Some(preparing) = self.end_preparing() else { return };
        match self.leave(world, Move::Close, None) {
            Ok(()) => self.loaded = Some(Box::new(Loaded { preparing, prepared })),
            Err(error) => {
                warn!(%error, "the session can't be closed, so nothing is loaded");
                let request = preparing.request();
                notify(world, RequestRejected { request, error });
            }
        }
    }

    /// The session before was left: goes on with what was read meanwhile.
    pub(super) fn restore_loaded(&mut self, world: &mut World) {
        let Some(loaded) = self.loaded.take().filter(|_| !self.exited) else { return };
        let Loaded { preparing, prepared } = *loaded;
        self.transition = Some(Transition::Preparing(preparing));
        self.begin_restore(world, prepared);
    }

    pub(super) fn copy_slot(&mut self, slot: SlotId, name: &str) -> Result<(), RequestError> {
        check_slot_name(name)?;
        self.order(Order::Slot(SlotOrder::Copy { slot, name: name.to_owned() }));
        Ok(())
    }

    pub(super) fn rename_slot(&mut self, slot: SlotId, name: &str) -> Result<(), RequestError> {
        check_slot_name(name)?;
        self.order(Order::Slot(SlotOrder::Rename { slot, name: name.to_owned() }));
        Ok(())
    }

    pub(super) fn delete_slot(&mut self, slot: SlotId) -> Result<(), RequestError> {
        self.order(Order::Slot(SlotOrder::Delete { slot }));
        Ok(())
    }

    /// Takes in what came of something that was asked of slots.
    pub(super) fn slot_done(
        &mut self,
        world: &mut World,
        order: SlotOrder,
        result: Result<SlotDone, SlotError>,
    ) {
        let done = match result {
            Ok(done) => done,
            Err(error) => return tell_failure(world, order, error),
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
                    SlotOrder::Refresh { .. } => {}
                    _ => notify(world, SlotSaved { slot }),
                }
            }
        }
    }
}

fn tell_failure(world: &mut World, order: SlotOrder, error: SlotError) {
    error!(?order, %error, "nothing came of a slot");
    let request = match order {
        SlotOrder::Save { slot, session, checkpoint } => {
            let checkpoint = Some(checkpoint).filter(|_| error != SlotError::CheckpointNotSaved);
            return notify(world, SlotFailed { session, slot, checkpoint, error });
        }
        SlotOrder::Copy { slot, name } => Request::CopySlot { slot, name },
        SlotOrder::Rename { slot, name } => Request::RenameSlot { slot, name },
        SlotOrder::Delete { slot } => Request::DeleteSlot(slot),
        SlotOrder::Attach { checkpoint, attachment, .. } => {
            let error = AttachmentError::from(error).into();
            let request = Request::Attach { checkpoint, attachment };
            return notify(world, RequestRejected { request, error });
        }
        // The slot is there as it was, and nobody asked.
        SlotOrder::Refresh { .. } => return,
    };
    notify(world, RequestRejected { request, error: error.into() });
}

/// Notes in the catalogue what reading a slot has shown.
pub(super) fn note_refusal(world: &mut World, from: RestoreFrom, error: &RequestError) {
    if let (RestoreFrom::Slot(slot), RequestError::Slot(SlotError::Damaged { .. })) = (from, error)
    {
        world.get_resource_or_init::<SessionCatalog>().note_slot(slot, Validity::Damaged);
    }
}
