//! Despawns the old world.

use bevy::ecs::component::{Component, ComponentId};
use bevy::ecs::entity::Entity;
use bevy::ecs::hierarchy::Children;
use bevy::ecs::query::{Or, QueryState, With, Without};
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::resource::{IS_RESOURCE, IsResource};
use bevy::ecs::world::World;
use bevy::prelude::ReflectDefault;
use bevy::reflect::Reflect;
use bevy_session_journal::SaveId;

use super::RestoreReport;
use super::despawn::despawn_all;
use super::late_markers::mark_late;
use crate::capture::{Placed, SaveKey, UnsavedMarkers};
use crate::saved::{Saved, unfiltered};

/// Marks an unsaved entity that makes no sense after a restore: a bullet, a particle, a popup. It
/// is despawned with the old world.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::recovery::DespawnOnRestore;
/// # let mut world = World::new();
/// world.spawn((Name::new("bullet"), DespawnOnRestore));
/// ```
#[derive(Component, Reflect, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[reflect(Component, Default)]
pub struct DespawnOnRestore;

/// The number of times that the old world is cleared, if that spawns saved entities again.
const ROUNDS: u32 = 8;

type OldEntities =
    (Or<((With<Saved>, Without<SaveKey>), With<DespawnOnRestore>)>, Without<IsResource>);

/// Finds the entities of the old world: all that are saved, and those marked with
/// [`DespawnOnRestore`]. Placed entities stay: they belong to the level.
pub(super) struct Sweep {
    adopted: Vec<ComponentId>,
    /// Built only if something is unsaved, which is rare.
    unsaved: Option<UnsavedMarkers>,
    old: Option<QueryState<Entity, OldEntities>>,
}

impl Sweep {
    /// A sweep of a world in which entities with these components may have no marker yet.
    pub(super) fn begin(adopted: &[ComponentId]) -> Self {
        Self { adopted: adopted.to_vec(), unsaved: None, old: None }
    }

    /// The old entities that are there.
    pub(super) fn old_entities(&mut self, world: &mut World) -> Vec<Entity> {
        self.settle_markers(world);
        let old = self.old.get_or_insert_with(|| unfiltered(world, QueryState::new));
        old.iter(world).collect()
    }

    /// The number of old entities.
    pub(super) fn count_old_entities(&mut self, world: &mut World) -> usize {
        self.settle_markers(world);
        let [saved, key, goes] = [
            world.component_id::<Saved>(),
            world.component_id::<SaveKey>(),
            world.component_id::<DespawnOnRestore>(),
        ];
        count_entities(world, |has| has(saved) && !has(key) || has(goes))
    }

    fn settle_markers(&mut self, world: &mut World) {
        mark_late(world, &self.adopted);
        if self.unsaved.is_some() || UnsavedMarkers::has_work(world) {
            let unsaved =
                self.unsaved.get_or_insert_with(|| unfiltered(world, UnsavedMarkers::new));
            unsaved.settle(world);
        }
    }

    /// Despawns all old entities, and those that are `gone` and that the level has spawned again.
    /// What comes of their death is swept as well.
    pub(super) fn despawn_all(
        &mut self,
        world: &mut World,
        gone: &[(SaveId, SaveKey)],
        report: &mut RestoreReport,
    ) {
        let mut old = self.old_entities(world);
        old.extend(living_gone(world, gone, report));
        self.despawn(world, old, |_| false, report);
    }

    /// Despawns all old entities that are there.
    pub(super) fn despawn_old(&mut self, world: &mut World, report: &mut RestoreReport) {
        let old = self.old_entities(world);
        self.despawn(world, old, |_| false, report);
    }

    /// Despawns old entities.
    ///
    /// Despawning has consequences in many games: an observer that drops loot spawns the next saved
    /// entity. So it is repeated until only staying entities are left, for a bounded number of
    /// rounds.
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

/// The number of entities with components like these, except resources. Reads archetypes only.
pub(super) fn count_entities(
    world: &World,
    is_like: impl Fn(&dyn Fn(Option<ComponentId>) -> bool) -> bool,
) -> usize {
    let archetypes = world.archetypes().iter().filter(|archetype| {
        let has = |component: Option<ComponentId>| {
            component.is_some_and(|component| archetype.contains(component))
        };
        !archetype.contains(IS_RESOURCE) && is_like(&has)
    });
    archetypes.map(|archetype| archetype.len() as usize).sum()
}

/// Unsaved entities that are descendants of saved ones: a camera on the player. They are despawned
/// with them.
fn unsaved_children(world: &World, old: &[Entity]) -> u64 {
    let is_unsaved = |child: &&Entity| world.get::<Saved>(**child).is_none();
    let children = old.iter().filter_map(|parent| world.get::<Children>(*parent));
    children.map(|children| children.iter().filter(|child| is_unsaved(child)).count() as u64).sum()
}

/// Has the entities found by their keys that the level has spawned since the last look.
pub(super) fn welcome(world: &mut World, report: &mut RestoreReport) {
    let arrivals = Placed::welcome(world, |_, _| false);
    report.add_duplicate_keys(arrivals.duplicates.into_iter().map(|(key, ..)| key));
}

/// Entities that the level has spawned again although they were despawned in play.
pub(super) fn living_gone(
    world: &mut World,
    gone: &[(SaveId, SaveKey)],
    report: &mut RestoreReport,
) -> Vec<Entity> {
    welcome(world, report);
    let Some(placed) = world.get_resource::<Placed>() else { return Vec::new() };
    let found = gone.iter().filter_map(|(_, key)| placed.find(world, key));
    let living: Vec<Entity> =
        found.filter(|entity| world.get::<Saved>(*entity).is_some()).collect();
    report.placed.gone_again = living.len() as u64;
    living
}
