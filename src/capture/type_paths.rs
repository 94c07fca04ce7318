//! The names of a world's types.

use bevy::ecs::component::ComponentId;
use bevy::ecs::world::World;
use bevy::reflect::TypeRegistry;

/// The path of a component or resource; `None` if it isn't known.
pub(crate) fn type_path_of(
    world: &World,
    registry: &TypeRegistry,
    component: ComponentId,
) -> Option<String> {
    let info = world.components().get_info(component)?;
    let registered = info.type_id().and_then(|type_id| registry.get_type_info(type_id));
    if let Some(registered) = registered {
        return Some(registered.type_path().to_owned());
    }
    let name = info.name().to_string();
    // Without Bevy's feature `debug` it is a sentence instead.
    name.contains("::").then_some(name)
}

/// The crate that a type's path begins with.
pub(crate) fn crate_of(type_path: &str) -> &str {
    type_path.split("::").next().unwrap_or_default()
}

/// Returns true if a crate certainly isn't a game: Bevy's, this one, and their dependencies.
pub(crate) fn is_crate_of_engine(name: &str) -> bool {
    name.starts_with("bevy") || ["core", "alloc", "std", "glam", ""].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_what_a_path_begins_with() {
        assert_eq!(crate_of("hop::door::Stat<f32>"), "hop");
        assert!(is_crate_of_engine(crate_of("bevy_ecs::name::Name")));
        assert!(!is_crate_of_engine(crate_of("hop::Door")));
    }
}
