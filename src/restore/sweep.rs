//! Clearing the old world away.

use bevy::ecs::component::{Component, ComponentId};
use bevy::ecs::entity::Entity;
use bevy::ecs::hierarchy::Children;
use bevy::ecs::query::{Or, QueryState, With, Without};
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::resource::IsResource;
use bevy::ecs::world::World;
use bevy::prelude::ReflectDefault;
use bevy::reflect::Reflect;
use bevy_session_journal::journal::SaveId;

use super::RestoreReport;
use super::despawn::despawn_all;
use super::late_markers::mark_late;
use crate::capture::{Placed, SaveKey, UnsavedMarkers};
use crate::saved::{Saved, unfiltered};

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

/// How often the old world is cleared, if clearing it spawns saved entities again.
const ROUNDS: u32 = 8;

type OldEntities =
    (Or<((With<Saved>, Without<SaveKey>), With<DespawnOnRestore>)>, Without<IsResource>);

/// Despawns all saved entities, and those marked with [`DespawnOnRestore`]. What a level places
/// stays: it is the level's.
///
/// Death has consequences in many games: an observer that drops loot spawns the next saved entity.
/// So it goes on until there is none, for a bounded number of rounds.
pub(super) fn despawn_old_entities(
    world: &mut World,
    adopted: &[ComponentId],
    report: &mut RestoreReport,
) {
    let mut unsaved = unfiltered(world, UnsavedMarkers::new);
    mark_late(world, adopted);
    unsaved.settle(world);
    let mut query: QueryState<Entity, OldEntities> = unfiltered(world, QueryState::new);
    report.unsaved_children = unsaved_children(world, &mut query);
    loop {
        mark_late(world, adopted);
        unsaved.settle(world);
        let old: Vec<Entity> = query.iter(world).collect();
        report.not_despawned = old.len() as u64;
        if old.is_empty() || report.despawn_rounds == ROUNDS {
            return;
        }
        report.despawn_rounds += 1;
        despawn_all(world, &old);
        world.flush();
    }
}

/// Entities that aren't saved and hang from saved ones: a camera on the player. They go with them.
fn unsaved_children(world: &World, old: &mut QueryState<Entity, OldEntities>) -> u64 {
    let is_unsaved = |child: &&Entity| world.get::<Saved>(**child).is_none();
    let children = old.iter(world).filter_map(|parent| world.get::<Children>(parent));
    children.map(|children| children.iter().filter(|child| is_unsaved(child)).count() as u64).sum()
}

/// Despawns what the level has spawned again although it was despawned in play.
pub(super) fn despawn_gone(
    world: &mut World,
    gone: &[(SaveId, SaveKey)],
    report: &mut RestoreReport,
) {
    let arrivals = Placed::welcome(world);
    report.add_duplicate_keys(arrivals.duplicates.into_iter().map(|(key, ..)| key));
    let Some(placed) = world.get_resource::<Placed>() else { return };
    let living: Vec<Entity> = gone
        .iter()
        .filter_map(|(_, key)| placed.find(world, key))
        .filter(|entity| world.get::<Saved>(*entity).is_some())
        .collect();
    report.gone_again = living.len() as u64;
    despawn_all(world, &living);
    world.flush();
}
