//! Clearing the old world away.

use bevy::ecs::component::{Component, ComponentId};
use bevy::ecs::entity::Entity;
use bevy::ecs::query::{Or, QueryState, With, Without};
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::resource::IsResource;
use bevy::ecs::world::World;
use bevy::prelude::ReflectDefault;
use bevy::reflect::Reflect;

use super::RestoreReport;
use super::late_markers::mark_late;
use crate::capture::{Saved, unfiltered};

/// Marks an entity that isn't saved and makes no sense after a restore: a bullet, a particle, a
/// popup. It is despawned with the old world.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::DespawnOnRestore;
/// # let mut world = World::new();
/// world.spawn((Name::new("bullet"), DespawnOnRestore));
/// ```
#[derive(Component, Reflect, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[reflect(Component, Default)]
pub struct DespawnOnRestore;

/// How often the old world is cleared, if clearing it spawns saved entities anew.
const ROUNDS: u32 = 8;

type OldEntities = (Or<(With<Saved>, With<DespawnOnRestore>)>, Without<IsResource>);

/// Despawns all saved entities, and those marked with [`DespawnOnRestore`].
///
/// Death has consequences in many games: an observer that drops loot spawns the next saved entity.
/// So it goes on until there is none, for a bounded number of rounds.
pub(super) fn despawn_old_entities(
    world: &mut World,
    adopted: &[ComponentId],
    report: &mut RestoreReport,
) {
    let mut query: QueryState<Entity, OldEntities> = unfiltered(world, QueryState::new);
    loop {
        mark_late(world, adopted);
        let old: Vec<Entity> = query.iter(world).collect();
        report.not_despawned = old.len() as u64;
        if old.is_empty() || report.despawn_rounds == ROUNDS {
            return;
        }
        report.despawn_rounds += 1;
        for entity in old {
            // Despawning a parent took its children along.
            if let Ok(entity) = world.get_entity_mut(entity) {
                entity.despawn();
            }
        }
        world.flush();
    }
}
