//! Levels that are loaded and unloaded as a whole.

use bevy::ecs::component::Component;
use bevy::ecs::entity::Entity;
use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::world::{DeferredWorld, World};
use bevy::reflect::Reflect;

use super::{Placed, SaveKey};
use crate::capture::descendants::Descendants;
use crate::saved::Saved;

/// Marks the root of a level, or of anything else that is spawned and despawned as a whole.
///
/// When a placed entity (see [`SaveKey`]) is despawned, it was opened, taken or killed, and stays
/// gone. When the root of its scope is despawned, the player has left: the placed entities below it
/// are *parked* with their values at that moment, and get them back when the level is loaded again.
/// Without a scope, leaving a level would remove its doors for good.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::SaveScope;
/// # fn load_level(mut commands: Commands) {
/// commands.spawn(SaveScope::new("level_1"));
/// # }
/// ```
#[derive(Component, Reflect, Clone, PartialEq, Eq, Debug)]
#[component(on_despawn = leave)]
#[reflect(Component)]
pub struct SaveScope(pub String);

impl SaveScope {
    /// A scope. Its name is for logs and tools.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

/// The hook runs before the children go: Bevy despawns them with commands.
fn leave(mut world: DeferredWorld<'_>, context: HookContext) {
    if !world.get_resource::<Placed>().is_some_and(Placed::is_recording) {
        return;
    }
    let mut leaving = placed_with(&world, std::iter::once(context.entity));
    let Some(mut known) = world.get_resource_mut::<Placed>() else { return };
    leaving.iter().for_each(|(entity, _)| known.note_leaving(*entity));
    // They would have been despawned again.
    leaving.retain(|(_, key)| !known.is_gone(key));
    let Some(types) = known.types().filter(|_| !leaving.is_empty()) else { return };
    let entities: Vec<Entity> = leaving.iter().map(|(entity, _)| *entity).collect();
    let columns = types.copy(&world, &entities);
    if let Some(mut known) = world.get_resource_mut::<Placed>() {
        known.park(leaving, columns);
    }
}

/// The placed entities that are despawned with these roots, the roots among them.
pub(super) fn placed_with(
    world: &World,
    roots: impl Iterator<Item = Entity>,
) -> Vec<(Entity, SaveKey)> {
    let going = Descendants::despawned_with(world, roots);
    let placed = going.iter().filter_map(|entity| {
        let found = world.get_entity(entity).ok().filter(|found| found.contains::<Saved>())?;
        Some((entity, found.get::<SaveKey>()?.clone()))
    });
    placed.collect()
}
