//! Builds of the game that save other types than the one before: older, newer, renamed, gone.

use bevy::prelude::*;
use bevy::state::state_scoped::DespawnOnExit;
use bevy_session::prelude::*;
use bevy_session::{
    MemoryDisk, Migrations, RecoveryError, RecoveryFailed, RestoreLoss, RestoreLossReason,
    RestoreReport, SessionId, TypeNotSaved, TypeProblemReason, VersionFit,
};
use serde::{Deserialize, Serialize};

use crate::common::*;

/// The first build: health is a bare number, and everything is named otherwise.
mod v0 {
    use super::*;

    #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "hop"]
    #[type_name = "Hp"]
    pub struct Health(pub f32);

    #[derive(Resource, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "hop"]
    #[type_name = "Purse"]
    pub struct Purse {
        pub coins: u32,
        pub debts: u32,
    }

    #[derive(
        States, TypePath, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
    )]
    #[type_path = "hop"]
    #[type_name = "Stage"]
    pub enum Stage {
        #[default]
        Title,
        /// The level's number as text.
        Level(String),
    }

    pub fn types(app: &mut App) {
        app.init_state::<Stage>()
            .save_component::<Health>()
            .save_resource::<Purse>()
            .save_state::<Stage>();
    }
}

/// The second build: health has a maximum.
mod v1 {
    use super::*;

    #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "hop"]
    #[type_name = "Hp"]
    pub struct Health {
        pub current: f32,
        pub max: f32,
    }

    pub fn health() -> Migrations<Health> {
        Migrations::since(0).then(|old: v0::Health| Health { current: old.0, max: 100.0 })
    }

    pub fn types(app: &mut App) {
        // In any order, also before the type is declared.
        app.migrate_saved(health())
            .init_state::<v0::Stage>()
            .save_component::<Health>()
            .save_resource::<v0::Purse>()
            .save_state::<v0::Stage>();
    }
}

/// The third build: health is a share, in another module; the purse is a wallet of one number, the
/// stage is a place.
mod v2 {
    use super::*;

    #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "hop::combat"]
    #[type_name = "Health"]
    pub struct Health {
        pub share: f32,
        pub max: f32,
    }

    #[derive(Resource, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
    #[type_path = "hop::trade"]
    #[type_name = "Wallet"]
    pub struct Wallet {
        pub balance: i64,
    }

    #[derive(
        States, TypePath, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize,
    )]
    #[type_path = "hop::flow"]
    #[type_name = "Place"]
    pub enum Place {
        #[default]
        Menu,
        Level {
            number: u8,
        },
    }

    pub fn health() -> Migrations<Health> {
        v1::health().then(|old| Health { share: old.current / old.max, max: old.max })
    }

    pub fn types(app: &mut App) {
        app.init_state::<Place>()
            .save_component::<Health>()
            .migrate_saved(health())
            .renamed_from::<Health>("hop::Hp")
            .save_resource::<Wallet>()
            .migrate_saved(Migrations::since(0).then(|old: v0::Purse| Wallet {
                balance: i64::from(old.coins) - i64::from(old.debts),
            }))
            .renamed_from::<Wallet>("hop::Purse")
            .save_state::<Place>()
            .migrate_saved(Migrations::since(0).try_then(place_of))
            .renamed_from::<Place>("hop::Stage");
    }

    fn place_of(old: v0::Stage) -> Result<Place, std::num::ParseIntError> {
        Ok(match old {
            v0::Stage::Title => Place::Menu,
            v0::Stage::Level(number) => Place::Level { number: number.parse()? },
        })
    }
}

type Types = fn(&mut App);

/// A build of the game, with what was found and restored.
fn build(disk: &MemoryDisk, types: impl FnOnce(&mut App)) -> App {
    build_of("1.2.3", disk, types)
}

fn build_of(version: &str, disk: &MemoryDisk, types: impl FnOnce(&mut App)) -> App {
    game_with(plugin(disk).version(version), |app| {
        types(app);
        listen::<SessionRestored>(app);
        listen::<RecoveryAvailable>(app);
        listen::<RecoveryFailed>(app);
        listen::<TypeNotSaved>(app);
    })
}

/// Lets another build take the session up, after the one before was killed.
fn taken_up(
    disk: &MemoryDisk,
    id: SessionId,
    types: impl FnOnce(&mut App),
) -> (App, RestoreReport) {
    let mut app = build(disk, types);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 4);
    let report = received::<SessionRestored>(&app).pop().expect("it should be restored").report;
    (app, report)
}

