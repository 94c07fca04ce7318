//! Relationships of entities that stay.

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Sprite, checkpoint, go_back, in_place_game};
use crate::common::*;

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[relationship(relationship_target = PairedBy)]
struct PairedWith(Entity);

#[derive(Component, Reflect, Debug)]
#[relationship_target(relationship = PairedWith)]
struct PairedBy(Entity);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[relationship(relationship_target = Owns)]
struct OwnedBy(Entity);

#[derive(Component, Reflect, Debug)]
#[relationship_target(relationship = OwnedBy, linked_spawn)]
struct Owns(Vec<Entity>);

#[derive(Resource, Default)]
struct Unpaired(Vec<Entity>);

fn game() -> App {
    in_place_game(&MemoryDisk::default(), |app| {
        app.init_resource::<Unpaired>().add_observer(
            |gone: On<Remove<PairedWith>>, mut unpaired: ResMut<Unpaired>| {
                unpaired.0.push(gone.entity);
            },
        );
    })
}

fn spawn(app: &mut App, health: u32) -> Entity {
    app.world_mut().spawn((Health(health), Sprite(health))).id()
}

#[test]
fn children_of_a_respawned_or_despawned_entity_stay() {
    let mut app = game();
    let parent = spawn(&mut app, 1);
    let child = spawn(&mut app, 2);
    let owned = spawn(&mut app, 3);
    app.world_mut().entity_mut(child).insert(ChildOf(parent));
    app.world_mut().entity_mut(owned).insert(OwnedBy(parent));
    let free = spawn(&mut app, 4);
    start(&mut app, "Family");
    checkpoint(&mut app);
    // All of them move to somebody who isn't in the checkpoint, and the parent dies.
    let other = spawn(&mut app, 9);
    let between = app.world_mut().spawn(ChildOf(other)).id();
    app.world_mut().entity_mut(child).insert(ChildOf(other));
    app.world_mut().entity_mut(owned).insert(OwnedBy(other));
    app.world_mut().entity_mut(free).insert(ChildOf(between));
    app.world_mut().despawn(parent);
    let restored = go_back(&mut app);
    let report = &restored.report;
    assert_eq!((report.written, report.spawned, report.despawned), (3, 1, 1), "{report:?}");
    let world = app.world();
    assert!(world.get_entity(other).is_err() && world.get_entity(between).is_err());
    for (entity, number) in [(child, 2), (owned, 3), (free, 4)] {
        assert_eq!(world.get::<Sprite>(entity), Some(&Sprite(number)), "it stays");
    }
    let parent = world.get::<ChildOf>(child).unwrap().parent();
    assert_eq!(world.get::<Health>(parent), Some(&Health(1)));
    assert_eq!(world.get::<OwnedBy>(owned), Some(&OwnedBy(parent)));
    assert!(world.get::<ChildOf>(free).is_none());
}

#[test]
fn parents_and_children_change_places() {
    let mut app = game();
    let row: Vec<Entity> = (1..5).map(|number| spawn(&mut app, number)).collect();
    let link = |app: &mut App, row: &[Entity]| {
        for entity in row {
            app.world_mut().entity_mut(*entity).remove::<ChildOf>();
        }
        for pair in row.windows(2) {
            app.world_mut().entity_mut(pair[1]).insert(ChildOf(pair[0]));
        }
    };
    link(&mut app, &row);
    start(&mut app, "Family");
    checkpoint(&mut app);
    let reversed: Vec<Entity> = row.iter().rev().copied().collect();
    link(&mut app, &reversed);
    let restored = go_back(&mut app);
    assert_eq!(restored.report.written, 4);
    for pair in row.windows(2) {
        assert_eq!(app.world().get::<ChildOf>(pair[1]).map(ChildOf::parent), Some(pair[0]));
    }
    assert!(app.world().get::<ChildOf>(row[0]).is_none());
}

