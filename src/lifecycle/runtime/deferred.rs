//! Requests for checkpoints and slots that came while none could be taken.

use std::collections::VecDeque;

use bevy::prelude::*;
use bevy_session_journal::{SaveSlot, Ticket};

use super::asked_checkpoints::WantedCheckpoint;
use crate::lifecycle::requests::join;

/// Requests of the game that came while its gate was shut.
#[derive(Default)]
pub(crate) struct Deferred {
    checkpoints: VecDeque<WantedCheckpoint>,
    slots: VecDeque<(SaveSlot, Ticket)>,
}

impl Deferred {
    pub(in crate::lifecycle) fn checkpoint(&mut self, wanted: WantedCheckpoint) {
        self.checkpoints.push_back(wanted);
    }

    /// Adds a slot. If an equal one waits already, both are made at once.
    pub(in crate::lifecycle) fn slot(&mut self, world: &mut World, slot: SaveSlot, ticket: Ticket) {
        match self.slots.iter().find(|(waiting, _)| *waiting == slot) {
            Some((_, waiting)) => join(world, ticket, *waiting),
            None => self.slots.push_back((slot, ticket)),
        }
    }

    /// The next checkpoint that waits.
    pub(in crate::lifecycle) fn next_checkpoint(&mut self) -> Option<WantedCheckpoint> {
        self.checkpoints.pop_front()
    }

    /// The next slot that waits.
    pub(in crate::lifecycle) fn next_slot(&mut self) -> Option<(SaveSlot, Ticket)> {
        self.slots.pop_front()
    }

    /// All checkpoints that wait.
    pub(in crate::lifecycle) fn take_checkpoints(&mut self) -> VecDeque<WantedCheckpoint> {
        std::mem::take(&mut self.checkpoints)
    }

    /// All slots that wait.
    pub(in crate::lifecycle) fn take_slots(&mut self) -> VecDeque<(SaveSlot, Ticket)> {
        std::mem::take(&mut self.slots)
    }

    pub(in crate::lifecycle) fn has_slots(&self) -> bool {
        !self.slots.is_empty()
    }

    pub(in crate::lifecycle) fn has_checkpoints(&self) -> bool {
        !self.checkpoints.is_empty()
    }

    pub(in crate::lifecycle) fn is_empty(&self) -> bool {
        self.checkpoints.is_empty() && self.slots.is_empty()
    }
}