/// What the build in between leaves, killed a moment after it took the session up.
fn through(
    disk: &MemoryDisk,
    id: SessionId,
    types: impl FnOnce(&mut App),
) -> (MemoryDisk, RestoreReport) {
    let (app, report) = taken_up(disk, id, types);
    let disk = disk.snapshot();
    drop(app);
    (disk, report)
}

/// A session of the first build, killed after a delta.
fn played_by_the_first_build() -> (MemoryDisk, SessionId) {
    let disk = MemoryDisk::default();
    let mut app = build(&disk, v0::types);
    let world = app.world_mut();
    world.insert_resource(v0::Purse { coins: 5, debts: 7 });
    world.resource_mut::<NextState<v0::Stage>>().set(v0::Stage::Level("3".into()));
    frames(&mut app, 1);
    let scope = DespawnOnExit(v0::Stage::Level("3".into()));
    let world = app.world_mut();
    world.spawn((Health(1), v0::Health(40.0), scope));
    let hurt = world.spawn((Health(2), v0::Health(80.0))).id();
    start(&mut app, "Old");
    let id = app.world().resource::<CurrentSession>().id();
    app.world_mut().entity_mut(hurt).insert(v0::Health(20.0));
    app.world_mut().spawn((Health(3), v0::Health(60.0)));
    request(&mut app, |commands| commands.session().checkpoint("a delta"));
    frames(&mut app, 3);
    (disk.snapshot(), id)
}

/// A component of every entity, in the order in which they were spawned.
fn values<T: Component + Clone>(app: &mut App) -> Vec<T> {
    let world = app.world_mut();
    let mut found: Vec<(u32, T)> = world
        .query::<(&Health, &T)>()
        .iter(world)
        .map(|(health, value)| (health.0, value.clone()))
        .collect();
    found.sort_by_key(|(number, _)| *number);
    found.into_iter().map(|(_, value)| value).collect()
}

fn loss_of<'a>(report: &'a RestoreReport, name: &str) -> &'a RestoreLoss {
    let mut losses = report.losses.iter();
    losses.find(|loss| loss.type_path.ends_with(name)).expect("it should be reported")
}

fn fit(app: &App, id: SessionId) -> VersionFit {
    app.world().resource::<SessionCatalog>().get(id).unwrap().fit
}

fn journals(disk: &MemoryDisk) -> Vec<std::path::PathBuf> {
    let is_journal = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "journal");
    disk.paths().into_iter().filter(is_journal).collect()
}

const SHARES: [f32; 3] = [0.4, 0.2, 0.6];

#[test]
fn components_resources_and_states_are_migrated_over_all_versions_at_once() {
    let (disk, id) = played_by_the_first_build();
    let (mut app, report) = taken_up(&disk, id, v2::types);
    assert_eq!(report.losses, []);
    assert_eq!(report.overwritten, [] as [String; 0], "migrated values should be as saved");
    let shares: Vec<f32> = values::<v2::Health>(&mut app).iter().map(|it| it.share).collect();
    assert_eq!(shares, SHARES);
    let world = app.world_mut();
    assert_eq!(world.resource::<v2::Wallet>().balance, -2);
    let level = v2::Place::Level { number: 3 };
    assert_eq!(*world.resource::<State<v2::Place>>().get(), level);
    assert_eq!(world.query::<&DespawnOnExit<v2::Place>>().single(world).unwrap().0, level);
    world.resource_mut::<NextState<v2::Place>>().set(v2::Place::Menu);
    frames(&mut app, 1);
    assert_eq!(values::<v2::Health>(&mut app).len(), 2, "the scope should work again");
}

#[test]
fn a_chain_gives_the_same_at_once_and_build_by_build() {
    let (disk, id) = played_by_the_first_build();
    let (disk, report) = through(&disk, id, v1::types);
    assert_eq!(report.losses, []);
    let (mut app, report) = taken_up(&disk, id, v2::types);
    assert_eq!(report.losses, []);
    let shares: Vec<f32> = values::<v2::Health>(&mut app).iter().map(|it| it.share).collect();
    assert_eq!(shares, SHARES);
}