#[test]
fn shifted_one_to_one_links_are_restored_without_dropping_any() {
    let mut app = game();
    let all: Vec<Entity> = (1..6).map(|number| spawn(&mut app, number)).collect();
    for pair in all.windows(2) {
        app.world_mut().entity_mut(pair[0]).insert(PairedWith(pair[1]));
    }
    start(&mut app, "Dance");
    checkpoint(&mut app);
    // Each is moved to the next but one, the last ones first, so that nobody is kicked out.
    app.world_mut().entity_mut(all[3]).insert(PairedWith(all[0]));
    for place in (0..3).rev() {
        app.world_mut().entity_mut(all[place]).insert(PairedWith(all[place + 2]));
    }
    app.world_mut().resource_mut::<Unpaired>().0.clear();
    let restored = go_back(&mut app);
    assert_eq!(restored.report.written, 4);
    assert!(restored.report.overwritten.is_empty(), "{:?}", restored.report);
    for pair in all.windows(2) {
        assert_eq!(app.world().get::<PairedWith>(pair[0]), Some(&PairedWith(pair[1])));
        assert_eq!(app.world().get::<PairedBy>(pair[1]).map(|by| by.0), Some(pair[0]));
    }
    assert_eq!(app.world().resource::<Unpaired>().0, [], "nobody should have lost a link");
}

#[test]
fn swapped_one_to_one_links_are_restored() {
    let mut app = game();
    let [a, b, x, y] = [1, 2, 3, 4].map(|number| spawn(&mut app, number));
    app.world_mut().entity_mut(a).insert(PairedWith(x));
    app.world_mut().entity_mut(b).insert(PairedWith(y));
    start(&mut app, "Dance");
    checkpoint(&mut app);
    // In a circle.
    app.world_mut().entity_mut(a).insert(PairedWith(y));
    app.world_mut().entity_mut(b).insert(PairedWith(x));
    go_back(&mut app);
    let is_back = |app: &App| {
        assert_eq!(app.world().get::<PairedWith>(a), Some(&PairedWith(x)));
        assert_eq!(app.world().get::<PairedWith>(b), Some(&PairedWith(y)));
    };
    is_back(&app);
    // Twice, to somebody who isn't in the checkpoint.
    app.world_mut().entity_mut(b).insert(PairedWith(x));
    let stranger = spawn(&mut app, 9);
    app.world_mut().entity_mut(stranger).insert(PairedWith(x));
    go_back(&mut app);
    is_back(&app);
    assert!(app.world().get_entity(stranger).is_err());
}

#[test]
fn relationship_lists_are_restored_in_order() {
    let mut app = game();
    let parent = spawn(&mut app, 1);
    let owned: Vec<Entity> = (2..6).map(|number| spawn(&mut app, number)).collect();
    for entity in &owned {
        app.world_mut().entity_mut(*entity).insert((OwnedBy(parent), ChildOf(parent)));
    }
    let picture = app.world_mut().spawn((Sprite(0), ChildOf(parent))).id();
    start(&mut app, "Family");
    checkpoint(&mut app);
    // One leaves and comes back, at the end of both lists, and another is gone.
    app.world_mut().entity_mut(owned[0]).remove::<(OwnedBy, ChildOf)>();
    app.world_mut().entity_mut(owned[0]).insert((OwnedBy(parent), ChildOf(parent)));
    app.world_mut().despawn(owned[2]);
    let restored = go_back(&mut app);
    assert_eq!(restored.report.spawned, 1);
    let world = app.world();
    let health = |entity: &Entity| world.get::<Health>(*entity).map(|health| health.0);
    let list: Vec<u32> = world.get::<Owns>(parent).unwrap().0.iter().filter_map(health).collect();
    assert_eq!(list, [2, 3, 4, 5]);
    let children = world.get::<Children>(parent).unwrap();
    let children_health: Vec<u32> = children.iter().filter_map(|child| health(&child)).collect();
    assert_eq!(children_health, [2, 3, 4, 5]);
    assert!(children.contains(&picture), "what is drawn stays");
}

