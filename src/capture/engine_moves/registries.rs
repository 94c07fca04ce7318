//! Compares the table of moves with the types of both releases, which `tests/engine_types` lists:
//! `ci/engine_types.py` reads them from the sources of all of Bevy's crates, since no build
//! includes all crates.

// Feature: Bevy 0.19 and 0.20 read each other's sessions, and types that moved are known.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{RELEASES, names_elsewhere};

/// The releases that have a list, oldest first.
const LISTED: [&str; 2] = ["0.19", "0.20"];

/// Types that a release has removed, with the reason why no row has a new path for them: the
/// release, the path or a module, and the reason.
const GONE: [(&str, &str, &str); 12] = [
    (
        "0.20",
        "bevy_ecs::lifecycle::",
        "events, which aren't saved; `Add` means what `AddEvent` did",
    ),
    ("0.20", "bevy_picking::events::", "events, which aren't saved; `Press` is `PointerPress`"),
    ("0.20", "bevy_feathers::controls::number_input::UpdateNumberInput", "an event"),
    ("0.20", "bevy_ecs::entity::hash_map::EntityHashMap", "an alias now, with a parameter more"),
    ("0.20", "bevy_ecs::entity::hash_set::EntityHashSet", "an alias now, with a parameter more"),
    ("0.20", "bevy_ecs::entity::index_map::EntityIndexMap", "an alias now, with a parameter more"),
    ("0.20", "bevy_ecs::entity::index_set::EntityIndexSet", "an alias now, with a parameter more"),
    (
        "0.20",
        "bevy_render::sync_world::",
        "entities of the world that is drawn, made in each frame",
    ),
    ("0.20", "bevy_pbr::material_bind_groups::", "places in buffers of the graphics card"),
    ("0.20", "bevy_sprite::sprite_mesh::SpriteMesh", "a `Sprite` now, as which another was saved"),
    ("0.20", "bevy_sprite_render::sprite_mesh::", "a material: an asset, and made from sprites"),
    ("0.20", "bevy_ui::widget::text_input_layout::TextScroll", "a part of `EditableText` now"),
];

/// The types of a release, without the arguments of generic ones.
struct Types(BTreeSet<String>);

impl Types {
    fn of(version: &str) -> Self {
        let text = std::fs::read_to_string(list(version)).expect("each release has its list");
        let paths = text.lines().filter_map(|line| line.split_once(' '));
        let types = Self(paths.map(|(_kind, path)| path.to_owned()).collect());
        assert!(types.0.len() > 800, "the list of {version} is cut off");
        types
    }

    fn has(&self, path: &str) -> bool {
        self.0.contains(path)
    }

    /// True if it has one side of a row: a type, or a type in a module.
    fn has_any(&self, side: &str) -> bool {
        self.0.iter().any(|path| is_within(path, side))
    }

    /// Types that the next release doesn't have, even with the moves applied.
    fn lost(&self, version: &str, since: &Self) -> Vec<&str> {
        let elsewhere = |path: &str| names_elsewhere(path, version).iter().any(|it| since.has(it));
        let paths = self.0.iter().map(String::as_str);
        paths.filter(|path| !since.has(path) && !elsewhere(path)).collect()
    }
}

/// Returns true if a path is this type's, or is in this module.
fn is_within(path: &str, side: &str) -> bool {
    path == side || (side.ends_with("::") && path.starts_with(side))
}

/// The list of a release. Its path is found when a test runs, since clones of the repository may
/// share a target directory.
fn list(version: &str) -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
    PathBuf::from(package).join(format!("tests/engine_types/bevy-{version}.txt"))
}

/// Each release after the first: the name of the one before, its own, and the types of both.
fn steps() -> impl Iterator<Item = (&'static str, &'static str, Types, Types)> {
    let pairs = LISTED.iter().zip(LISTED.iter().skip(1));
    pairs.map(|(former, version)| (*former, *version, Types::of(former), Types::of(version)))
}

#[test]
fn each_type_is_in_the_next_release_or_a_row_says_where() {
    for (former, version, before, since) in steps() {
        let is_excused = |path: &str| {
            GONE.iter().any(|(release, gone, _)| *release == version && is_within(path, gone))
        };
        let lost = before.lost(former, &since);
        let lost: Vec<&str> = lost.into_iter().filter(|path| !is_excused(path)).collect();
        assert!(lost.is_empty(), "Bevy {version} has them elsewhere, or no more: {lost:#?}");
    }
}

#[test]
fn each_row_is_a_move_from_one_release_to_the_next() {
    for (_, version, before, since) in steps() {
        let release = RELEASES.iter().find(|release| release.version == version);
        for (current, former) in release.map_or(&[][..], |release| release.moves) {
            assert!(before.has_any(former), "{former} wasn't there before Bevy {version}");
            assert!(since.has_any(current), "Bevy {version} has no {current}");
            assert!(!since.has_any(former), "Bevy {version} has {former} still");
        }
    }
}

#[test]
fn each_exception_for_a_removed_type_is_needed() {
    for (former, version, before, since) in steps() {
        let lost = before.lost(former, &since);
        for (_, gone, why) in GONE.iter().filter(|(release, ..)| *release == version) {
            let is_needed = lost.iter().any(|path| is_within(path, gone));
            assert!(is_needed && !why.is_empty(), "{gone} needs no excuse");
        }
    }
}

/// A list that is read from sources would miss types silently, if they were written in a way that
/// its reader doesn't know.
#[cfg(feature = "auto_register")]
#[test]
fn the_list_has_all_types_that_this_build_registers() {
    use crate::capture::type_paths::crate_of;

    let listed = Types::of(crate::engine::VERSION);
    let mut registry = bevy::reflect::TypeRegistry::default();
    registry.register_derived_types();
    let paths = registry.iter().map(|registration| registration.type_info().type_path());
    let without_arguments = |path: &'static str| path.split('<').next().unwrap_or(path);
    let of_engine: BTreeSet<&str> = paths
        .filter(|path| crate_of(path).starts_with("bevy_"))
        .filter(|path| !crate_of(path).starts_with("bevy_session"))
        .map(without_arguments)
        .collect();
    assert!(of_engine.len() > 100, "{of_engine:?}");
    let missing: Vec<&&str> = of_engine.iter().filter(|path| !listed.has(path)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
