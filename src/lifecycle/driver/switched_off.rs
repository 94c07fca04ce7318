//! Answers requests if sessions are switched off.

use bevy::prelude::*;
use bevy_session_journal::RequestError;

use crate::lifecycle::hooks::game_hooks::CheckpointTriggers;
use crate::lifecycle::requests::{RequestQueue, reject_asked};

/// Replaces [`Runtime`](super::Runtime) if sessions are switched off for this start. Each request is rejected with this error.
#[derive(Resource)]
pub(crate) struct SwitchedOff(pub(crate) RequestError);

impl SwitchedOff {
    /// Returns true if the player or developer has switched sessions off, or the game has no plugin of ours.
    pub(in crate::lifecycle) fn is_wanted(world: &World) -> bool {
        let switched_off = world.get_resource::<Self>();
        switched_off.is_none_or(|Self(reason)| *reason == RequestError::SessionsAreOff)
    }

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
