//! Types that Bevy has moved or renamed, with their former paths.
//!
//! Values are saved under the path of their type, and types like `Transform` have Bevy's paths. So
//! each move of a type that a game may save is listed here, as a game lists its own with
//! `rename_saved`, and old sessions stay readable. The test at the end fails if a new version of
//! Bevy has moved a type that is often saved.

#[cfg(test)]
mod registries;

use super::former_names::former_path;

/// The types that a release of Bevy has moved or renamed.
struct Release {
    version: &'static str,
    /// Each type's path since this release, and its former one. A path with `::` at its end is a
    /// module, all of whose types were moved.
    moves: &'static [(&'static str, &'static str)],
}

/// Oldest first. A type that moved twice has a row in each.
const RELEASES: [Release; 2] = [
    Release {
        version: "0.19",
        moves: &[
            (
                "bevy_world_serialization::components::WorldAssetRoot",
                "bevy_scene::components::SceneRoot",
            ),
            (
                "bevy_world_serialization::components::DynamicWorldRoot",
                "bevy_scene::components::DynamicSceneRoot",
            ),
            ("bevy_camera::components::Hdr", "bevy_render::view::Hdr"),
            (
                "bevy_render::occlusion_culling::OcclusionCulling",
                "bevy_render::experimental::occlusion_culling::OcclusionCulling",
            ),
        ],
    },
    Release {
        version: "0.20",
        moves: &[
            ("bevy_render::view::Tonemapping", "bevy_core_pipeline::tonemapping::Tonemapping"),
            ("bevy_render::view::DebandDither", "bevy_core_pipeline::tonemapping::DebandDither"),
            ("bevy_picking::cursor::EntityCursor", "bevy_feathers::cursor::EntityCursor"),
            ("bevy_picking::cursor::DefaultCursor", "bevy_feathers::cursor::DefaultCursor"),
            ("bevy_picking::cursor::OverrideCursor", "bevy_feathers::cursor::OverrideCursor"),
            ("bevy_ui::focus::DeprecatedInteraction", "bevy_ui::focus::Interaction"),
            ("bevy_ui::widget::button::DeprecatedButton", "bevy_ui::widget::button::Button"),
            ("bevy_picking::pointer::PointerPressState", "bevy_picking::pointer::PointerPress"),
            ("bevy_sprite::sprite::SpriteAlphaMode", "bevy_sprite::sprite_mesh::SpriteAlphaMode"),
            ("bevy_shape::dim2::", "bevy_math::primitives::dim2::"),
            ("bevy_shape::dim3::", "bevy_math::primitives::dim3::"),
            ("bevy_shape::half_space::", "bevy_math::primitives::half_space::"),
            ("bevy_shape::view_frustum::", "bevy_math::primitives::view_frustum::"),
            ("bevy_shape::ray::", "bevy_math::ray::"),
            ("bevy_shape::bounding::", "bevy_math::bounding::"),
            ("bevy_curve::cubic_splines::", "bevy_math::cubic_splines::"),
            ("bevy_curve::", "bevy_math::curve::"),
        ],
    },
];

/// The names that other releases of Bevy have for a type, by itself and as an argument of another: the nearest to
/// `version` first, older ones before newer ones. Values that a newer release saved are read under its names.
pub(super) fn names_elsewhere(path: &str, version: &str) -> Vec<String> {
    names_in(&RELEASES, path, version)
}

fn names_in(releases: &[Release], path: &str, version: &str) -> Vec<String> {
    let own = releases.iter().position(|release| release.version == version);
    let (before, after) = releases.split_at(own.map_or(releases.len(), |own| own + 1));
    let mut names = Vec::new();
    let mut name = path.to_owned();
    for release in before.iter().rev() {
        name = release.renamed(&name, |(since, before)| (since, before));
        names.push(name.clone());
    }
    name = path.to_owned();
    for release in after {
        name = release.renamed(&name, |(since, before)| (before, since));
        names.push(name.clone());
    }
    names.dedup();
    names.retain(|name| name != path);
    names
}

