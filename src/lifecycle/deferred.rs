//! Checkpoints and slots that were asked for while none could be taken.

use std::collections::VecDeque;

use bevy::prelude::*;

use super::asked_checkpoints::WantedCheckpoint;
use super::notifications::{SlotFailed, notify};
use super::requests::{CurrentRequest, RequestId, SlotRequest, reject};
use super::runtime::RuntimeParts;
use crate::session::{RequestError, SaveSlot, SlotError};

/// What a game asked for while its gate was shut.
#[derive(Default)]
pub(crate) struct Deferred {
    checkpoints: VecDeque<WantedCheckpoint>,
    slots: VecDeque<SaveSlot>,
}

impl Deferred {
    pub(super) fn checkpoint(&mut self, wanted: WantedCheckpoint) {
        self.checkpoints.push_back(wanted);
    }

    pub(super) fn slot(&mut self, slot: SaveSlot) {
        if !self.slots.contains(&slot) {
            self.slots.push_back(slot);
        }
    }

    pub(super) fn has_checkpoints(&self) -> bool {
        !self.checkpoints.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.checkpoints.is_empty() && self.slots.is_empty()
    }
}

impl RuntimeParts {
    /// Takes a checkpoint that was asked for, or, where the gate is shut, as soon as it opens.
    pub(super) fn take_or_defer(&mut self, world: &mut World, wanted: WantedCheckpoint) {
        match &mut self.playing {
            Some(playing) if !playing.gate_was_open => playing.deferred.checkpoint(wanted),
            _ => self.take_wanted(world, wanted),
        }
    }

    /// Takes the first of them, now that the gate is open: one in a frame, since each is a capture of its own.
    pub(super) fn take_next_deferred(&mut self, world: &mut World) {
        if self.writer.is_behind() {
            return;
        }
        let Some(playing) = &mut self.playing else { return };
        if let Some(wanted) = playing.deferred.checkpoints.pop_front() {
            self.take_wanted(world, wanted);
        } else if let Some(slot) = playing.deferred.slots.pop_front() {
            self.save_deferred_slot(world, slot);
        }
    }

    /// Takes all of them, at the last moment for it.
    pub(super) fn take_deferred(&mut self, world: &mut World) {
        self.take_deferred_checkpoints(world);
        self.save_deferred_slots(world);
    }

    /// Takes the checkpoints, and leaves the slots for later.
    pub(super) fn take_deferred_checkpoints(&mut self, world: &mut World) {
        let Some(playing) = &mut self.playing else { return };
        for wanted in std::mem::take(&mut playing.deferred.checkpoints) {
            self.take_wanted(world, wanted);
        }
    }

    fn save_deferred_slots(&mut self, world: &mut World) {
        let Some(playing) = &mut self.playing else { return };
        for slot in std::mem::take(&mut playing.deferred.slots) {
            self.save_deferred_slot(world, slot);
        }
    }

    fn save_deferred_slot(&mut self, world: &mut World, slot: SaveSlot) {
        if let Err(error) = self.save_slot(world, &slot) {
            reject(world, SlotRequest::Save(slot), error);
        }
    }

    /// The session is left, or goes back, before those could be taken.
    pub(super) fn give_up_deferred(&mut self, world: &mut World) {
        let Some(playing) = &mut self.playing else { return };
        let session = playing.session;
        let Deferred { checkpoints, slots } = std::mem::take(&mut playing.deferred);
        for WantedCheckpoint { kind, label, request } in checkpoints {
            let label = label.unwrap_or_default();
            let request = request.unwrap_or_else(RequestId::new);
            let asked = CurrentRequest::Checkpoint { label, kind, request };
            reject(world, asked, RequestError::GateStayedShut);
        }
        for slot in slots {
            let error = SlotError::CheckpointNotSaved;
            notify(world, SlotFailed { session, slot, checkpoint: None, error });
        }
    }
}
