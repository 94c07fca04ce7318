//! The name that a level gives an entity.

use std::fmt;
use std::sync::Arc;

use bevy::ecs::component::Component;
use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::reflect::ReflectComponent;
use bevy::ecs::world::DeferredWorld;
use bevy::reflect::Reflect;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Placed;

/// The name that a level gives an entity, so that a checkpoint can find it.
///
/// A door, a coin or a boss comes from the level, which spawns it each time it is loaded. With a
/// key it is *placed*: a restore writes the saved values to the existing entity with this key and
/// never spawns a second one. If the level spawns it later, the values are written then. If it was
/// despawned in play, it is recorded as gone, and is despawned again whenever the level spawns it,
/// unless it was despawned with its state or with the root of its [`SaveScope`](crate::SaveScope).
///
/// For that, the entity must be [`Saved`](crate::Saved). A key on an entity that isn't is an
/// *anchor*: nothing of it is saved, but saved entities may refer to it, as in
/// `ChildOf(level_root)`.
///
/// A clone of the entity has no key, since the level didn't place it.
///
/// Keys must be unique among the entities in the world;
/// [`DuplicateSaveKey`](crate::placed::DuplicateSaveKey) reports two entities with the same key.
/// Make them from the level's name for the entity, not from its place in a list.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::{Saved, SaveKey};
/// # #[derive(Component, Default)] struct Door;
/// # fn load_level(mut commands: Commands) {
/// let root = commands.spawn(SaveKey::new("level_1")).id(); // an anchor
/// commands.spawn((Saved, Door, SaveKey::new("level_1/door_3"), ChildOf(root)));
/// # }
/// ```
#[derive(Component, Reflect, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[component(immutable, on_insert = arrive, on_discard = leave_free, on_despawn = depart, clone_behavior = Ignore)]
#[reflect(opaque)]
#[reflect(Component, Clone, PartialEq, Hash)]
pub struct SaveKey(Arc<str>);

impl SaveKey {
    /// A key, usually the level's name and the entity's name in it.
    pub fn new(key: impl AsRef<str>) -> Self {
        Self(key.as_ref().into())
    }

    /// The key's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SaveKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for SaveKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SaveKey({:?})", &*self.0)
    }
}

impl From<&str> for SaveKey {
    fn from(key: &str) -> Self {
        Self::new(key)
    }
}

impl From<String> for SaveKey {
    fn from(key: String) -> Self {
        Self(key.into())
    }
}

impl Serialize for SaveKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SaveKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

fn arrive(mut world: DeferredWorld<'_>, context: HookContext) {
    if let Some(mut placed) = world.get_resource_mut::<Placed>() {
        placed.arrivals.push(context.entity);
    }
}

fn leave_free(mut world: DeferredWorld<'_>, context: HookContext) {
    Placed::note_free_key(&mut world, context.entity);
}

fn depart(mut world: DeferredWorld<'_>, context: HookContext) {
    Placed::note_departure(&mut world, context.entity);
}
