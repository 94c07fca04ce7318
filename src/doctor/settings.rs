//! What the doctor looks at, and when.

use std::any::TypeId;
use std::collections::{BTreeSet, HashSet};

use bevy::ecs::reflect::AppTypeRegistry;
use bevy::ecs::world::World;

use super::ownership::own_crates;
use crate::capture::SavedTypes;

/// Frames of a session after which the plugin looks at the game, unless it is set otherwise.
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
    /// Says that a component, resource or state is in order as it is: it is no progress, or made again
    /// from what is saved.
    #[must_use]
    pub fn ignore<T: 'static>(mut self) -> Self {
        self.ignored.insert(TypeId::of::<T>());
        self
    }

    /// Says that a crate is the game's own, by its name as it stands in paths: `hop_rules`.
    ///
    /// Except for `Transform`, only types of the game's own crates are looked at. Unless this is
    /// called, those are the crates with types that have `#[reflect(Saved)]`, and if there are none,
    /// those with any saved type; Bevy's aren't among them.
    #[must_use]
    pub fn own_crate(mut self, name: impl Into<String>) -> Self {
        self.crates.insert(name.into());
        self
    }

    /// How many frames after a session began the plugin looks at the game. 120 by default. It has no
    /// meaning to [`examine`](Self::examine).
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
