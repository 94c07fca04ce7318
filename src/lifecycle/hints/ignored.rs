//! Types that the game has excluded from hints.

use std::any::TypeId;
use std::collections::HashSet;

use bevy::prelude::*;

/// Types that the game has excluded from hints: they aren't progress, or are rebuilt from saved
/// values.
#[derive(Resource, Clone, Default, Debug)]
pub(crate) struct IgnoredTypes(pub HashSet<TypeId>);

impl IgnoredTypes {
    /// Returns true if the game has excluded this type.
    pub(crate) fn has(world: &World, type_id: TypeId) -> bool {
        world.get_resource::<Self>().is_some_and(|ignored| ignored.0.contains(&type_id))
    }
}
