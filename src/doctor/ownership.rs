//! Which types are the game's own.

use std::collections::BTreeSet;

use bevy::ecs::component::ComponentId;
use bevy::ecs::world::World;
use bevy::reflect::TypeRegistry;

use crate::ReflectSaved;
use crate::capture::SavedTypes;

/// The crates whose types are the game's own, as far as it shows in what is saved.
pub(super) fn own_crates(registry: &TypeRegistry, types: &SavedTypes) -> BTreeSet<String> {
    let marked = registry.iter().filter(|registered| registered.contains::<ReflectSaved>());
    let marked = marked.map(|registered| registered.type_info().type_path());
    let own = crates_of(marked);
    // A game that names all its types with `save_component` has none that are marked.
    if own.is_empty() { crates_of(types.type_paths()) } else { own }
}

fn crates_of<'a>(type_paths: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let crates = type_paths.map(crate_of).filter(|name| !is_of_others(name));
    crates.map(str::to_owned).collect()
}

/// The crate that a type's path begins with.
pub(super) fn crate_of(type_path: &str) -> &str {
    type_path.split("::").next().unwrap_or_default()
}

/// Whether a crate is certainly no game: Bevy's, this one, and what they are made of.
fn is_of_others(name: &str) -> bool {
    name.starts_with("bevy") || ["core", "alloc", "std", "glam", ""].contains(&name)
}

/// The path of a component or resource; `None` if it isn't known.
pub(super) fn type_path_of(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_what_a_path_begins_with() {
        assert_eq!(crate_of("hop::door::Stat<f32>"), "hop");
        let crates = crates_of(["bevy_ecs::name::Name", "hop::Door", "glam::Vec3"].into_iter());
        assert_eq!(crates.into_iter().collect::<Vec<_>>(), ["hop"]);
    }
}
