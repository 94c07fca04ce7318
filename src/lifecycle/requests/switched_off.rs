//! Sessions that are switched off for a start.

use bevy::prelude::*;
use bevy_session_journal::RequestError;

/// Replaces the runtime if sessions are switched off for this start. Each request is rejected with this error.
#[derive(Resource)]
pub(crate) struct SwitchedOff(pub(crate) RequestError);

impl SwitchedOff {
    /// Returns true if the player or developer has switched sessions off, or the game has no plugin of ours.
    pub(in crate::lifecycle) fn is_wanted(world: &World) -> bool {
        let switched_off = world.get_resource::<Self>();
        switched_off.is_none_or(|Self(reason)| *reason == RequestError::SessionsAreOff)
    }
}
