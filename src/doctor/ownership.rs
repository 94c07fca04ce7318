//! The types that are the game's own.

use std::collections::BTreeSet;

use bevy::reflect::TypeRegistry;

use crate::ReflectSaved;
use crate::capture::{SavedTypes, crate_of, is_crate_of_engine};

/// The crates whose types are the game's own, judging by the saved types.
pub(super) fn own_crates(registry: &TypeRegistry, types: &SavedTypes) -> BTreeSet<String> {
    let marked = registry.iter().filter(|registered| registered.contains::<ReflectSaved>());
    let marked = marked.map(|registered| registered.type_info().type_path());
    let own = crates_of(marked);
    // A game that names all its types with `save_component` has none that are marked.
    if own.is_empty() { crates_of(types.type_paths()) } else { own }
}

fn crates_of<'a>(type_paths: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let crates = type_paths.map(crate_of).filter(|name| !is_crate_of_engine(name));
    crates.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crates_of_the_engine_are_not_the_games_own() {
        let crates = crates_of(["bevy_ecs::name::Name", "hop::Door", "glam::Vec3"].into_iter());
        assert_eq!(crates.into_iter().collect::<Vec<_>>(), ["hop"]);
    }
}
