//! The self-test: what was changed without a trace is named, and nothing else is.

// Feature: A self-test finds values that changed without a trace.
// Page: guide/settings.md

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::time::Duration;

use bevy::ecs::entity::EntityMapper;
use bevy::prelude::*;
use bevy_session::checkpoints::{CheckpointDrifted, TypeFailed};
use bevy_session::external::Operation;
use bevy_session::prelude::*;
use bevy_session::{CheckpointCaptured, CheckpointId, CheckpointKind, MemoryDisk};
use serde::{Deserialize, Serialize};

use crate::common::*;

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(map_entities = map_enemies)]
struct Enemies(HashSet<Entity>);

/// A new set has another order each time.
fn map_enemies<M: EntityMapper>(enemies: &mut Enemies, mapper: &mut M) {
    enemies.0 = enemies.0.drain().map(|enemy| mapper.get_mapped(enemy)).collect();
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Route(#[entities] Vec<Entity>);

/// A type whose columns know when they were last written, so that most checkpoints pass over them.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(summary_tick)]
struct Quiver(u32);

/// A type that can be written only while it is small.
#[derive(Component, Reflect, Clone, Debug, Deserialize)]
#[reflect(Component, Saved)]
struct Shy(u32);

impl Serialize for Shy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 > 9 {
            return Err(serde::ser::Error::custom("too large to be shown"));
        }
        serializer.serialize_newtype_struct("Shy", &self.0)
    }
}

/// A game that takes a checkpoint each second, and tests every so many of them.
fn tested_game(disk: &MemoryDisk, every: u32) -> App {
    let settings = SessionSettings {
        interval: Duration::from_secs(1),
        self_test: NonZeroU32::new(every),
        ..SessionSettings::default()
    };
    game_with(plugin(disk).settings(settings), |app| {
        listen::<CheckpointCaptured>(app);
        listen::<CheckpointSaved>(app);
        listen::<CheckpointDrifted>(app);
        listen::<TypeFailed>(app);
        listen::<SessionRestored>(app);
    })
}

/// The types that drifted, for each report.
fn drifted(app: &App) -> Vec<Vec<(String, u64)>> {
    let reports = received::<CheckpointDrifted>(app).into_iter();
    reports
        .map(|report| {
            let types = report.types.into_iter();
            types.map(|drifted| (drifted.type_path, drifted.rows)).collect()
        })
        .collect()
}

fn of<T: TypePath>(rows: u64) -> (String, u64) {
    (T::type_path().to_owned(), rows)
}

/// A change that every checkpoint has to report.
fn tick(app: &mut App) {
    app.world_mut().resource_mut::<Score>().0 += 1;
    seconds(app, 1.2);
}

#[test]
fn an_undetected_change_is_reported_and_saved() {
    let disk = MemoryDisk::default();
    let mut app = tested_game(&disk, 1);
    let healthy: Vec<Entity> =
        (0..5).map(|health| app.world_mut().spawn(Health(health)).id()).collect();
    app.world_mut().spawn((Inventory(vec![1]), Name::new("bag")));
    start(&mut app, "Bypassed");
    let id = app.world().resource::<CurrentSession>().id();
    tick(&mut app);
    assert_eq!(drifted(&app), Vec::<Vec<_>>::new());
    for entity in &healthy[1..3] {
        let mut health = app.world_mut().get_mut::<Health>(*entity).unwrap();
        health.bypass_change_detection().0 += 100;
    }
    tick(&mut app);
    assert_eq!(drifted(&app), [[of::<Health>(2)]]);
    tick(&mut app);
    let captured = received::<CheckpointCaptured>(&app);
    assert!(captured.last().unwrap().full, "a full checkpoint should follow: {captured:?}");
    tick(&mut app);
    assert_eq!(drifted(&app).len(), 1, "and then there is nothing to report");
    let mut app = tested_game(&disk.snapshot(), 1);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    let world = app.world_mut();
    let mut healths: Vec<u32> = world.query::<&Health>().iter(world).map(|one| one.0).collect();
    healths.sort_unstable();
    assert_eq!(healths, [0, 3, 4, 101, 102]);
}

#[test]
fn an_undetected_change_in_a_skipped_column_is_reported_and_saved() {
    let disk = MemoryDisk::default();
    let mut app = tested_game(&disk, 2);
    let quivers: Vec<Entity> =
        (0..5).map(|arrows| app.world_mut().spawn(Quiver(arrows)).id()).collect();
    start(&mut app, "Passed over");
    let id = app.world().resource::<CurrentSession>().id();
    // One that is written as usual, and then none for a while.
    app.world_mut().get_mut::<Quiver>(quivers[0]).unwrap().0 = 10;
    (0..4).for_each(|_| tick(&mut app));
    assert_eq!(drifted(&app), Vec::<Vec<_>>::new());
    for quiver in &quivers[1..3] {
        let mut quiver = app.world_mut().get_mut::<Quiver>(*quiver).unwrap();
        quiver.bypass_change_detection().0 += 100;
    }
    (0..4).for_each(|_| tick(&mut app));
    assert_eq!(drifted(&app), [[of::<Quiver>(2)]]);
    let mut app = tested_game(&disk.snapshot(), 2);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    let world = app.world_mut();
    let mut arrows: Vec<u32> = world.query::<&Quiver>().iter(world).map(|one| one.0).collect();
    arrows.sort_unstable();
    assert_eq!(arrows, [3, 4, 10, 101, 102]);
}

