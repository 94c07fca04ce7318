//! Answers requests if sessions are switched off.

use bevy::prelude::*;

use crate::lifecycle::hooks::game_hooks::CheckpointTriggers;
use crate::lifecycle::requests::{RequestQueue, SwitchedOff, reject_asked};

impl SwitchedOff {
    /// Rejects the game's requests. Returns true if sessions are switched off.
    pub(in crate::lifecycle) fn answers_for(world: &mut World) -> bool {
        let Some(Self(error)) = world.get_resource::<Self>() else { return false };
        let error = error.clone();
        if let Some(mut triggers) = world.get_resource_mut::<CheckpointTriggers>() {
            triggers.bypass_change_detection().clear();
        }
        for asked in world.get_resource_or_init::<RequestQueue>().take_all() {
            reject_asked(world, asked, error.clone());
        }
        true
    }
}
