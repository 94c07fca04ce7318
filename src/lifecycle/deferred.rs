//! Checkpoints and slots that were asked for while none could be taken.

use std::collections::VecDeque;

use bevy::prelude::*;

use super::asked_checkpoints::WantedCheckpoint;
use super::requests::{CurrentRequest, join, reject, reject_part};
use super::runtime::{Playing, RuntimeParts};
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

    pub(super) fn slot(&mut self, slot: SaveSlot, ticket: Ticket) {
        self.slots.push_back((slot, ticket));
    }

    /// Takes the first slot. Those that are like it are made with it.
    fn take_slot(&mut self, world: &mut World) -> Option<(SaveSlot, Ticket)> {
        let (slot, ticket) = self.slots.pop_front()?;
        self.slots.retain(|(other, joined)| {
            let is_like_it = *other == slot;
            if is_like_it {
                join(world, *joined, ticket);
            }
            !is_like_it
        });
        Some((slot, ticket))
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
        } else if let Some((slot, ticket)) = playing.deferred.take_slot(world) {
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
        let next = |playing: &mut Playing, world: &mut World| playing.deferred.take_slot(world);
        while let Some((slot, ticket)) =
            self.playing.as_mut().and_then(|playing| next(playing, world))
        {
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