#[test]
fn a_change_by_component_id_in_a_skipped_column_is_no_drift() {
    let mut app = tested_game(&MemoryDisk::default(), 2);
    let quiver = app.world_mut().spawn(Quiver(1)).id();
    start(&mut app, "By its id");
    tick(&mut app);
    let world = app.world_mut();
    world.get_mut::<Quiver>(quiver).unwrap().bypass_change_detection().0 = 7;
    let quivers = world.component_id::<Quiver>().unwrap();
    world.get_mut_by_id(quiver, quivers).unwrap().set_changed();
    (0..4).for_each(|_| tick(&mut app));
    assert_eq!(drifted(&app), Vec::<Vec<_>>::new());
}

#[test]
fn after_an_undetected_change_every_pause_and_exit_is_captured_in_full() {
    let mut app = tested_game(&MemoryDisk::default(), 1);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Known for it");
    request(&mut app, |commands| commands.session().pause());
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().resume());
    app.world_mut().get_mut::<Health>(entity).unwrap().bypass_change_detection().0 = 5;
    tick(&mut app);
    frames(&mut app, 1);
    assert_eq!(drifted(&app), [[of::<Health>(1)]]);
    (0..3).for_each(|_| tick(&mut app));
    request(&mut app, |commands| commands.session().pause());
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let captured = received::<CheckpointCaptured>(&app);
    let whole: Vec<bool> = captured
        .iter()
        .filter(|captured| [CheckpointKind::Pause, CheckpointKind::Exit].contains(&captured.kind))
        .map(|captured| captured.full)
        .collect();
    assert_eq!(whole, [false, true, true], "{captured:?}");
}

#[test]
fn an_undetected_change_of_a_resource_is_reported() {
    let mut app = tested_game(&MemoryDisk::default(), 1);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Resource");
    app.world_mut().resource_mut::<Score>().bypass_change_detection().0 = 77;
    app.world_mut().entity_mut(entity).insert(Health(2));
    seconds(&mut app, 1.2);
    assert_eq!(drifted(&app), [[of::<Score>(1)]]);
}

#[test]
fn an_undetected_change_of_a_reference_is_reported() {
    let mut app = tested_game(&MemoryDisk::default(), 1);
    let [one, other] = [1, 2].map(|health| app.world_mut().spawn(Health(health)).id());
    let enemy = app.world_mut().spawn((Enemies([one].into()), Route(vec![one, one]))).id();
    start(&mut app, "Turned");
    let mut enemy = app.world_mut().entity_mut(enemy);
    enemy.get_mut::<Enemies>().unwrap().bypass_change_detection().0 = [other].into();
    enemy.get_mut::<Route>().unwrap().bypass_change_detection().0[1] = other;
    tick(&mut app);
    assert_eq!(drifted(&app), [[of::<Enemies>(1), of::<Route>(1)]]);
}

#[test]
fn references_to_the_dead_and_sets_of_entities_are_no_drift() {
    let mut app = tested_game(&MemoryDisk::default(), 1);
    let crowd: Vec<Entity> =
        (0..20).map(|health| app.world_mut().spawn(Health(health)).id()).collect();
    let scenery = app.world_mut().spawn(Name::new("scenery")).id();
    app.world_mut().spawn(Enemies(crowd.iter().copied().collect()));
    app.world_mut().spawn(Enemies([crowd[0], crowd[1], scenery].into()));
    app.world_mut().spawn(Route(vec![crowd[0], crowd[1], scenery, Entity::PLACEHOLDER]));
    start(&mut app, "Referring");
    tick(&mut app);
    for entity in [crowd[0], crowd[1], crowd[7], scenery] {
        app.world_mut().despawn(entity);
        tick(&mut app);
    }
    assert_eq!(drifted(&app), Vec::<Vec<_>>::new());
    let captured = received::<CheckpointCaptured>(&app);
    assert!(captured.iter().filter(|captured| !captured.full).count() >= 5, "{captured:?}");
}

