//! Notes whether the game removed an objective.

use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::world::DeferredWorld;
use bevy::prelude::*;

/// True if an objective was removed since the tree was grown.
#[derive(Resource, Default)]
pub(crate) struct SomeWent(bool);

impl SomeWent {
    /// Returns true if one was removed since the last call.
    pub(super) fn take(world: &mut World) -> bool {
        std::mem::take(&mut world.get_resource_or_init::<Self>().bypass_change_detection().0)
    }
}

/// A hook of the component.
pub(super) fn note_that_some_went(mut world: DeferredWorld, _: HookContext) {
    if let Some(mut went) = world.get_resource_mut::<SomeWent>() {
        went.0 = true;
    }
}
