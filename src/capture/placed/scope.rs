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
    let placed = placed_below(&world, context.entity);
    if placed.is_empty() {
        return;
    }
    let Some(types) = world.get_resource::<Placed>().and_then(Placed::types) else { return };
    let entities: Vec<Entity> = placed.iter().map(|(entity, _)| *entity).collect();
    let columns = types.copy(&world, &entities);
    if let Some(mut resource) = world.get_resource_mut::<Placed>() {
        resource.park(placed, columns);
    }
}

/// The placed entities below a root, and the root itself, but for those that are gone for good and
/// would have been despawned again.
fn placed_below(world: &World, root: Entity) -> Vec<(Entity, SaveKey)> {
    let Some(known) = world.get_resource::<Placed>() else { return Vec::new() };
    let below = Descendants::of(world, std::iter::once(root));
    let placed = below.iter().filter_map(|entity| {
        let found = world.get_entity(entity).ok().filter(|found| found.contains::<Saved>())?;
        Some((entity, found.get::<SaveKey>()?.clone()))
    });
    placed.filter(|(_, key)| !known.is_gone(key)).collect()
}
