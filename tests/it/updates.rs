//! An update of the game gives entities components that its old saves don't have.

// Feature: Old sessions get components that an update requires; the old build can be used again.
// Page: VERSIONS.md#back-to-the-build-before

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReport;
use bevy_session::{MemoryDisk, SessionRestored};
use serde::{Deserialize, Serialize};

use crate::common::{frames, game_with, listen, plugin, recover_offered, request, start};

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Wizard;

#[derive(Component, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Mana(u32);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Lock;

/// The first build inserts it late in the game.
#[derive(Resource, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Quest(u32);

/// A build of the game.
#[derive(Clone, Copy)]
struct Build {
    version: &'static str,
    /// True if each wizard has mana.
    wizards_need_mana: bool,
    /// True if the level spawns its door with a lock.
    door_has_lock: bool,
    /// True if the game begins with a quest.
    begins_with_quest: bool,
    /// True if the level is there when a session is recovered. Otherwise it comes later.
    level_is_there: bool,
}

const FIRST: Build = Build {
    version: "1.0.0",
    wizards_need_mana: false,
    door_has_lock: false,
    begins_with_quest: false,
    level_is_there: true,
};

fn game(disk: &MemoryDisk, build: Build) -> App {
    let mut app = game_with(plugin(disk).version(build.version), |app| {
        if build.wizards_need_mana {
            app.register_required_components::<Wizard, Mana>();
        }
        if build.begins_with_quest {
            app.init_resource::<Quest>();
        }
        app.register_type::<Wizard>().register_type::<Mana>().register_type::<Lock>();
        app.register_type::<Quest>();
        listen::<SessionRestored>(app);
    });
    if build.level_is_there {
        spawn_door(&mut app, build);
    }
    frames(&mut app, 1);
    app
}

fn spawn_door(app: &mut App, build: Build) {
    let door = app.world_mut().spawn((Name::new("door"), SaveKey::new("door"), Saved)).id();
    if build.door_has_lock {
        app.world_mut().entity_mut(door).insert(Lock);
    }
}

fn take_off_lock(app: &mut App) {
    let world = app.world_mut();
    let door = world.query_filtered::<Entity, With<SaveKey>>().single(world).unwrap();
    world.entity_mut(door).remove::<Lock>();
}

/// Recovers the session of a game that was killed on this disk.
fn recover(disk: &MemoryDisk, build: Build) -> (App, RestoreReport) {
    let mut app = game(disk, build);
    let report = recover_offered(&mut app);
    (app, report)
}

/// Plays in one build, and recovers in another one after a crash; the game then, and what was reported.
fn play(first: Build, play: impl FnOnce(&mut App), then: Build) -> (App, RestoreReport) {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, first);
    // Both types are known to the first build, and in use.
    app.world_mut().spawn((Mana(9), Lock));
    app.world_mut().spawn(Wizard);
    play(&mut app);
    start(&mut app, "Old");
    recover(&disk.snapshot(), then)
}

fn new_components(report: &RestoreReport) -> Vec<(&str, u64)> {
    let new = report.new_components.iter();
    new.map(|new| (new.type_path.rsplit("::").next().unwrap(), new.entities)).collect()
}

