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
use bevy_session_journal::SaveId;

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

/// Looks for the entities of the old world: all that are saved, and those marked with [`DespawnOnRestore`]. What a level
/// places stays: it is the level's.
pub(super) struct Sweep {
    adopted: Vec<ComponentId>,
    unsaved: UnsavedMarkers,
    old: QueryState<Entity, OldEntities>,
}

impl Sweep {
    /// Of a world in which entities with these components may have no marker yet.
    pub(super) fn begin(world: &mut World, adopted: &[ComponentId]) -> Self {
        let unsaved = unfiltered(world, UnsavedMarkers::new);
        let old = unfiltered(world, QueryState::new);
        Self { adopted: adopted.to_vec(), unsaved, old }
    }

    /// The old entities that are there.
    pub(super) fn old_entities(&mut self, world: &mut World) -> Vec<Entity> {
        mark_late(world, &self.adopted);
        self.unsaved.settle(world);
        self.old.iter(world).collect()
    }

    /// Despawns all old entities.
    pub(super) fn despawn_all(&mut self, world: &mut World, report: &mut RestoreReport) {
        let old = self.old_entities(world);
        self.despawn(world, old, |_| false, report);
    }

    /// Despawns old entities.
    ///
    /// Death has consequences in many games: an observer that drops loot spawns the next saved entity.
    /// So it goes on until there is none but those that stay, for a bounded number of rounds.
    pub(super) fn despawn(
        &mut self,
        world: &mut World,
        mut old: Vec<Entity>,
        stays: impl Fn(Entity) -> bool,
        report: &mut RestoreReport,
    ) {
        report.unsaved_children += unsaved_children(world, &old);
        let rounds_before = report.clearing.rounds;
        loop {
            report.clearing.left = old.len() as u64;
            if old.is_empty() || report.clearing.rounds == rounds_before + ROUNDS {
                return;
            }
            report.clearing.rounds += 1;
            report.despawned += old.len() as u64;
            despawn_all(world, &old);
            world.flush();
            old = self.old_entities(world);
            old.retain(|entity| !stays(*entity));
        }
    }
}

/// Entities that aren't saved and hang from saved ones: a camera on the player. They go with them.
fn unsaved_children(world: &World, old: &[Entity]) -> u64 {
    let is_unsaved = |child: &&Entity| world.get::<Saved>(**child).is_none();
    let children = old.iter().filter_map(|parent| world.get::<Children>(*parent));
    children.map(|children| children.iter().filter(|child| is_unsaved(child)).count() as u64).sum()
}

/// What the level has spawned again although it was despawned in play.
pub(super) fn living_gone(
    world: &mut World,
    gone: &[(SaveId, SaveKey)],
    report: &mut RestoreReport,
) -> Vec<Entity> {
    let arrivals = Placed::welcome(world);
    report.add_duplicate_keys(arrivals.duplicates.into_iter().map(|(key, ..)| key));
    let Some(placed) = world.get_resource::<Placed>() else { return Vec::new() };
    let found = gone.iter().filter_map(|(_, key)| placed.find(world, key));
    let living: Vec<Entity> =
        found.filter(|entity| world.get::<Saved>(*entity).is_some()).collect();
    report.placed.gone_again = living.len() as u64;
    living
}

/// Despawns what the level has spawned again although it was despawned in play.
pub(super) fn despawn_gone(
    world: &mut World,
    gone: &[(SaveId, SaveKey)],
    report: &mut RestoreReport,
) {
    let living = living_gone(world, gone, report);
    report.despawned += living.len() as u64;
    despawn_all(world, &living);
    world.flush();
}
