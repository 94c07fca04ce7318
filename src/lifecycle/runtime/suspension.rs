//! The system suspends the game, as a phone does, and may end it without notice.

use bevy::prelude::*;

/// The system's state of suspending the game. The resource is absent if nothing watches windows.
#[derive(Resource, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Suspension {
    /// The game runs.
    #[default]
    None,
    /// The system suspends it after this frame.
    Announced,
    /// Any frames that follow are in the background.
    InForce,
}

impl Suspension {
    /// Returns true if the game is in the background after this frame.
    pub(in crate::lifecycle) fn is_on(world: &World) -> bool {
        world.get_resource::<Self>().is_some_and(|suspension| *suspension != Self::None)
    }

    /// Returns true if it was announced in this frame.
    pub(in crate::lifecycle) fn begins(world: &mut World) -> bool {
        let Some(mut suspension) = world.get_resource_mut::<Self>() else { return false };
        let begins = *suspension == Self::Announced;
        if begins {
            *suspension = Self::InForce;
        }
        begins
    }
}