#[test]
fn the_new_form_is_written_under_the_new_name() {
    let (disk, id) = played_by_the_first_build();
    let (disk, _) = through(&disk, id, v2::types);
    // A build that knows neither the old names nor the old forms.
    let (mut app, report) = taken_up(&disk, id, |app| {
        app.init_state::<v2::Place>()
            .save_component::<v2::Health>()
            .migrate_saved(Migrations::<v2::Health>::since(2))
            .save_resource::<v2::Wallet>()
            .migrate_saved(Migrations::<v2::Wallet>::since(1))
            .save_state::<v2::Place>()
            .migrate_saved(Migrations::<v2::Place>::since(1));
    });
    assert_eq!(report.losses, []);
    let shares: Vec<f32> = values::<v2::Health>(&mut app).iter().map(|it| it.share).collect();
    assert_eq!(shares, SHARES);
}

#[test]
fn observers_that_change_migrated_values_are_put_right() {
    let (disk, id) = played_by_the_first_build();
    let (mut app, report) = taken_up(&disk, id, |app| {
        v2::types(app);
        app.add_observer(|_: On<Add, v2::Health>, mut healths: Query<&mut v2::Health>| {
            healths.iter_mut().for_each(|mut health| health.share = 1.0);
        });
        app.add_observer(|_: On<Add, v2::Health>, mut wallet: ResMut<v2::Wallet>| {
            wallet.balance += 1;
        });
    });
    let shares: Vec<f32> = values::<v2::Health>(&mut app).iter().map(|it| it.share).collect();
    assert_eq!(shares, SHARES);
    assert_eq!(app.world().resource::<v2::Wallet>().balance, -2);
    assert_eq!(report.overwritten, ["hop::combat::Health", "hop::trade::Wallet"]);
}

/// A group of entities, which was one leader until the second build.
mod party {
    use super::*;

    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "hop"]
    #[type_name = "Party"]
    pub struct Old {
        #[entities]
        pub leader: Entity,
    }

    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    #[type_path = "hop"]
    #[type_name = "Party"]
    pub struct New {
        #[entities]
        pub members: Vec<Entity>,
    }
}

#[test]
fn references_come_through_a_migration() {
    let disk = MemoryDisk::default();
    let mut app = build(&disk, |app| {
        app.save_component::<party::Old>();
    });
    let leader = app.world_mut().spawn(Health(1)).id();
    app.world_mut().spawn((Health(2), party::Old { leader }));
    start(&mut app, "Party");
    let id = app.world().resource::<CurrentSession>().id();
    let (mut app, report) = taken_up(&disk.snapshot(), id, |app| {
        app.save_component::<party::New>().migrate_saved(
            Migrations::since(0).then(|old: party::Old| party::New { members: vec![old.leader] }),
        );
    });
    assert_eq!((report.losses.len(), report.dangling_total), (0, 0));
    let members = values::<party::New>(&mut app).remove(0).members;
    assert_eq!(app.world().get::<Health>(members[0]), Some(&Health(1)));
}

/// Without serde, which reflection writes.
mod reflected {
    use super::*;

    #[derive(Component, Reflect, Clone, PartialEq, Debug, Default)]
    #[reflect(Component, Default)]
    #[type_path = "hop"]
    #[type_name = "Look"]
    pub struct Old {
        pub hue: f32,
    }

    #[derive(Component, Reflect, Clone, PartialEq, Debug, Default)]
    #[reflect(Component, Default)]
    #[type_path = "hop"]
    #[type_name = "Look"]
    pub struct New {
        pub degrees: u32,
    }
}

#[test]
fn reflected_types_are_migrated_as_well() {
    #[derive(Deserialize)]
    struct OldLook {
        hue: f32,
    }
    let disk = MemoryDisk::default();
    let mut app = build(&disk, |app| {
        app.save_reflected::<reflected::Old>();
    });
    app.world_mut().spawn((Health(1), reflected::Old { hue: 0.5 }));
    start(&mut app, "Looks");
    let id = app.world().resource::<CurrentSession>().id();
    let (mut app, report) = taken_up(&disk.snapshot(), id, |app| {
        app.save_reflected::<reflected::New>().migrate_saved(Migrations::since(0).then(
            |old: OldLook| {
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0.5")]
                reflected::New { degrees: (old.hue * 360.0) as u32 }
            },
        ));
    });
    assert_eq!(report.losses, []);
    assert_eq!(values::<reflected::New>(&mut app), [reflected::New { degrees: 180 }]);
}

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

