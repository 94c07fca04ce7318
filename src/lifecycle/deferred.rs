//! Checkpoints and slots that were asked for while none could be taken.

use bevy::prelude::*;

use super::notifications::{RequestRejected, SlotFailed, notify};
use super::requests::Request;
use super::runtime::RuntimeParts;
use crate::session::{RequestError, SlotError};

impl RuntimeParts {
    /// Takes all of them.
    pub(super) fn take_deferred(&mut self, world: &mut World) {
        self.take_deferred_checkpoints(world);
        self.save_deferred_slots(world);
    }

    /// Takes the checkpoints, and leaves the slots for later.
    pub(super) fn take_deferred_checkpoints(&mut self, world: &mut World) {
        let Some(playing) = &mut self.playing else { return };
        for (label, kind) in std::mem::take(&mut playing.deferred) {
            self.take_checkpoint(world, kind, Some(label));
        }
    }

    /// The session is left, or goes back, before those could be taken.
    pub(super) fn give_up_deferred(&mut self, world: &mut World) {
        let Some(playing) = &mut self.playing else { return };
        let session = playing.session;
        let checkpoints = std::mem::take(&mut playing.deferred);
        let slots = std::mem::take(&mut playing.deferred_slots);
        for (label, kind) in checkpoints {
            let request = Request::Checkpoint { label, kind };
            notify(world, RequestRejected { request, error: RequestError::GateStayedShut });
        }
        for slot in slots {
            let error = SlotError::CheckpointNotSaved;
            notify(world, SlotFailed { session, slot, checkpoint: None, error });
        }
    }
}
