//! The settings of the doctor.

use std::any::TypeId;
use std::collections::{BTreeSet, HashSet};

use bevy::ecs::reflect::AppTypeRegistry;
use bevy::ecs::world::World;

use super::ownership::own_crates;
use crate::capture::SavedTypes;

/// The number of frames after a session's start at which the plugin examines the game, unless it is
/// set otherwise.
const FRAMES: u32 = 120;

/// Finds what a game forgot. See the [module](crate::doctor).
#[derive(Clone, Debug)]
pub struct Doctor {
    pub(super) ignored: HashSet<TypeId>,
    crates: BTreeSet<String>,
    pub(super) frames: u32,
}

impl Default for Doctor {
    fn default() -> Self {
        Self { ignored: HashSet::new(), crates: BTreeSet::new(), frames: FRAMES }
    }
}

impl Doctor {
    /// Ignores a component, resource or state that needn't be saved: it isn't progress, or is
    /// rebuilt from saved values.
    #[must_use]
    pub fn ignore<T: 'static>(mut self) -> Self {
        self.ignored.insert(TypeId::of::<T>());
        self
    }

    /// Declares one of the game's own crates, by its name in paths: `hop_rules`.
    ///
    /// Except for `Transform`, only types of the game's own crates are examined. Unless this is
    /// called, these are the crates with types that have `#[reflect(Saved)]` or, if there are none,
    /// with any saved type; Bevy's are never among them.
    #[must_use]
    pub fn own_crate(mut self, name: impl Into<String>) -> Self {
        self.crates.insert(name.into());
        self
    }

    /// The number of frames after a session's start at which the plugin examines the game. 120 by
    /// default. [`examine`](Self::examine) doesn't use it.
    #[must_use]
    pub fn after_frames(mut self, frames: u32) -> Self {
        self.frames = frames;
        self
    }

    /// The crates that are the game's own.
    pub(super) fn crates_of(&self, world: &World, types: &SavedTypes) -> BTreeSet<String> {
        if !self.crates.is_empty() {
            return self.crates.clone();
        }
        let registry = world.get_resource::<AppTypeRegistry>().cloned().unwrap_or_default();
        own_crates(&registry.read(), types)
    }

    pub(super) fn ignores(&self, type_id: Option<TypeId>) -> bool {
        type_id.is_some_and(|type_id| self.ignored.contains(&type_id))
    }
}