#[test]
fn values_that_no_longer_decode_come_back_with_the_build_that_reads_them() {
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

/// What a creature is; the second build has no ghosts.
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
fn a_variant_that_was_removed_costs_the_values_that_have_it() {
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
fn types_that_are_gone_come_back_with_their_build_also_renamed() {
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
fn what_a_newer_build_wrote_is_carried_by_an_older_one_and_comes_back() {
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
    request(&mut app, |commands| commands.session().close());
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
fn versions_that_were_given_up_are_carried_and_named() {
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
fn a_migration_that_fails_or_panics_costs_that_value_and_no_other() {
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
fn a_value_under_the_types_own_name_counts_more_than_one_under_an_older_name() {
    let (disk, id) = played_by_the_first_build();
    // A build that doesn't know yet that the type was renamed gives one entity a value of its own.
    let own: Types = |app| {
        app.save_component::<v2::Health>().migrate_saved(v2::health());
    };
    let (mut app, _) = taken_up(&disk, id, own);
    let world = app.world_mut();
    let mut all = world.query::<(Entity, &Health)>();
    let second = all.iter(world).find(|(_, health)| health.0 == 2).unwrap().0;
    world.entity_mut(second).insert(v2::Health { share: 0.9, max: 10.0 });
    request(&mut app, |commands| commands.session().checkpoint("both names"));
    frames(&mut app, 3);
    let (mut app, report) = taken_up(&disk.snapshot(), id, v2::types);
    assert!(report.losses.is_empty(), "{:?}", report.losses);
    let shares: Vec<f32> = values::<v2::Health>(&mut app).iter().map(|it| it.share).collect();
    assert_eq!(shares, [0.4, 0.9, 0.6]);
}

#[test]
fn a_carried_value_goes_when_the_game_has_one_of_its_own_instead() {
    let (disk, id) = played_by_the_first_build();
    let (mut app, report) = taken_up(&disk, id, |app| {
        app.save_component::<v2::Health>()
            .renamed_from::<v2::Health>("hop::Hp")
            .migrate_saved(Migrations::<v2::Health>::since(2));
    });
    assert_eq!(loss_of(&report, "Health").rows, 3);
    let world = app.world_mut();
    let mut all = world.query::<(Entity, &Health)>();
    let second = all.iter(world).find(|(_, health)| health.0 == 2).unwrap().0;
    world.entity_mut(second).insert(v2::Health { share: 0.9, max: 10.0 });
    request(&mut app, |commands| commands.session().close());
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

#[test]
fn a_resource_that_was_absent_under_its_old_name_is_removed() {
    let disk = MemoryDisk::default();
    let mut app = build(&disk, v0::types);
    app.world_mut().spawn((Health(1), v0::Health(1.0)));
    start(&mut app, "Poor");
    let id = app.world().resource::<CurrentSession>().id();
    let (app, _) = taken_up(&disk.snapshot(), id, |app| {
        v2::types(app);
        app.insert_resource(v2::Wallet { balance: 1 });
    });
    assert!(app.world().get_resource::<v2::Wallet>().is_none());
}

#[test]
fn types_that_mark_themselves_as_saved_have_versions_too() {
    let disk = MemoryDisk::default();
    let mut app = build(&disk, |_| {});
    app.world_mut().spawn(Health(1));
    app.world_mut().resource_mut::<Score>().0 = 5;
    start(&mut app, "Marked");
    let id = app.world().resource::<CurrentSession>().id();
    let (mut app, report) = taken_up(&disk.snapshot(), id, |app| {
        app.migrate_saved(Migrations::since(0).then(|old: u32| Health(old * 10)))
            .migrate_saved(Migrations::since(0).then(|old: Score| Score(old.0 * 100)));
    });
    assert_eq!(report.losses, []);
    assert_eq!(values::<Health>(&mut app), [Health(10)]);
    assert_eq!(app.world().resource::<Score>().0, 500);
}

#[test]
fn a_kill_at_any_moment_of_the_take_up_leaves_all_values() {
    let (disk, id) = played_by_the_first_build();
    let shares_in = |disk: &MemoryDisk| {
        let (mut app, report) = taken_up(disk, id, v2::types);
        assert_eq!(report.losses, []);
        values::<v2::Health>(&mut app).iter().map(|it| it.share).collect::<Vec<f32>>()
    };
    let before = journals(&disk);
    let mut app = build(&disk, v2::types);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    for frame in 0..4 {
        assert_eq!(shares_in(&disk.snapshot()), SHARES, "killed after {frame} frames");
        app.update();
    }
    // And while its first checkpoint, in the new form, was being written.
    let written = disk.snapshot();
    let new = journals(&written).into_iter().find(|path| !before.contains(path)).unwrap();
    let length = written.content(&new).unwrap().len();
    for cut in (0..length).step_by(37) {
        let torn = written.snapshot();
        torn.truncate(&new, cut);
        assert_eq!(shares_in(&torn), SHARES, "cut at {cut} of {length}");
    }
}

#[test]
fn the_build_before_can_be_gone_back_to_after_an_update() {
    // Once with another version of one type, and once with nothing but another version of the game.
    for (version, types) in [("1.2.3", v1::types as Types), ("1.3.0", v0::types)] {
        let (disk, id) = played_by_the_first_build();
        let mut app = build(&disk, v0::types);
        frames(&mut app, 1);
        let last_of_the_first = received::<RecoveryAvailable>(&app).remove(0).offer.newest;
        drop(app);

        let settings = SessionSettings { max_session_bytes: 1, ..SessionSettings::default() };
        let mut app = game_with(plugin(&disk).version(version).settings(settings), |app| {
            types(app);
            app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
        });
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        long(&mut app, 50 * 60);
        let while_it_is_young = disk.snapshot();
        long(&mut app, 15 * 60);
        let later = disk.snapshot();

        let mut app = build(&while_it_is_young, v0::types);
        frames(&mut app, 2);
        let offer = received::<RecoveryAvailable>(&app).remove(0).offer;
        let listed = offer.checkpoints.iter().find(|listed| listed.id == last_of_the_first);
        assert_eq!(listed.expect("the base should be offered").fit, VersionFit::Exact);
        request(&mut app, |commands| {
            commands.session().recover(id, RestoreFrom::Checkpoint(last_of_the_first));
        });
        frames(&mut app, 3);
        let restored = received::<SessionRestored>(&app).remove(0);
        assert_eq!((restored.checkpoint, &*restored.report.losses), (last_of_the_first, &[][..]));
        assert_eq!(values::<v0::Health>(&mut app).len(), 3);

        // Where there is no room, it goes in the end.
        let mut app = build(&later, v0::types);
        frames(&mut app, 2);
        let offer = received::<RecoveryAvailable>(&app).remove(0).offer;
        assert!(offer.checkpoints.iter().all(|listed| listed.id != last_of_the_first));
    }
}

#[test]
fn the_last_checkpoint_of_the_build_before_is_offered_among_many() {
    let disk = MemoryDisk::default();
    let mut app = build(&disk, v0::types);
    app.world_mut().spawn((Health(1), v0::Health(1.0)));
    start(&mut app, "Updated");
    let id = app.world().resource::<CurrentSession>().id();
    let base = app.world().resource::<CurrentSession>().last_checkpoint().unwrap().id;
    let disk = disk.snapshot();
    let (mut app, _) = taken_up(&disk, id, |app| {
        v1::types(app);
        app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
    });
    seconds(&mut app, 45.0);
    let mut app = build(&disk.snapshot(), v0::types);
    frames(&mut app, 2);
    let offer = received::<RecoveryAvailable>(&app).remove(0).offer;
    assert_eq!(offer.fit, VersionFit::Newer);
    assert_eq!(offer.checkpoints.len(), 6, "the newest five, and the one that can be gone back to");
    let last = offer.checkpoints.last().unwrap();
    assert_eq!((last.id, last.fit), (base, VersionFit::Exact));
}

#[test]
fn a_build_like_the_one_before_keeps_nothing_more() {
    let (disk, id) = played_by_the_first_build();
    let settings = SessionSettings { max_session_bytes: 1, ..SessionSettings::default() };
    let mut app = game_with(plugin(&disk).settings(settings), |app| {
        v0::types(app);
        app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
    });
    let before = journals(&disk);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    long(&mut app, 50 * 60);
    let left: Vec<_> = journals(&disk).into_iter().filter(|path| before.contains(path)).collect();
    assert_eq!(left, [] as [std::path::PathBuf; 0]);
}

#[test]
fn a_listing_says_what_this_build_can_do_with_a_session() {
    let (first, id) = played_by_the_first_build();
    let (second, _) = through(&first.snapshot(), id, v1::types);
    let (third, _) = through(&first.snapshot(), id, v2::types);
    let without_a_step: Types = |app| {
        app.init_state::<v0::Stage>()
            .save_component::<v1::Health>()
            .migrate_saved(Migrations::<v1::Health>::since(1))
            .save_resource::<v0::Purse>()
            .save_state::<v0::Stage>();
    };
    let nothing: Types = |_| {};
    for (disk, types, expected) in [
        (&first, v0::types as Types, VersionFit::Exact),
        (&first, v1::types, VersionFit::Migratable),
        (&first, v2::types, VersionFit::Migratable),
        (&first, nothing, VersionFit::Lossy),
        (&first, without_a_step, VersionFit::Lossy),
        (&second, v0::types, VersionFit::Newer),
        (&second, v1::types, VersionFit::Exact),
        (&second, v2::types, VersionFit::Migratable),
        (&third, v0::types, VersionFit::Lossy),
        (&third, v2::types, VersionFit::Exact),
    ] {
        let app = build(&disk.snapshot(), types);
        assert_eq!(fit(&app, id), expected);
        let offers = app.world().resource::<RecoveryOffers>();
        let offer = offers.of(id).next().unwrap();
        assert_eq!((offer.fit, offer.checkpoints[0].fit), (expected, expected));
    }
}

#[test]
fn a_listing_knows_what_a_build_in_between_carries() {
    let (disk, id) = played_by_the_first_build();
    let (through_none, _) = through(&disk.snapshot(), id, |_| {});
    assert_eq!(fit(&build(&through_none.snapshot(), |_| {}), id), VersionFit::Lossy);
    assert_eq!(fit(&build(&through_none.snapshot(), v0::types), id), VersionFit::Exact);
    assert_eq!(fit(&build(&through_none, v2::types), id), VersionFit::Migratable);

    let (second, _) = through(&disk, id, v1::types);
    let (through_the_first, _) = through(&second, id, v0::types);
    assert_eq!(fit(&build(&through_the_first, v0::types), id), VersionFit::Newer);
}

#[test]
fn what_was_migrated_fits_exactly_once_it_is_written() {
    let (disk, id) = played_by_the_first_build();
    for (types, before, after) in [
        (v1::types as Types, VersionFit::Migratable, VersionFit::Exact),
        ((|_| {}) as Types, VersionFit::Lossy, VersionFit::Lossy),
    ] {
        let disk = disk.snapshot();
        let mut app = build(&disk, types);
        assert_eq!(fit(&app, id), before);
        request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
        frames(&mut app, 3);
        request(&mut app, |commands| commands.session().close());
        frames(&mut app, 3);
        assert_eq!(fit(&app, id), after, "as this process knows it");
        assert_eq!(fit(&build(&disk.snapshot(), types), id), after, "as the files say");
    }
}

#[test]
fn a_newer_game_that_saved_nothing_new_fits_exactly() {
    let disk = MemoryDisk::default();
    let mut app = build_of("9.0", &disk, v0::types);
    app.world_mut().spawn((Health(1), v0::Health(1.0)));
    start(&mut app, "Future");
    let id = app.world().resource::<CurrentSession>().id();
    let disk = disk.snapshot();
    assert_eq!(fit(&build_of("1.0", &disk.snapshot(), v0::types), id), VersionFit::Exact);
    let (_, report) = taken_up(&disk, id, v0::types);
    assert_eq!(report.losses, []);
}

#[test]
fn one_file_of_a_newer_format_makes_the_whole_session_newer_and_nothing_is_touched() {
    let (disk, id) = played_by_the_first_build();
    let journal = journals(&disk).remove(0);
    let mut newer = disk.content(&journal).unwrap();
    newer[8] += 1;
    let body = u32::from_le_bytes(newer[12..16].try_into().unwrap()) as usize;
    let covered = [&newer[..16], &newer[24..24 + body]].concat();
    newer[16..24].copy_from_slice(&xxhash_rust::xxh3::xxh3_64(&covered).to_le_bytes());
    // As a cloud brings it from a machine with a newer game.
    disk.put(&journal.with_file_name("0123456789abcdef-000000.journal"), &newer);
    let before: Vec<_> = journals(&disk).iter().map(|path| disk.content(path)).collect();

    let mut app = build(&disk, v0::types);
    assert_eq!(fit(&app, id), VersionFit::Newer);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    let error = received::<RecoveryFailed>(&app).pop().unwrap().error;
    assert!(matches!(error, RecoveryError::NewerFormat(_)), "{error:?}");
    assert!(error.to_string().contains("format 2.0, game version 1.2.3"), "{error}");
    let after: Vec<_> = journals(&disk).iter().map(|path| disk.content(path)).collect();
    assert_eq!(before, after);
}

/// What a game hears of its set-up.
fn problems(set_up: impl FnOnce(&mut App)) -> Vec<(String, TypeProblemReason)> {
    let mut app = build(&MemoryDisk::default(), set_up);
    frames(&mut app, 2);
    let refused = received::<TypeNotSaved>(&app).into_iter();
    refused.map(|problem| (problem.type_path, problem.reason)).collect()
}

#[test]
fn a_past_that_makes_no_sense_is_reported_and_the_type_not_saved() {
    let health = || "hop::Hp".to_owned();
    let migrated_twice = problems(|app| {
        v1::types(app);
        app.migrate_saved(v1::health());
    });
    assert_eq!(migrated_twice, [(health(), TypeProblemReason::MigratedTwice)]);

    let of_none = problems(|app| {
        app.migrate_saved(v1::health()).renamed_from::<v2::Wallet>("hop::Purse");
    });
    let wallet = "hop::trade::Wallet".to_owned();
    let not_saved = TypeProblemReason::NotSaved;
    assert_eq!(of_none, [(health(), not_saved), (wallet.clone(), not_saved)]);

    let built_in = problems(|app| {
        app.migrate_saved(Migrations::<ChildOf>::since(1)).renamed_from::<ChildOf>("hop::Parent");
    });
    assert_eq!(built_in, [("bevy_ecs::hierarchy::ChildOf".to_owned(), not_saved)]);

    let another_types_path = problems(|app| {
        v0::types(app);
        app.save_component::<v2::Health>().renamed_from::<v2::Health>("hop::Hp");
    });
    let taken = TypeProblemReason::FormerNameTaken;
    assert_eq!(another_types_path, [("hop::combat::Health".to_owned(), taken)]);

    let of_two_types = problems(|app| {
        app.save_component::<v2::Health>()
            .renamed_from::<v2::Health>("hop::Old")
            .save_resource::<v2::Wallet>()
            .renamed_from::<v2::Wallet>("hop::Old");
    });
    assert_eq!(of_two_types, [("hop::combat::Health".to_owned(), taken), (wallet, taken)]);

    let the_marker = problems(|app| {
        app.save_component::<v2::Health>().renamed_from::<v2::Health>("bevy_session::Saved");
    });
    assert_eq!(the_marker, [("hop::combat::Health".to_owned(), taken)]);

    let endless = problems(|app| {
        app.save_component::<v2::Health>().renamed_from::<v2::Health>(&"x".repeat(5000));
    });
    assert_eq!(endless, [("hop::combat::Health".to_owned(), TypeProblemReason::PathTooLong)]);
}

#[test]
fn a_type_that_is_refused_is_carried_and_not_lost() {
    let (disk, id) = played_by_the_first_build();
    let (disk, report) = through(&disk, id, |app| {
        v1::types(app);
        app.migrate_saved(v1::health());
    });
    assert_eq!(loss_of(&report, "Hp").reason, RestoreLossReason::UnknownType);
    let (mut app, report) = taken_up(&disk, id, v1::types);
    assert_eq!(report.losses, []);
    assert_eq!(values::<v1::Health>(&mut app).len(), 3);
}

#[test]
fn renames_in_a_row_are_said_one_by_one_and_saying_them_twice_is_no_harm() {
    let (disk, id) = played_by_the_first_build();
    let (mut app, report) = taken_up(&disk, id, |app| {
        app.renamed_from::<v2::Health>("hop::combat::Health")
            .renamed_from::<v2::Health>("hop::combat::Hp")
            .renamed_from::<v2::Health>("hop::Hp")
            .renamed_from::<v2::Health>("hop::Hp")
            .save_component::<v2::Health>()
            .migrate_saved(v2::health());
    });
    assert!(report.losses.iter().all(|loss| !loss.type_path.ends_with("Hp")));
    assert_eq!(values::<v2::Health>(&mut app).len(), 3);
    assert_eq!(received::<TypeNotSaved>(&app).len(), 0);
}
