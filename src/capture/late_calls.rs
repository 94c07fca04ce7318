//! Calls that came after the app was complete.

use bevy::ecs::resource::Resource;
use bevy::ecs::world::World;

/// Calls that came after the app was complete, and therefore have no effect.
///
/// The resource exists once the game's declarations are resolved.
#[derive(Resource, Default)]
pub(crate) struct LateCalls(Vec<String>);

impl LateCalls {
    /// Returns true if a call comes too late, and notes it then.
    pub(crate) fn note(world: &mut World, call: &str) -> bool {
        let late = world.get_resource_mut::<Self>();
        late.map(|mut late| late.0.push(call.to_owned())).is_some()
    }

    /// Returns true once the game's declarations are resolved.
    pub(crate) fn is_app_complete(world: &World) -> bool {
        world.contains_resource::<Self>()
    }

    /// Returns true if there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the calls since the last time.
    pub(crate) fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.0)
    }
}