#[test]
fn changed_links_of_placed_entities_are_restored() {
    let mut app = game();
    let placed = |app: &mut App, key: &str, health: u32| {
        let placed = (Health(health), Sprite(health), SaveKey::new(key));
        app.world_mut().spawn(placed).id()
    };
    let root = placed(&mut app, "level", 1);
    let [first, second, guard] =
        [("door", 2), ("gate", 3), ("guard", 4)].map(|(key, health)| placed(&mut app, key, health));
    for entity in [first, second] {
        app.world_mut().entity_mut(entity).insert((ChildOf(root), OwnedBy(root)));
    }
    app.world_mut().entity_mut(guard).insert(PairedWith(first));
    let visitor = spawn(&mut app, 5);
    app.world_mut().entity_mut(visitor).insert(OwnedBy(first));
    start(&mut app, "Level");
    checkpoint(&mut app);
    // The guard changes its door, the visitor the owner, and a door leaves the level's root.
    app.world_mut().entity_mut(guard).insert(PairedWith(second));
    app.world_mut().entity_mut(visitor).insert(OwnedBy(second));
    app.world_mut().entity_mut(first).remove::<ChildOf>();
    app.world_mut().get_mut::<Health>(second).unwrap().0 = 30;
    let restored = go_back(&mut app);
    let report = &restored.report;
    assert!(report.in_place && report.dangling_total == 0, "{report:?}");
    assert!(report.not_as_saved.is_empty() && report.losses.is_empty(), "{report:?}");
    assert_eq!((report.spawned, report.despawned), (0, 0), "{report:?}");
    let world = app.world();
    assert_eq!(world.get::<PairedWith>(guard), Some(&PairedWith(first)));
    assert_eq!(world.get::<PairedBy>(first).map(|by| by.0), Some(guard));
    assert!(world.get::<PairedBy>(second).is_none(), "nobody is paired with two");
    assert_eq!(world.get::<OwnedBy>(visitor), Some(&OwnedBy(first)));
    assert_eq!(world.get::<Owns>(root).map(|owns| owns.0.clone()), Some(vec![first, second]));
    assert_eq!(world.get::<Health>(second), Some(&Health(3)));
    for entity in [first, second] {
        assert_eq!(world.get::<ChildOf>(entity).map(ChildOf::parent), Some(root));
    }
    for (entity, number) in [(root, 1), (first, 2), (second, 3), (guard, 4), (visitor, 5)] {
        assert_eq!(world.get::<Sprite>(entity), Some(&Sprite(number)), "it stays");
    }
}

/// It isn't saved, so nothing of the checkpoint says that it goes.
#[derive(Component, Debug)]
#[relationship(relationship_target = Tethers)]
struct TetheredTo(Entity);

#[derive(Component, Debug)]
#[relationship_target(relationship = TetheredTo, linked_spawn)]
struct Tethers(Vec<Entity>);

#[test]
fn an_unsaved_linked_spawn_relationship_does_not_despawn_saved_entities() {
    let mut app = game();
    let stays = spawn(&mut app, 1);
    start(&mut app, "Tethered");
    checkpoint(&mut app);
    let goes = spawn(&mut app, 9);
    let between = app.world_mut().spawn(TetheredTo(goes)).id();
    app.world_mut().entity_mut(stays).insert(TetheredTo(between));
    let restored = go_back(&mut app);
    let world = app.world();
    assert!(world.get_entity(goes).is_err() && world.get_entity(between).is_err());
    assert_eq!(world.get::<Sprite>(stays), Some(&Sprite(1)), "it stays");
    assert!(world.get::<TetheredTo>(stays).is_none());
    assert_eq!(restored.report.spawned, 0, "{:?}", restored.report);
}
