//! Hierarchies that are deep, wide or no hierarchies at all.

use bevy::prelude::*;
use bevy_session::doctor::{Doctor, Finding};
use bevy_session::prelude::*;
use bevy_session::testing::assert_restores;
use bevy_session::{MemoryDisk, RestoreFrom, SaveScope};

use crate::common::*;

/// A row in which each hangs from the one before.
fn row(world: &mut World, length: u32) -> Vec<Entity> {
    let mut row = vec![world.spawn(Health(0)).id()];
    for number in 1..length {
        let parent = ChildOf(row[number as usize - 1]);
        row.push(world.spawn((Health(number), parent)).id());
    }
    row
}

fn siblings(world: &mut World, count: u32) -> Entity {
    let parent = world.spawn(Health(u32::MAX)).id();
    for number in 0..count {
        world.spawn((Health(number), ChildOf(parent)));
    }
    parent
}

fn restored(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), listen::<SessionRestored>);
    let session = app.world().resource::<SessionCatalog>().sessions()[0].session.id;
    for round in 1..3 {
        // The second one takes down what the first one put there.
        request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
        frames(&mut app, 4);
        assert_eq!(received::<SessionRestored>(&app).len(), round);
    }
    app
}

#[test]
fn a_chain_of_a_hundred_thousand_entities_is_saved_and_restored() {
    const LENGTH: u32 = 100_000;
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    row(app.world_mut(), LENGTH);
    start(&mut app, "Deep");
    let mut app = restored(&disk.snapshot());
    let world = app.world_mut();
    let mut rows = world.query::<(&Health, Option<&ChildOf>)>();
    assert_eq!(rows.iter(world).count(), LENGTH as usize);
    for (health, parent) in rows.iter(world) {
        let parent = parent.map(|link| world.get::<Health>(link.parent()).unwrap().0);
        assert_eq!(parent, health.0.checked_sub(1));
    }
}

#[test]
fn many_siblings_are_saved_and_restored_in_order() {
    const COUNT: u32 = 200_000;
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    siblings(app.world_mut(), COUNT);
    start(&mut app, "Wide");
    let mut app = restored(&disk.snapshot());
    let world = app.world_mut();
    let children = world.query::<&Children>().single(world).unwrap();
    let healths = children.iter().map(|child| world.get::<Health>(child).unwrap().0);
    assert!(healths.eq(0..COUNT));
}

#[test]
fn the_test_kit_and_the_doctor_finish_on_deep_and_wide_worlds() {
    let mut app = game(&MemoryDisk::default());
    row(app.world_mut(), 20_000);
    siblings(app.world_mut(), 20_000);
    start(&mut app, "Looked at");
    assert_restores(&mut app);
    let findings = Doctor::default().examine(&mut app).findings;
    assert!(!findings.iter().any(|finding| matches!(finding, Finding::NothingSaved { .. })));
}

#[test]
fn a_hierarchy_cycle_below_unsaved_does_not_hang() {
    let mut app = game_with(plugin(&MemoryDisk::default()), listen::<CheckpointSaved>);
    let circle = row(app.world_mut(), 3);
    let unsaved = app.world_mut().spawn(Unsaved).id();
    app.world_mut().entity_mut(unsaved).insert(ChildOf(circle[2]));
    app.world_mut().entity_mut(circle[0]).insert(ChildOf(unsaved));
    app.world_mut().spawn(Health(77));
    start(&mut app, "Round and round");
    seconds(&mut app, 12.0);
    let world = app.world_mut();
    let saved: Vec<u32> =
        world.query_filtered::<&Health, With<Saved>>().iter(world).map(|health| health.0).collect();
    assert_eq!(saved, [77]);
}

#[test]
fn a_hierarchy_cycle_below_a_scope_does_not_hang() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    let level = app.world_mut().spawn(SaveScope::new("level")).id();
    let coin = app.world_mut().spawn((Health(1), SaveKey::new("coin"), ChildOf(level))).id();
    app.world_mut().entity_mut(level).insert(ChildOf(coin));
    start(&mut app, "In a circle");
    app.world_mut().despawn(level);
    frames(&mut app, 2);
    app.world_mut().spawn((Health(5), SaveKey::new("coin")));
    frames(&mut app, 3);
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().single(world).unwrap().0, 1, "it was parked, not gone");
}
