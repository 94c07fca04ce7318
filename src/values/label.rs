//! The name of an entity in a text for people.

use bevy::ecs::entity::Entity;
use bevy::ecs::name::Name;
use bevy::ecs::world::World;

use crate::SaveKey;

/// The entity's [`SaveKey`] or [`Name`], if it has one of them.
pub(crate) fn given_name(world: &World, entity: Entity) -> Option<String> {
    let key = world.get::<SaveKey>(entity).map(|key| key.as_str().to_owned());
    key.or_else(|| world.get::<Name>(entity).map(|name| name.as_str().to_owned()))
}

/// The entity, with its name if it has one.
pub(crate) fn name_of(world: &World, entity: Entity) -> String {
    with_name(entity, given_name(world, entity).as_deref())
}

/// An entity, with this name if there is one.
pub(crate) fn with_name(entity: Entity, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("`{name}` ({entity})"),
        None => format!("entity {entity}"),
    }
}
