//! Calls that came after the app was complete.

use bevy::ecs::resource::Resource;
use bevy::ecs::world::World;

/// Calls that came after the app was complete, and have no effect therefore.
///
/// It is in the world from the moment at which what the game declared is resolved.
#[derive(Resource, Default)]
pub(crate) struct LateCalls(Vec<String>);

impl LateCalls {
    /// Whether a call comes too late; notes it if it does.
    pub(crate) fn note(world: &mut World, call: &str) -> bool {
        let late = world.get_resource_mut::<Self>();
        late.map(|mut late| late.0.push(call.to_owned())).is_some()
    }

    /// Whether what the game declared is resolved.
    pub(crate) fn is_app_complete(world: &World) -> bool {
        world.contains_resource::<Self>()
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those since the last call of this.
    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.0)
    }
}
