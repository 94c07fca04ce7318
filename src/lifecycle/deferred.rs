//! Checkpoints and slots that were asked for while none could be taken.

use std::collections::VecDeque;

use bevy::prelude::*;

use super::asked_checkpoints::WantedCheckpoint;
use super::requests::{CurrentRequest, join, reject, reject_part};
use super::runtime::RuntimeParts;
use super::slots::slot_failed;
use crate::ids::Ticket;
use crate::session::{RequestError, SaveSlot, SlotError};

/// What a game asked for while its gate was shut.
#[derive(Default)]
pub(crate) struct Deferred {
    checkpoints: VecDeque<WantedCheckpoint>,
    slots: VecDeque<(SaveSlot, Ticket)>,
}

impl Deferred {
    pub(super) fn checkpoint(&mut self, wanted: WantedCheckpoint) {
        self.checkpoints.push_back(wanted);
    }

    /// A slot like one that waits already is made with it.
    pub(super) fn slot(&mut self, world: &mut World, slot: SaveSlot, ticket: Ticket) {
        match self.slots.iter().find(|(waiting, _)| *waiting == slot) {
            Some((_, waiting)) => join(world, ticket, *waiting),
            None => self.slots.push_back((slot, ticket)),
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
        } else if let Some((slot, ticket)) = playing.deferred.slots.pop_front() {
            self.save_deferred_slot(world, &slot, ticket);
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
        for (slot, ticket) in std::mem::take(&mut playing.deferred.slots) {
            self.save_deferred_slot(world, &slot, ticket);
        }
    }

    fn save_deferred_slot(&mut self, world: &mut World, slot: &SaveSlot, ticket: Ticket) {
        if let Err(error) = self.save_slot(world, ticket, slot) {
            reject(world, ticket, error);
        }
    }

    /// The session is left, or goes back, before those could be taken.
    pub(super) fn give_up_deferred(&mut self, world: &mut World) {
        let Some(playing) = &mut self.playing else { return };
        let session = playing.session;
        let Deferred { checkpoints, slots } = std::mem::take(&mut playing.deferred);
        for WantedCheckpoint { kind, label, ticket } in checkpoints {
            let error = RequestError::GateStayedShut;
            match ticket {
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
}
