//! The type data behind `#[reflect(Saved)]`.

use std::fmt;

use super::declaration::Declaration;
use super::saveable::Saveable;
use crate::engine;

/// Makes `#[reflect(Saved)]` work on components and resources.
///
/// The type data is made from the concrete type and has the functions that copy, write and read its
/// values. Reflection is used to find the types, not to capture their values.
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
///
/// A generic type has to bound its arguments, and each instance has to be registered, since generic
/// types don't register themselves. Components of an unregistered instance are not saved.
///
/// ```
/// # use bevy::prelude::*;
/// # use bevy_session::ReflectSaved;
/// # use serde::de::DeserializeOwned;
/// # use serde::{Deserialize, Serialize};
/// #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
/// #[reflect(Component, Saved, where T: Clone + Serialize + DeserializeOwned)]
/// struct Stat<T: Reflect> {
///     value: T,
/// }
///
/// App::new().register_type::<Stat<u32>>().register_type::<Stat<f32>>();
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

engine::type_data!(ReflectSaved, of Saveable);

impl ReflectSaved {
    fn of<T: Saveable>() -> Self {
        Self { declaration: Declaration::serde::<T>() }
    }
}
