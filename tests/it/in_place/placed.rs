//! Going back in place with entities that a level has placed.

// Feature: Entities with a `SaveKey` go back in place like others: nobody hears of what is unchanged.
// Page: guide/rewind-in-place.md

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoredInPlace;
use bevy_session::{CheckpointCaptured, MemoryDisk};
use serde::{Deserialize, Serialize};

use super::{
    Glance, Glow, Heard, Lamp, Serial, Sprite, ask, checkpoint, counted, go_back, health,
    in_place_game, recovered,
};
use crate::common::*;

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Follows(#[entities] Entity);

fn game() -> App {
    in_place_game(&MemoryDisk::default(), |app| {
        app.init_state::<Game>().save_state::<Game>();
        listen::<CheckpointCaptured>(app);
    })
}

/// Spawns an entity as a level does.
fn place(app: &mut App, key: &str, health: u32) -> Entity {
    app.world_mut().spawn((Health(health), Sprite(health), SaveKey::new(key))).id()
}

fn begin(app: &mut App) {
    frames(app, 2);
    start(app, "Placed");
    checkpoint(app);
    *app.world_mut().resource_mut::<Heard>() = Heard::default();
}

#[test]
fn only_differing_values_of_placed_entities_are_written_and_reported() {
    let mut app = game();
    let door = place(&mut app, "door", 1);
    let boss = place(&mut app, "boss", 7);
    app.world_mut().entity_mut(boss).insert(Glance(door));
    begin(&mut app);
    app.world_mut().get_mut::<Health>(boss).unwrap().0 = 3;
    let restored = go_back(&mut app);
    assert_eq!(counted(&restored), (true, 1, 0, 0), "{:?}", restored.report);
    let world = app.world();
    assert_eq!(world.get::<Health>(boss), Some(&Health(7)));
    assert_eq!(world.get::<Sprite>(boss), Some(&Sprite(7)));
    assert!(world.get::<Glance>(boss).is_none(), "dropped, as from any entity that stays");
    assert_eq!(world.resource::<Heard>().inserted, 1, "nobody hears of the door");
    let changed = received::<RestoredInPlace>(&app);
    assert_eq!(changed.iter().map(|it| it.entity).collect::<Vec<_>>(), [boss]);
    assert!(changed[0].has_changed::<Health>());
    assert_eq!(restored.report.entities, 2);
    assert!(restored.report.extra.is_empty(), "{:?}", restored.report);
    let opening = received::<CheckpointCaptured>(&app).pop().unwrap();
    assert!(opening.full && opening.rows < 4, "what was written since: {}", opening.rows);
}

#[test]
fn an_opening_checkpoint_with_placed_entities_is_restored_after_a_kill() {
    let disk = MemoryDisk::default();
    let level = |app: &mut App| {
        place(app, "door", 1);
        place(app, "boss", 7);
        frames(app, 2);
    };
    let mut app = in_place_game(&disk, |_| {});
    level(&mut app);
    app.world_mut().spawn(Health(2));
    begin(&mut app);
    let mut placed = app.world_mut().query_filtered::<&mut Health, With<SaveKey>>();
    placed.iter_mut(app.world_mut()).for_each(|mut health| health.0 += 10);
    assert!(go_back(&mut app).report.in_place);
    let session = app.world().resource::<CurrentSession>().id();
    placed.iter_mut(app.world_mut()).for_each(|mut health| health.0 += 100);
    ask(&mut app, |session| session.checkpoint("later"));

    let mut again = in_place_game(&disk.snapshot(), |_| {});
    level(&mut again);
    let mut again = recovered(session, again);
    assert_eq!(health(&mut again), [2, 101, 107]);
}

#[test]
fn a_placed_entity_is_not_despawned_with_a_parent() {
    let mut app = game();
    let [chest, door] = [("chest", 7), ("door", 8)].map(|(key, it)| place(&mut app, key, it));
    let bearer = app.world_mut().spawn((Health(1), Serial(1))).id();
    begin(&mut app);
    // One hangs from somebody who wasn't there, the other from one that has to be spawned again.
    let thief = app.world_mut().spawn(Health(9)).id();
    app.world_mut().entity_mut(chest).insert(ChildOf(thief));
    app.world_mut().entity_mut(bearer).insert(Serial(2));
    app.world_mut().entity_mut(door).insert(ChildOf(bearer));
    let restored = go_back(&mut app);
    assert_eq!(restored.report.placed.unclaimed_total, 0, "{:?}", restored.report);
    assert_eq!((restored.report.spawned, restored.report.despawned), (1, 2));
    let world = app.world();
    for (entity, number) in [(chest, 7), (door, 8)] {
        assert_eq!(world.get::<Health>(entity), Some(&Health(number)));
        assert_eq!(world.get::<Sprite>(entity), Some(&Sprite(number)));
        assert!(world.get::<ChildOf>(entity).is_none(), "it hung from nobody");
    }
    assert!(world.get_entity(thief).is_err());
}

#[test]
fn immutable_components_of_placed_entities_are_inserted() {
    let mut app = game();
    let door = place(&mut app, "door", 1);
    app.world_mut().entity_mut(door).insert(Serial(1));
    begin(&mut app);
    app.world_mut().entity_mut(door).insert(Serial(2));
    let restored = go_back(&mut app);
    assert_eq!(counted(&restored), (true, 1, 0, 0), "{:?}", restored.report);
    assert!(restored.report.respawned.is_empty());
    assert_eq!(app.world().get::<Serial>(door), Some(&Serial(1)));
}

#[test]
fn a_respawned_placed_entity_gets_its_values_and_references() {
    let mut app = game();
    let door = place(&mut app, "door", 1);
    app.world_mut().entity_mut(door).insert(DespawnOnExit(Game::Menu));
    let guard = app.world_mut().spawn((Health(2), Follows(door))).id();
    app.world_mut().entity_mut(door).insert((Lamp, Glow)).remove::<Lamp>();
    begin(&mut app);
    // The level is loaded again, as after a look elsewhere: what it places isn't gone.
    app.world_mut().resource_mut::<NextState<Game>>().set(Game::Loading);
    frames(&mut app, 2);
    assert!(app.world().get_entity(door).is_err());
    let again = app.world_mut().spawn((Health(50), Sprite(50), Lamp, SaveKey::new("door"))).id();
    frames(&mut app, 3);
    app.world_mut().resource_mut::<NextState<Game>>().set(Game::Menu);
    app.world_mut().get_mut::<Health>(again).unwrap().0 = 60;
    frames(&mut app, 2);
    let restored = go_back(&mut app);
    assert!(restored.report.in_place && restored.report.dangling_total == 0, "{restored:?}");
    let world = app.world();
    assert_eq!(world.get::<Health>(again), Some(&Health(1)));
    assert_eq!(world.get::<Sprite>(again), Some(&Sprite(50)));
    assert_eq!(world.get::<Follows>(guard), Some(&Follows(again)));
    assert!(world.get::<Lamp>(again).is_none(), "it had been taken away");
    assert!(world.get::<Glow>(again).is_some(), "what isn't saved is as the level gave it");
}

#[test]
fn a_despawned_placed_entity_gets_its_values_when_the_level_spawns_it() {
    let mut app = game();
    let door = place(&mut app, "door", 1);
    let bearer = app.world_mut().spawn(Health(2)).id();
    begin(&mut app);
    app.add_observer(move |gone: On<Remove<Health>>, mut commands: Commands| {
        if gone.entity != bearer && gone.entity != door {
            commands.entity(door).try_despawn();
        }
    });
    app.world_mut().spawn(Health(3));
    let restored = go_back(&mut app);
    assert_eq!(restored.report.placed.unclaimed_total, 1, "{:?}", restored.report);
    assert_eq!(restored.report.spawned, 0, "only its level spawns it");
    let again = place(&mut app, "door", 9);
    frames(&mut app, 3);
    assert_eq!(app.world().get::<Health>(again), Some(&Health(1)), "its values were kept");
}