#[test]
fn a_type_that_could_not_be_written_is_no_drift() {
    let mut app = tested_game(&MemoryDisk::default(), 1);
    let entity = app.world_mut().spawn((Shy(1), Health(1))).id();
    start(&mut app, "Shy");
    app.world_mut().entity_mut(entity).insert(Shy(10));
    tick(&mut app);
    app.world_mut().entity_mut(entity).insert(Health(2));
    tick(&mut app);
    assert!(!received::<TypeFailed>(&app).is_empty());
    assert_eq!(drifted(&app), Vec::<Vec<_>>::new());
    // Neither is what is written again once it can be.
    app.world_mut().entity_mut(entity).insert(Shy(2));
    for _ in 0..3 {
        tick(&mut app);
    }
    assert_eq!(drifted(&app), Vec::<Vec<_>>::new());
}

#[test]
fn only_every_nth_checkpoint_is_tested() {
    let mut app = tested_game(&MemoryDisk::default(), 4);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Seldom");
    app.world_mut().get_mut::<Health>(entity).unwrap().bypass_change_detection().0 = 9;
    let mut reported_at = None;
    while reported_at.is_none() {
        tick(&mut app);
        let newest = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint.counter;
        reported_at = (!drifted(&app).is_empty()).then_some(newest);
    }
    assert_eq!(reported_at, Some(4));
}

/// The acknowledged checkpoints: counter, kind, bytes.
fn acknowledged(every: u32) -> Vec<(u64, CheckpointKind, u64)> {
    let disk = MemoryDisk::default();
    let mut app = tested_game(&disk, every);
    let crowd: Vec<Entity> =
        (0..9).map(|health| app.world_mut().spawn(Health(health)).id()).collect();
    app.world_mut().spawn(Route(crowd.clone()));
    start(&mut app, "Acknowledged");
    for (turn, entity) in crowd.into_iter().enumerate() {
        app.world_mut().despawn(entity);
        if turn % 2 == 1 {
            disk.fail_next(Operation::Sync, std::io::ErrorKind::Other);
        }
        tick(&mut app);
        request(&mut app, |commands| commands.session().checkpoint("named"));
        tick(&mut app);
    }
    assert_eq!(drifted(&app), Vec::<Vec<_>>::new());
    let saved = received::<CheckpointSaved>(&app).into_iter();
    saved.map(|saved| (saved.checkpoint.counter, saved.kind, saved.bytes)).collect()
}

#[test]
fn testing_changes_nothing_of_what_is_acknowledged() {
    let without = acknowledged(0);
    assert!(without.len() >= 15, "{without:?}");
    assert_eq!(acknowledged(1), without);
}

#[test]
fn a_checkpoint_that_cannot_be_read_back_is_no_drift() {
    let disk = MemoryDisk::default();
    let mut app = tested_game(&disk, 1);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Unreadable");
    disk.fail_always(Operation::Read, std::io::ErrorKind::Other);
    tick(&mut app);
    disk.heal();
    tick(&mut app);
    assert_eq!(drifted(&app), Vec::<Vec<_>>::new());
    let saved: Vec<CheckpointId> =
        received::<CheckpointSaved>(&app).into_iter().map(|saved| saved.checkpoint).collect();
    assert_eq!(saved.len(), 3);
}

#[test]
fn a_writer_on_a_thread_of_its_own_tests_beside_the_game() {
    let directory = tempfile::tempdir().unwrap();
    let settings = SessionSettings {
        interval: Duration::from_millis(5),
        max_bytes_per_second: u64::MAX,
        self_test: NonZeroU32::new(1),
        ..SessionSettings::default()
    };
    let plugin = SessionPlugin::new("Tests", "Self-test").directory(directory.path());
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, plugin.settings(settings))).init_resource::<Score>();
    listen::<CheckpointDrifted>(&mut app);
    listen::<CheckpointSaved>(&mut app);
    app.finish();
    app.cleanup();
    request(&mut app, |commands| commands.session().start(NewSession::named("Threads")));
    let crowd: Vec<Entity> =
        (0..200).map(|health| app.world_mut().spawn(Health(health)).id()).collect();
    let frame = |app: &mut App, number: u32| {
        let entity = crowd[number as usize % crowd.len()];
        app.world_mut().entity_mut(entity).insert((Health(number), Inventory(vec![number])));
        app.update();
        std::thread::sleep(Duration::from_millis(1));
    };
    let begun = std::time::Instant::now();
    let is_over = |app: &App| {
        assert!(
            begun.elapsed() < Duration::from_secs(300),
            "{:?}",
            received::<CheckpointSaved>(app)
        );
    };
    let mut number = 0;
    while received::<CheckpointSaved>(&app).len() < 30 {
        is_over(&app);
        number += 1;
        frame(&mut app, number);
    }
    assert_eq!(drifted(&app), Vec::<Vec<_>>::new());
    let mut score = app.world_mut().resource_mut::<Score>();
    score.bypass_change_detection().0 = 77;
    while drifted(&app).is_empty() {
        is_over(&app);
        number += 1;
        frame(&mut app, number);
    }
    assert_eq!(drifted(&app)[0], [of::<Score>(1)]);
}
