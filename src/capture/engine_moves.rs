//! Types that Bevy has moved or renamed: what their paths were in the version before.
//!
//! Values are saved under the path of their type, and `Transform` and its like have Bevy's. So each move of a type
//! that a game may save is written down here, as a game writes its own down with `renamed_from`, and old sessions
//! stay whole. The test at the end fails where a new version of Bevy has moved one that is saved often.

use super::former_names::former_path;

/// The path of a type in the Bevy that this crate is made for, and the one that it had before.
const MOVES: [(&str, &str); 4] = [
    // 0.18 → 0.19
    ("bevy_world_serialization::components::WorldAssetRoot", "bevy_scene::components::SceneRoot"),
    (
        "bevy_world_serialization::components::DynamicWorldRoot",
        "bevy_scene::components::DynamicSceneRoot",
    ),
    ("bevy_camera::components::Hdr", "bevy_render::view::Hdr"),
    (
        "bevy_render::occlusion_culling::OcclusionCulling",
        "bevy_render::experimental::occlusion_culling::OcclusionCulling",
    ),
];

/// The paths under which older versions of Bevy had a type, or one that is an argument of it.
pub(super) fn former_paths(path: &str) -> impl Iterator<Item = String> {
    MOVES.iter().filter_map(|(current, former)| former_path(path, current, former))
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

    #[test]
    fn what_games_save_of_bevy_is_where_it_was() {
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
        let former = |path| former_paths(path).collect::<Vec<_>>();
        assert_eq!(former("bevy_camera::components::Hdr"), ["bevy_render::view::Hdr"]);
        assert_eq!(
            former("game::Kept<bevy_camera::components::Hdr>"),
            ["game::Kept<bevy_render::view::Hdr>"]
        );
        assert!(former("bevy_transform::components::transform::Transform").is_empty());
    }
}
