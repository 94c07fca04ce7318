//! A world with the game's types and nothing else of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy::ecs::entity::EntityHashMap;
use bevy::ecs::reflect::AppTypeRegistry;
use bevy::ecs::world::World;
use bevy_session_journal::SaveId;

use super::saved_rows::{Outsiders, SavedRows};
use super::trip::Supply;
use crate::capture::{Declarations, SavedTypes};
use crate::restore::{Leftovers, RestoreReport, WorldImage};
use crate::saved::panic_message;
use crate::{SaveKey, Saved};

/// A world with the game's types and nothing else of it, into which a game is restored.
pub(crate) struct FreshWorld {
    pub world: World,
    pub types: Arc<SavedTypes>,
}

/// The result of a restore.
pub(crate) struct Restored {
    pub report: RestoreReport,
    /// The ids under which entities were restored.
    pub ids: EntityHashMap<SaveId>,
}

impl FreshWorld {
    /// A world beside a game's, sharing no entity with it: with what `supply` puts into it, and
    /// stand-ins for placed entities.
    pub(super) fn beside(game: &World, saved: &SavedRows, supply: &[Supply]) -> Self {
        let mut world = World::new();
        if let Some(registry) = game.get_resource::<AppTypeRegistry>() {
            world.insert_resource(registry.clone());
        }
        if let Some(declarations) = game.get_resource::<Declarations>() {
            world.insert_resource(declarations.clone());
        }
        let types = Arc::new(SavedTypes::collect(&mut world));
        // An entity that is the same in both worlds is one that wasn't mapped.
        world.entity_allocator().alloc_many(game.entities().len()).for_each(drop);
        supply.iter().for_each(|supply| supply(game, &mut world));
        for (key, ..) in &saved.anchors {
            world.spawn(key.clone());
        }
        for entity in saved.saved.keys() {
            if let Some(key) = game.get::<SaveKey>(*entity) {
                world.spawn((Saved, key.clone()));
            }
        }
        Self { world, types }
    }

    /// A world beside a game's, for the present saved data.
    pub(crate) fn beside_saved(game: &mut World, types: &Arc<SavedTypes>) -> Self {
        let known = EntityHashMap::default();
        let saved = SavedRows::of(game, types, &known, SaveId::FIRST, Outsiders::AreNoOne);
        Self::beside(game, &saved, &[])
    }

    /// Restores everything. Returns the message if code of the game panicked.
    pub(crate) fn restore(&mut self, mut image: WorldImage) -> Result<Restored, String> {
        // The world isn't looked at again if it is left half done.
        let replaced = catch_unwind(AssertUnwindSafe(|| {
            image.insert_resources(&mut self.world);
            image.replace_entities(&mut self.world, &Leftovers::none())
        }));
        let replaced = replaced.map_err(|payload| panic_message(&*payload))?;
        let ids = replaced.seeds.into_iter().collect();
        Ok(Restored { report: replaced.report, ids })
    }
}