fn the<T: Component + Clone>(app: &mut App, of: fn(EntityRef<'_>) -> bool) -> Option<T> {
    let world = app.world_mut();
    let mut entities = world.query::<EntityRef>();
    entities.iter(world).find(|entity| of(*entity)).unwrap().get::<T>().cloned()
}

fn is_wizard(entity: EntityRef<'_>) -> bool {
    entity.contains::<Wizard>()
}

fn is_door(entity: EntityRef<'_>) -> bool {
    entity.contains::<SaveKey>()
}

#[test]
fn required_components_of_an_update_are_added_to_old_saves_and_reported() {
    let update = Build { wizards_need_mana: true, ..FIRST };
    let (mut app, report) = play(FIRST, |_| {}, update);
    assert_eq!(the::<Mana>(&mut app, is_wizard), Some(Mana(0)));
    assert_eq!(new_components(&report), [("Mana", 1)]);
}

#[test]
fn initial_resources_of_an_update_are_kept_in_old_saves_and_reported() {
    let update = Build { version: "1.1.0", begins_with_quest: true, ..FIRST };
    let (app, report) = play(FIRST, |_| {}, update);
    assert_eq!(app.world().get_resource::<Quest>(), Some(&Quest(0)));
    assert_eq!(new_components(&report), [("Quest", 1)]);

    // The value of another session isn't the game's own, and within one version play has removed it.
    let disk = MemoryDisk::default();
    let mut app = game(&disk, FIRST);
    start(&mut app, "Old");
    let old = app.world().resource::<CurrentSession>().id();
    app.world_mut().write_message(AppExit::Success);
    frames(&mut app, 2);
    drop(app);
    let mut app = game(&disk, update);
    start(&mut app, "New");
    app.world_mut().insert_resource(Quest(7));
    request(&mut app, |commands| commands.session().continue_session(old));
    frames(&mut app, 4);
    assert_eq!(app.world().resource::<CurrentSession>().id(), old);
    assert_eq!(app.world().get_resource::<Quest>(), None);

    let build = Build { begins_with_quest: true, ..FIRST };
    let end_it = |app: &mut App| {
        app.world_mut().remove_resource::<Quest>();
    };
    let (app, report) = play(build, end_it, build);
    assert_eq!(app.world().get_resource::<Quest>(), None);
    assert_eq!(new_components(&report), []);
}

#[test]
fn components_removed_in_play_stay_removed() {
    let build = Build { wizards_need_mana: true, ..FIRST };
    let lose_mana = |app: &mut App| {
        let world = app.world_mut();
        let wizard = world.query_filtered::<Entity, With<Wizard>>().single(world).unwrap();
        world.entity_mut(wizard).remove::<Mana>();
    };
    for version in ["1.0.0", "1.1.0"] {
        let (mut app, report) = play(build, lose_mana, Build { version, ..build });
        assert_eq!(the::<Mana>(&mut app, is_wizard), None, "version {version}");
        assert_eq!(new_components(&report), []);
    }
}

#[test]
fn components_added_to_a_level_are_kept_in_old_saves_and_reported() {
    let update = Build { version: "1.1.0", door_has_lock: true, ..FIRST };
    let (mut app, report) = play(FIRST, |_| {}, update);
    assert_eq!(the::<Lock>(&mut app, is_door), Some(Lock));
    assert_eq!(new_components(&report), [("Lock", 1)]);
}

/// The level comes after the restore: in the same start, or in a later one.
#[test]
fn components_added_to_a_level_are_kept_when_it_is_loaded_later() {
    for starts in 1..=3 {
        let disk = MemoryDisk::default();
        let mut app = game(&disk, FIRST);
        app.world_mut().spawn((Mana(9), Lock));
        start(&mut app, "Old");
        let later = Build { level_is_there: false, ..FIRST };
        let update = Build { version: "1.1.0", door_has_lock: true, ..later };
        let mut disk = disk.snapshot();
        for _ in 1..starts {
            let mut app = recover(&disk, update).0;
            app.world_mut().spawn(Wizard);
            request(&mut app, |commands| commands.session().checkpoint("without the level"));
            frames(&mut app, 3);
            disk = disk.snapshot();
        }
        let disk = disk.snapshot();
        let mut app = recover(&disk, update).0;
        spawn_door(&mut app, update);
        frames(&mut app, 5);
        assert_eq!(the::<Lock>(&mut app, is_door), Some(Lock), "after {starts} starts");
        // From then on its values are of this build.
        take_off_lock(&mut app);
        request(&mut app, |commands| commands.session().checkpoint("unlocked"));
        frames(&mut app, 3);
        let mut app = recover(&disk.snapshot(), Build { level_is_there: true, ..update }).0;
        assert_eq!(the::<Lock>(&mut app, is_door), None);
    }
}

/// It was left to its level, which is loaded again after the restore.
#[test]
fn a_removed_component_stays_removed_when_its_level_is_loaded_later() {
    let build = Build { door_has_lock: true, ..FIRST };
    let disk = MemoryDisk::default();
    let mut app = game(&disk, build);
    app.world_mut().spawn((Mana(9), Lock));
    take_off_lock(&mut app);
    start(&mut app, "Old");
    let later = Build { level_is_there: false, ..build };
    let mut app = recover(&disk.snapshot(), later).0;
    spawn_door(&mut app, later);
    frames(&mut app, 5);
    assert_eq!(the::<Lock>(&mut app, is_door), None);
}

#[test]
fn a_removed_component_of_a_level_stays_removed_in_the_same_version() {
    let build = Build { door_has_lock: true, ..FIRST };
    let (mut app, report) = play(build, take_off_lock, build);
    assert_eq!(the::<Lock>(&mut app, is_door), None);
    assert_eq!(new_components(&report), []);
}
