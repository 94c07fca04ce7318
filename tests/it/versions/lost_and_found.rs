//! Values that a build can't read: carried, named in the report, and back with the build that can.

// Feature: Values that a build can't use are reported, and kept for one that can.
// Page: VERSIONS.md#what-a-build-cant-use

use std::fmt::Debug;

use bevy_session::recovery::RestoreLossReason;
use bevy_session::types::Saveable;

use super::*;
use crate::golden::engines::OWN;

/// A small type of which there are several builds.
macro_rules! builds_of_armor {
    ($($build:ident $body:tt)*) => {$(
        mod $build {
            use super::*;

            #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
            #[type_path = "hop"]
            #[type_name = "Armor"]
            pub struct Armor $body
        }
    )*};
}

builds_of_armor! {
    armor_of_the_first_build { pub points: u32, pub rust: bool }
    armor_with_a_field_added { pub points: u32, pub rust: bool, #[serde(default)] pub shine: u8 }
    armor_with_a_field_removed { pub points: u32 }
    armor_with_a_field_renamed { #[serde(alias = "points")] pub strength: u32, pub rust: bool }
    armor_with_a_field_that_cannot_be_filled { pub points: u32, pub owner: String }
}

#[test]
fn fields_that_are_added_removed_or_renamed_need_no_version() {
    use armor_of_the_first_build::Armor;

    let disk = MemoryDisk::default();
    let mut app = build(&disk, |app| {
        app.save_component::<Armor>();
    });
    app.world_mut().spawn((Health(1), Armor { points: 5, rust: true }));
    start(&mut app, "Armor");
    let id = app.world().resource::<CurrentSession>().id();
    let disk = disk.snapshot();
    fn restored<T>(disk: &MemoryDisk, id: SessionId) -> T
    where
        T: Component + TypePath + Clone + Serialize + serde::de::DeserializeOwned,
    {
        let (mut app, report) = taken_up(&disk.snapshot(), id, |app| {
            app.save_component::<T>();
        });
        assert_eq!(report.losses, []);
        values::<T>(&mut app).remove(0)
    }
    let added = restored::<armor_with_a_field_added::Armor>(&disk, id);
    assert_eq!((added.points, added.rust, added.shine), (5, true, 0));
    assert_eq!(restored::<armor_with_a_field_removed::Armor>(&disk, id).points, 5);
    let renamed = restored::<armor_with_a_field_renamed::Armor>(&disk, id);
    assert_eq!((renamed.strength, renamed.rust), (5, true));
}

/// A type of Bevy's that 0.19 has moved, as each of two builds knows it.
mod moved {
    use super::*;

    #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "bevy_scene::components"]
    #[type_name = "SceneRoot"]
    pub struct SceneRoot(pub u32);

    #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "bevy_world_serialization::components"]
    #[type_name = "WorldAssetRoot"]
    pub struct WorldAssetRoot(pub u32);
}

#[test]
fn types_that_bevy_moved_are_restored_without_a_rename() {
    use moved::{SceneRoot, WorldAssetRoot};

    let disk = MemoryDisk::default();
    let mut app = build(&disk, |app| {
        app.save_component::<SceneRoot>();
    });
    app.world_mut().spawn((Health(1), SceneRoot(7)));
    start(&mut app, "Moved");
    let id = app.world().resource::<CurrentSession>().id();
    let disk = disk.snapshot();
    let (mut app, report) = taken_up(&disk.snapshot(), id, |app| {
        app.save_component::<WorldAssetRoot>();
    });
    assert_eq!(report.losses, []);
    assert_eq!(values::<WorldAssetRoot>(&mut app), [WorldAssetRoot(7)]);
    // One that saves both has both, and nothing is wrong with that.
    let (mut app, report) = taken_up(&disk, id, |app| {
        app.save_component::<WorldAssetRoot>().save_component::<SceneRoot>();
    });
    assert_eq!(report.losses, []);
    assert_eq!(values::<SceneRoot>(&mut app), [SceneRoot(7)]);
}

/// A type with two of Bevy's in it. Bevy 0.19 has moved one of these, and 0.20 the other.
mod pairs {
    use super::*;

    #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "hop"]
    #[type_name = "Pair"]
    pub struct Pair<T, H>(pub T, pub H);

    #[derive(TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "bevy_core_pipeline::tonemapping"]
    #[type_name = "Tonemapping"]
    pub struct Tonemapping(pub u32);

    #[derive(TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "bevy_render::view"]
    #[type_name = "Tonemapping"]
    pub struct MovedTonemapping(pub u32);

    #[derive(TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "bevy_render::view"]
    #[type_name = "Hdr"]
    pub struct Hdr(pub u32);

    #[derive(TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "bevy_camera::components"]
    #[type_name = "Hdr"]
    pub struct MovedHdr(pub u32);
}

/// A session of a build that saves this, killed.
fn saved_with<T: Saveable>(value: T) -> (MemoryDisk, SessionId) {
    let disk = MemoryDisk::default();
    let mut app = build(&disk, |app| {
        app.save_component::<T>();
    });
    app.world_mut().spawn((Health(1), value));
    start(&mut app, "Moved");
    let id = app.world().resource::<CurrentSession>().id();
    (disk.snapshot(), id)
}

/// Asserts that a build that saves this reads it in each of two sessions.
fn assert_is_in<T: Saveable + PartialEq + Debug>(sessions: [(MemoryDisk, SessionId); 2], value: T) {
    for (disk, id) in sessions {
        let (mut app, report) = taken_up(&disk, id, |app| {
            app.save_component::<T>();
        });
        assert_eq!(report.losses, []);
        assert_eq!(values::<T>(&mut app), std::slice::from_ref(&value));
    }
}

#[test]
fn types_moved_in_two_releases_of_bevy_are_restored_from_each() {
    use pairs::{Hdr, MovedHdr, MovedTonemapping, Pair, Tonemapping};

    let of_0_18 = saved_with(Pair(Tonemapping(1), Hdr(2)));
    // A build for 0.19 knows what comes after it, and one for 0.20 what was before it.
    if OWN == "bevy-0.19" {
        let of_0_20 = saved_with(Pair(MovedTonemapping(1), MovedHdr(2)));
        assert_is_in([of_0_18, of_0_20], Pair(Tonemapping(1), MovedHdr(2)));
    } else {
        let of_0_19 = saved_with(Pair(Tonemapping(1), MovedHdr(2)));
        assert_is_in([of_0_18, of_0_19], Pair(MovedTonemapping(1), MovedHdr(2)));
    }
}

/// A component of Bevy's, which has one variant more in a newer release.
mod msaa {
    use super::*;

    #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "bevy_render::view"]
    #[type_name = "Msaa"]
    pub enum Newer {
        Off,
        Sample4,
        Sample16,
    }

    #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "bevy_render::view"]
    #[type_name = "Msaa"]
    pub enum Older {
        Off,
        Sample4,
    }
}

#[test]
fn a_variant_of_a_newer_engine_is_carried_and_loses_nothing_else() {
    let newer: Types = |app| {
        app.save_component::<msaa::Newer>();
    };
    let disk = MemoryDisk::default();
    let mut app = build(&disk, newer);
    app.world_mut().spawn((Health(1), msaa::Newer::Off));
    app.world_mut().spawn((Health(2), msaa::Newer::Sample16));
    app.world_mut().spawn((Health(3), msaa::Newer::Sample4));
    app.world_mut().insert_resource(Score(7));
    start(&mut app, "Sampled");
    let id = app.world().resource::<CurrentSession>().id();

    let disk = disk.snapshot();
    let (mut app, report) = taken_up(&disk, id, |app| {
        app.save_component::<msaa::Older>();
    });
    assert_eq!((report.losses.len(), loss_of(&report, "Msaa").rows), (1, 1), "{report:?}");
    let reason = &loss_of(&report, "Msaa").reason;
    assert!(matches!(reason, RestoreLossReason::Undecodable { .. }), "{reason:?}");
    assert_eq!(values::<msaa::Older>(&mut app), [msaa::Older::Off, msaa::Older::Sample4]);
    assert_eq!(values::<Health>(&mut app), [Health(1), Health(2), Health(3)]);
    assert_eq!(app.world().resource::<Score>(), &Score(7));

    // What the older one has written has it as well.
    let (mut app, report) = taken_up(&disk.snapshot(), id, newer);
    assert_eq!(report.losses, []);
    let [off, best, good] = [msaa::Newer::Off, msaa::Newer::Sample16, msaa::Newer::Sample4];
    assert_eq!(values::<msaa::Newer>(&mut app), [off, best, good]);
}

#[test]
fn values_that_no_longer_decode_are_carried_for_a_build_that_reads_them() {
    use armor_of_the_first_build::Armor;

    let old: Types = |app| {
        app.save_component::<Armor>();
    };
    let disk = MemoryDisk::default();
    let mut app = build(&disk, old);
    app.world_mut().spawn((Health(1), Armor { points: 5, rust: true }));
    start(&mut app, "Armor");
    let id = app.world().resource::<CurrentSession>().id();
    let (disk, report) = through(&disk.snapshot(), id, |app| {
        app.save_component::<armor_with_a_field_that_cannot_be_filled::Armor>();
    });
    let loss = loss_of(&report, "Armor");
    let RestoreLossReason::Undecodable { error, ids } = &loss.reason else {
        panic!("{:?}", loss.reason)
    };
    assert!(error.contains("owner") && ids.len() == 1, "{error}");
    let (mut app, report) = taken_up(&disk, id, old);
    assert_eq!(report.losses, []);
    assert_eq!(values::<Armor>(&mut app), [Armor { points: 5, rust: true }]);
}

/// The kind of a creature; the second build has no ghosts.
mod kinds {
    use super::*;

    #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "hop"]
    #[type_name = "Kind"]
    pub enum Old {
        Wolf,
        Ghost { age: u32 },
    }

    #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "hop"]
    #[type_name = "Kind"]
    pub enum New {
        Wolf,
    }
}

#[test]
fn a_removed_variant_loses_only_the_values_that_have_it() {
    let old: Types = |app| {
        app.save_component::<kinds::Old>();
    };
    let disk = MemoryDisk::default();
    let mut app = build(&disk, old);
    app.world_mut().spawn((Health(1), kinds::Old::Wolf));
    app.world_mut().spawn((Health(2), kinds::Old::Ghost { age: 300 }));
    app.world_mut().spawn((Health(3), kinds::Old::Wolf));
    start(&mut app, "Kinds");
    let id = app.world().resource::<CurrentSession>().id();
    let (mut app, report) = taken_up(&disk.snapshot(), id, |app| {
        app.save_component::<kinds::New>();
    });
    assert_eq!(loss_of(&report, "Kind").rows, 1);
    assert_eq!(values::<kinds::New>(&mut app).len(), 2);

    // Or is made into something else.
    let (mut app, report) = taken_up(&disk.snapshot(), id, |app| {
        app.save_component::<kinds::New>()
            .migrate_saved(Migrations::since(0).then(|_: kinds::Old| kinds::New::Wolf));
    });
    assert_eq!(report.losses, []);
    assert_eq!(values::<kinds::New>(&mut app).len(), 3);
}

#[test]
fn values_of_removed_types_are_restored_by_later_builds_even_renamed() {
    let (disk, id) = played_by_the_first_build();
    let (mut disk, report) = through(&disk, id, |_| {});
    let gone: Vec<&str> = report.losses.iter().map(|loss| &*loss.type_path).collect();
    let scope = "bevy_state::state_scoped::DespawnOnExit<hop::Stage>";
    assert_eq!(gone, [scope, "hop::Hp", "hop::Purse", "hop::Stage"]);
    assert!(report.losses.iter().all(|loss| loss.reason == RestoreLossReason::UnknownType));
    // Through several generations, deltas, and a build that knows one of them.
    for types in [(|_| {}) as Types, |app| {
        app.save_resource::<v0::Purse>();
    }] {
        let (mut app, _) = taken_up(&disk, id, types);
        for number in 0..12 {
            app.world_mut().resource_mut::<Score>().0 = number;
            seconds(&mut app, 6.0);
        }
        disk = disk.snapshot();
    }
    let (mut same, report) = taken_up(&disk.snapshot(), id, v0::types);
    assert_eq!(report.losses, []);
    let health: Vec<f32> = values::<v0::Health>(&mut same).iter().map(|health| health.0).collect();
    assert_eq!(health, [40.0, 20.0, 60.0]);
    assert_eq!(same.world().resource::<v0::Purse>().coins, 5);
    let level = v0::Stage::Level("3".into());
    assert_eq!(*same.world().resource::<State<v0::Stage>>().get(), level);

    let (mut newer, report) = taken_up(&disk, id, v2::types);
    assert_eq!(report.losses, []);
    let shares: Vec<f32> = values::<v2::Health>(&mut newer).iter().map(|it| it.share).collect();
    assert_eq!(shares, SHARES);
}

#[test]
fn values_of_a_newer_build_are_carried_by_an_older_one() {
    let (disk, id) = played_by_the_first_build();
    let (disk, _) = through(&disk, id, v1::types);
    let (mut app, report) = taken_up(&disk, id, v0::types);
    let loss = loss_of(&report, "Hp");
    assert_eq!(
        (loss.rows, &loss.reason),
        (3, &RestoreLossReason::NewerType { saved: 1, known: 0 })
    );
    assert_eq!(values::<v0::Health>(&mut app), []);
    // The old build writes one of them again, in its own form, beside those that it carries.
    let world = app.world_mut();
    let mut all = world.query::<(Entity, &Health)>();
    let second = all.iter(world).find(|(_, health)| health.0 == 2).unwrap().0;
    world.entity_mut(second).insert(v0::Health(99.0));
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let disk = disk.snapshot();
    let mut app = build(&disk, v1::types);
    request(&mut app, |commands| commands.session().continue_session(id));
    frames(&mut app, 3);
    let restored = received::<SessionRestored>(&app).remove(0);
    assert_eq!(restored.report.losses, []);
    let current: Vec<f32> = values::<v1::Health>(&mut app).iter().map(|it| it.current).collect();
    assert_eq!(current, [40.0, 99.0, 60.0]);
}

#[test]
fn values_of_dropped_versions_are_carried_and_named() {
    let (disk, id) = played_by_the_first_build();
    let (_, report) = through(&disk, id, |app| {
        app.save_component::<v1::Health>().migrate_saved(Migrations::<v1::Health>::since(5));
    });
    let loss = loss_of(&report, "Hp");
    assert_eq!(
        (loss.rows, &loss.reason),
        (3, &RestoreLossReason::OlderType { saved: 0, oldest: 5 })
    );
}

#[test]
fn a_failing_migration_loses_its_own_value_only() {
    let steps: [fn() -> Migrations<v1::Health>; 2] = [
        || {
            Migrations::since(0).try_then(|old: v0::Health| match old.0 {
                20.0 => Err("twenty is none"),
                current => Ok(v1::Health { current, max: 100.0 }),
            })
        },
        || {
            Migrations::since(0).then(|old: v0::Health| {
                assert!(old.0 != 20.0, "twenty is none");
                v1::Health { current: old.0, max: 100.0 }
            })
        },
    ];
    for (step, said) in steps.into_iter().zip(["twenty is none", "panicked"]) {
        let (disk, id) = played_by_the_first_build();
        let (mut app, report) = taken_up(&disk, id, |app| {
            app.save_component::<v1::Health>().migrate_saved(step());
        });
        let loss = loss_of(&report, "Hp");
        let RestoreLossReason::Undecodable { error, .. } = &loss.reason else {
            panic!("{:?}", loss.reason)
        };
        assert!(error.contains(said), "{error}");
        assert_eq!(loss.rows, 1);
        let current: Vec<f32> =
            values::<v1::Health>(&mut app).iter().map(|it| it.current).collect();
        assert_eq!(current, [40.0, 60.0]);
        // A build whose migration is fixed has it back.
        let (mut app, report) = taken_up(&disk.snapshot(), id, v1::types);
        assert_eq!(report.losses, []);
        let current: Vec<f32> =
            values::<v1::Health>(&mut app).iter().map(|it| it.current).collect();
        assert_eq!(current, [40.0, 20.0, 60.0]);
    }
}

#[test]
fn a_carried_value_is_replaced_by_a_new_value_of_the_game() {
    let (disk, id) = played_by_the_first_build();
    let (mut app, report) = taken_up(&disk, id, |app| {
        app.save_component::<v2::Health>()
            .rename_saved::<v2::Health>("hop::Hp")
            .migrate_saved(Migrations::<v2::Health>::since(2));
    });
    assert_eq!(loss_of(&report, "Health").rows, 3);
    let world = app.world_mut();
    let mut all = world.query::<(Entity, &Health)>();
    let second = all.iter(world).find(|(_, health)| health.0 == 2).unwrap().0;
    world.entity_mut(second).insert(v2::Health { share: 0.9, max: 10.0 });
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let disk = disk.snapshot();
    let mut first = build(&disk, v0::types);
    request(&mut first, |commands| commands.session().continue_session(id));
    frames(&mut first, 3);
    let report = received::<SessionRestored>(&first).remove(0).report;
    let health: Vec<f32> = values::<v0::Health>(&mut first).iter().map(|it| it.0).collect();
    assert_eq!(health, [40.0, 60.0], "the second one's old value should be gone");
    assert_eq!(loss_of(&report, "combat::Health").rows, 1);
}