impl Release {
    /// A path after all moves that apply to it. `direction` chooses the side of a move to replace.
    fn renamed(
        &self,
        path: &str,
        direction: impl Fn((&'static str, &'static str)) -> (&'static str, &'static str),
    ) -> String {
        let mut name = path.to_owned();
        for (from, to) in self.moves.iter().copied().map(direction) {
            name = former_path(&name, from, to).unwrap_or(name);
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use bevy::ecs::entity_disabling::Disabled;
    use bevy::ecs::hierarchy::{ChildOf, Children};
    use bevy::ecs::name::Name;
    use bevy::reflect::TypePath;
    use bevy::time::{Stopwatch, Timer};
    use bevy::transform::components::{GlobalTransform, Transform};

    use super::*;
    use crate::engine;

    #[test]
    fn type_paths_of_bevy_that_games_save_are_unchanged() {
        let paths = [
            (Transform::type_path(), "bevy_transform::components::transform::Transform"),
            (
                GlobalTransform::type_path(),
                "bevy_transform::components::global_transform::GlobalTransform",
            ),
            (Name::type_path(), "bevy_ecs::name::Name"),
            (ChildOf::type_path(), "bevy_ecs::hierarchy::ChildOf"),
            (Children::type_path(), "bevy_ecs::hierarchy::Children"),
            (Disabled::type_path(), "bevy_ecs::entity_disabling::Disabled"),
            (Timer::type_path(), "bevy_time::timer::Timer"),
            (Stopwatch::type_path(), "bevy_time::stopwatch::Stopwatch"),
        ];
        for (now, before) in paths {
            assert_eq!(now, before, "Bevy has moved it: add a row to the table of moves");
        }
    }

    #[test]
    fn a_moved_type_is_known_as_itself_and_as_an_argument() {
        let names = |path| names_elsewhere(path, "0.20");
        assert_eq!(names("bevy_camera::components::Hdr"), ["bevy_render::view::Hdr"]);
        assert_eq!(
            names("game::Kept<bevy_camera::components::Hdr>"),
            ["game::Kept<bevy_render::view::Hdr>"]
        );
        assert!(names("bevy_transform::components::transform::Transform").is_empty());
    }

    #[test]
    fn types_of_a_moved_module_are_known_under_its_former_name() {
        assert_eq!(
            names_elsewhere("game::Zone<bevy_shape::dim2::Circle>", "0.20"),
            ["game::Zone<bevy_math::primitives::dim2::Circle>"]
        );
        assert_eq!(
            names_elsewhere("bevy_curve::cubic_splines::CubicCurve<f32>", "0.20"),
            ["bevy_math::cubic_splines::CubicCurve<f32>"]
        );
        assert!(names_elsewhere("game::bevy_shape::dim2::Circle", "0.20").is_empty());
    }

    #[test]
    fn a_release_knows_the_names_of_a_newer_one() {
        assert_eq!(
            names_elsewhere("bevy_ui::focus::Interaction", "0.19"),
            ["bevy_ui::focus::DeprecatedInteraction"]
        );
        assert_eq!(
            names_elsewhere("bevy_camera::components::Hdr", "0.19"),
            ["bevy_render::view::Hdr"]
        );
    }

    #[test]
    fn a_path_with_moves_in_two_releases_has_the_names_of_both() {
        let path =
            "game::Pair<bevy_render::view::Tonemapping, bevy_camera::components::Hdr>".to_owned();
        assert_eq!(
            names_elsewhere(&path, "0.20"),
            [
                "game::Pair<bevy_core_pipeline::tonemapping::Tonemapping, bevy_camera::components::Hdr>",
                "game::Pair<bevy_core_pipeline::tonemapping::Tonemapping, bevy_render::view::Hdr>",
            ]
        );
    }

    #[test]
    fn a_type_that_moved_twice_is_known_under_all_its_names() {
        let first = Release { version: "0.19", moves: &[("engine::view::Lens", "engine::Lens")] };
        let second = Release { version: "0.20", moves: &[("optics::", "engine::view::")] };
        let releases = [first, second];
        let names = |path, version| names_in(&releases, path, version);
        assert_eq!(names("optics::Lens", "0.20"), ["engine::view::Lens", "engine::Lens"]);
        assert_eq!(names("engine::view::Lens", "0.19"), ["engine::Lens", "optics::Lens"]);
        assert_eq!(
            names("game::Kept<optics::Lens>", "0.20"),
            ["game::Kept<engine::view::Lens>", "game::Kept<engine::Lens>"]
        );
    }

    #[test]
    fn the_built_release_is_in_the_table_of_moves() {
        assert!(RELEASES.iter().any(|release| release.version == engine::VERSION));
    }
}
