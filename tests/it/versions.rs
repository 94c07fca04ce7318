//! Builds of the game that save other types than the one before: older, newer, renamed, gone.

mod listings;
mod lost_and_found;
mod migrations;
mod set_up;
mod updates;

use bevy::prelude::*;
use bevy::state::state_scoped::DespawnOnExit;
use bevy_session::checkpoints::TypeNotSaved;
use bevy_session::prelude::*;
use bevy_session::recovery::{RestoreLoss, RestoreReport};
use bevy_session::types::Migrations;
use bevy_session::{MemoryDisk, RecoveryFailed, SessionId};
use serde::{Deserialize, Serialize};

use crate::common::*;
use crate::newer_files::of_a_newer_version;

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
            .rename_saved::<Health>("hop::Hp")
            .save_resource::<Wallet>()
            .migrate_saved(Migrations::since(0).then(|old: v0::Purse| Wallet {
                balance: i64::from(old.coins) - i64::from(old.debts),
            }))
            .rename_saved::<Wallet>("hop::Purse")
            .save_state::<Place>()
            .migrate_saved(Migrations::since(0).try_then(place_of))
            .rename_saved::<Place>("hop::Stage");
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

/// The disk of the build in between, killed a moment after it resumed the session.
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

fn journals(disk: &MemoryDisk) -> Vec<std::path::PathBuf> {
    let is_journal = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "journal");
    disk.paths().into_iter().filter(is_journal).collect()
}

const SHARES: [f32; 3] = [0.4, 0.2, 0.6];
