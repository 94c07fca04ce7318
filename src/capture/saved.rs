//! What marks entities and types as part of the player's progress.

use std::fmt;

use bevy::ecs::component::Component;
use bevy::ecs::reflect::ReflectComponent;
use bevy::prelude::ReflectDefault;
use bevy::reflect::{FromType, Reflect, TypePath};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::declaration::Declaration;

/// Marks an entity as part of the player's progress: it is in every checkpoint, with all its
/// components whose types are saved.
///
/// Types with `#[reflect(Saved)]` bring the marker along. Insert it by hand on entities that have
/// none of those, and remove it from those that should not be saved after all.
///
/// A restore spawns the entity again. What the engine keeps beside its components doesn't come back:
/// observers that watch just this entity, made by `spawn(…).observe(…)`, go with it. Make them in an
/// observer of `On<Add, …>`, or watch all such entities with `add_observer`.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::Saved;
/// # let mut world = World::new();
/// world.spawn((Saved, Transform::from_xyz(1.0, 2.0, 3.0)));
/// ```
#[derive(Component, Reflect, Clone, Copy, PartialEq, Eq, Debug, Default)]
#[reflect(Component, Default)]
pub struct Saved;

/// Makes `#[reflect(Saved)]` work on components and resources.
///
/// The type data is made from the concrete type and carries the functions that copy, write and read
/// its values. Reflection finds the types, and has no part in a capture.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::ReflectSaved;
/// # use serde::{Deserialize, Serialize};
/// #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
/// #[reflect(Component, Saved)]
/// struct Health {
///     current: f32,
///     max: f32,
/// }
///
/// #[derive(Resource, Reflect, Clone, Serialize, Deserialize)]
/// #[reflect(Resource, Saved)]
/// struct Score(u32);
/// ```
#[derive(Clone)]
pub struct ReflectSaved {
    pub(crate) declaration: Declaration,
}

impl fmt::Debug for ReflectSaved {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let type_path = self.declaration.type_path();
        formatter.debug_tuple("ReflectSaved").field(&type_path).finish()
    }
}

impl<T> FromType<T> for ReflectSaved
where
    T: Component + TypePath + Clone + Serialize + DeserializeOwned,
{
    fn from_type() -> Self {
        Self { declaration: Declaration::serde::<T>() }
    }
}
