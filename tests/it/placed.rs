//! Entities that a level places: doors that stay open, coins that stay taken.

// Feature: Entities that a level spawns get their saved values by `SaveKey`.
// Page: guide/what-is-saved.md#levels-and-keys

use bevy::ecs::entity::MapEntities;
use bevy::prelude::*;
use bevy_session::placed::{DuplicateSaveKey, PlacedRestored};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SaveScope, SessionRestored};
use serde::{Deserialize, Serialize};

use crate::common::{
    Health, Inventory, frames, game_with, listen, plugin, received, request, start,
};

#[derive(Component, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Door {
    open: bool,
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Coin;

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct LastOpened(#[entities] Entity);

fn game(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), |app| {
        listen::<SessionRestored>(app);
        listen::<PlacedRestored>(app);
        listen::<DuplicateSaveKey>(app);
        listen::<RequestRejected>(app);
    })
}

/// Spawns a level, as each time it is loaded.
fn load_level(app: &mut App) -> Entity {
    let world = app.world_mut();
    let root = world.spawn((SaveKey::new("level"), SaveScope::new("level"))).id();
    for number in 0..3 {
        world.spawn((Door::default(), SaveKey::new(format!("level/door_{number}")), ChildOf(root)));
        world.spawn((Coin, SaveKey::new(format!("level/coin_{number}")), ChildOf(root)));
    }
    // What was kept for them comes a frame after it was asked for.
    frames(app, 2);
    root
}

fn find(app: &mut App, key: &str) -> Option<Entity> {
    let world = app.world_mut();
    let mut keys = world.query::<(Entity, &SaveKey)>();
    let mut found = keys.iter(world).filter(|(_, known)| known.as_str() == key);
    let entity = found.next().map(|(entity, _)| entity);
    assert_eq!(found.next(), None, "{key} is there twice");
    entity
}

fn door(app: &mut App, number: u32) -> Mut<'_, Door> {
    let entity = find(app, &format!("level/door_{number}")).expect("a door");
    app.world_mut().get_mut::<Door>(entity).unwrap()
}

fn coins(app: &mut App) -> usize {
    let world = app.world_mut();
    world.query::<&Coin>().iter(world).count()
}

fn checkpoint(app: &mut App) {
    request(app, |commands| commands.session().checkpoint("now"));
    frames(app, 3);
}

/// Dies, and recovers in a new app. The level is loaded before, or not at all.
fn crash_and_recover(disk: &MemoryDisk, level_is_there: bool) -> App {
    let mut app = game(&disk.snapshot());
    if level_is_there {
        load_level(&mut app);
    }
    recover(&mut app);
    app
}

fn recover(app: &mut App) {
    frames(app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(app, 3);
    assert_eq!(received::<SessionRestored>(app).len(), 1);
}

/// A game in its level: door 1 is open, coin 2 taken.
fn played(disk: &MemoryDisk) -> App {
    let mut app = game(disk);
    load_level(&mut app);
    start(&mut app, "Levels");
    door(&mut app, 1).open = true;
    let coin = find(&mut app, "level/coin_2").unwrap();
    app.world_mut().despawn(coin);
    checkpoint(&mut app);
    app
}

fn assert_as_played(app: &mut App) {
    let open: Vec<bool> = (0..3).map(|number| door(app, number).open).collect();
    assert_eq!(open, [false, true, false]);
    assert_eq!(coins(app), 2);
    assert_eq!(find(app, "level/coin_2"), None);
}

#[test]
fn values_go_to_the_entities_that_the_level_has_spawned() {
    let disk = MemoryDisk::default();
    let _playing = played(&disk);
    let mut app = crash_and_recover(&disk, true);
    assert_as_played(&mut app);
    let report = &received::<SessionRestored>(&app)[0].report;
    assert_eq!((report.placed.unclaimed_total, report.placed.gone_again), (0, 1));
    assert_eq!((report.dangling_total, report.extra.len()), (0, 0), "{report:?}");
    let root = find(&mut app, "level").unwrap();
    assert_eq!(app.world().get::<Children>(root).unwrap().len(), 5);
}

#[test]
fn entities_the_level_spawns_after_the_restore_get_their_values() {
    let disk = MemoryDisk::default();
    let _playing = played(&disk);
    let mut app = crash_and_recover(&disk, false);
    assert_eq!(coins(&mut app), 0, "a restore spawns none of what a level places");
    let report = received::<SessionRestored>(&app)[0].report.clone();
    assert_eq!(report.placed.unclaimed_total, 5);
    assert!(report.placed.unclaimed.contains(&SaveKey::new("level/door_1")));
    frames(&mut app, 3);
    load_level(&mut app);
    assert_as_played(&mut app);
    frames(&mut app, 1);
    assert_eq!(received::<PlacedRestored>(&app).len(), 1);
}

#[test]
fn keys_that_are_not_claimed_are_kept_through_checkpoints_crashes_and_merges() {
    let disk = MemoryDisk::default();
    let _playing = played(&disk);
    let mut disk = disk;
    for _ in 0..3 {
        let snapshot = disk.snapshot();
        let mut app = game(&snapshot);
        recover(&mut app);
        app.world_mut().spawn(Health(1));
        checkpoint(&mut app);
        crate::common::long(&mut app, 60);
        disk = snapshot.snapshot();
    }
    let mut app = crash_and_recover(&disk, true);
    assert_as_played(&mut app);
}

#[test]
fn a_reloaded_level_is_as_it_was_left() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk);
    // Opened since the last checkpoint, and left in the same frame.
    door(&mut app, 0).open = true;
    let root = find(&mut app, "level").unwrap();
    app.world_mut().despawn(root);
    frames(&mut app, 2);
    load_level(&mut app);
    assert!(door(&mut app, 0).open && door(&mut app, 1).open && !door(&mut app, 2).open);
    assert_eq!(coins(&mut app), 2);
    checkpoint(&mut app);

    let mut app = crash_and_recover(&disk, true);
    assert!(door(&mut app, 0).open && door(&mut app, 1).open && !door(&mut app, 2).open);
    assert_eq!(coins(&mut app), 2);
}

#[test]
fn a_level_left_before_the_crash_is_as_it_was_left() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk);
    door(&mut app, 0).open = true;
    let root = find(&mut app, "level").unwrap();
    app.world_mut().despawn(root);
    frames(&mut app, 1);
    checkpoint(&mut app);
    let mut app = crash_and_recover(&disk, false);
    load_level(&mut app);
    assert!(door(&mut app, 0).open && door(&mut app, 1).open && !door(&mut app, 2).open);
    assert_eq!(coins(&mut app), 2);
}

#[test]
fn a_level_reloaded_within_one_frame_is_as_it_was_left() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk);
    door(&mut app, 2).open = true;
    let root = find(&mut app, "level").unwrap();
    app.world_mut().despawn(root);
    load_level(&mut app);
    assert!(door(&mut app, 2).open && door(&mut app, 1).open);
    assert_eq!(coins(&mut app), 2);
    checkpoint(&mut app);
    let mut app = crash_and_recover(&disk, true);
    assert!(door(&mut app, 2).open && door(&mut app, 1).open);
}

#[test]
fn a_coin_that_came_and_went_between_two_checkpoints_stays_taken() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    start(&mut app, "Fast");
    load_level(&mut app);
    let coin = find(&mut app, "level/coin_0").unwrap();
    app.world_mut().despawn(coin);
    checkpoint(&mut app);
    let mut app = crash_and_recover(&disk, true);
    assert_eq!(coins(&mut app), 2);
    assert_eq!(find(&mut app, "level/coin_0"), None);
}

#[test]
fn a_coin_that_is_taken_while_the_session_begins_stays_taken() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    load_level(&mut app);
    request(&mut app, |commands| commands.session().start(NewSession::named("Quick")));
    frames(&mut app, 1);
    let coin = find(&mut app, "level/coin_0").unwrap();
    assert!(!app.world().contains_resource::<CurrentSession>(), "it hasn't begun");
    app.world_mut().despawn(coin);
    frames(&mut app, 3);
    checkpoint(&mut app);
    let mut app = crash_and_recover(&disk, true);
    assert_eq!(coins(&mut app), 2);
    assert_eq!(find(&mut app, "level/coin_0"), None);
}

#[test]
fn a_level_that_is_left_while_the_session_begins_is_as_it_was_left() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    let level = load_level(&mut app);
    request(&mut app, |commands| commands.session().start(NewSession::named("Quick")));
    frames(&mut app, 1);
    assert!(!app.world().contains_resource::<CurrentSession>(), "it hasn't begun");
    door(&mut app, 1).open = true;
    app.world_mut().despawn(level);
    frames(&mut app, 3);
    let level = load_level(&mut app);
    assert!(door(&mut app, 1).open);
    assert_eq!(coins(&mut app), 3);
    app.world_mut().despawn(level);
    checkpoint(&mut app);
    let mut app = crash_and_recover(&disk, false);
    load_level(&mut app);
    assert!(door(&mut app, 1).open);
    assert_eq!(coins(&mut app), 3);
}

#[test]
fn an_entity_of_a_forgotten_key_is_kept() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk);
    request(&mut app, |commands| commands.session().placed().forget("level/coin_2"));
    frames(&mut app, 1);
    app.world_mut().spawn((Coin, SaveKey::new("level/coin_2")));
    checkpoint(&mut app);
    assert_eq!(coins(&mut app), 3);
    let mut app = crash_and_recover(&disk, true);
    assert_eq!(coins(&mut app), 3);
}

#[test]
fn references_lead_to_placed_entities_and_to_anchors() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk);
    let (door, root) = (find(&mut app, "level/door_1").unwrap(), find(&mut app, "level").unwrap());
    app.world_mut().spawn((Health(1), LastOpened(door), ChildOf(root)));
    checkpoint(&mut app);
    let mut app = crash_and_recover(&disk, true);
    let (door, root) = (find(&mut app, "level/door_1").unwrap(), find(&mut app, "level").unwrap());
    let world = app.world_mut();
    let mut player = world.query::<(&LastOpened, &ChildOf)>();
    let (opened, child) = player.single(world).unwrap();
    assert_eq!((opened.0, child.parent()), (door, root));
}

#[test]
fn a_component_removed_from_a_placed_entity_stays_removed() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    let spawn = |app: &mut App| {
        let key = SaveKey::new("chest");
        app.world_mut().spawn((Health(3), Inventory(vec![1, 2]), key)).id()
    };
    let chest = spawn(&mut app);
    start(&mut app, "Chest");
    app.world_mut().entity_mut(chest).remove::<Inventory>();
    checkpoint(&mut app);
    let mut app = game(&disk.snapshot());
    let chest = spawn(&mut app);
    recover(&mut app);
    assert_eq!(app.world().get::<Inventory>(chest), None);
    assert_eq!(app.world().get::<Health>(chest), Some(&Health(3)));
}

#[test]
fn another_sort_of_entity_under_the_key_keeps_its_values_and_is_reported() {
    let disk = MemoryDisk::default();
    let _playing = played(&disk);
    let patched = disk.snapshot();
    let mut app = game(&patched);
    let chest = app.world_mut().spawn((Inventory(vec![9]), SaveKey::new("level/door_1"))).id();
    recover(&mut app);
    let report = &received::<SessionRestored>(&app)[0].report;
    assert_eq!(report.placed.mismatched, [SaveKey::new("level/door_1")]);
    assert_eq!(app.world().get::<Door>(chest), None);
    checkpoint(&mut app);
    // The patch is taken back, and the door is as it was.
    let mut app = crash_and_recover(&patched, true);
    assert!(door(&mut app, 1).open);
}

#[test]
fn two_entities_with_one_key_are_reported_and_the_first_one_gets_the_values() {
    let disk = MemoryDisk::default();
    let _playing = played(&disk);
    let mut app = game(&disk.snapshot());
    load_level(&mut app);
    let first = find(&mut app, "level/door_1").unwrap();
    let second = app.world_mut().spawn((Door::default(), SaveKey::new("level/door_1"))).id();
    frames(&mut app, 2);
    let duplicates = received::<DuplicateSaveKey>(&app);
    assert_eq!(duplicates.len(), 1);
    assert_eq!((duplicates[0].first, duplicates[0].second), (first, second));
    recover(&mut app);
    assert!(app.world().get::<Door>(first).unwrap().open);
    assert!(!app.world().get::<Door>(second).unwrap().open);
}

// Feature: An absent player's entity waits, and is claimed when they join.
// Page: guide/servers.md#players-who-come-and-go
#[test]
fn an_absent_player_waits_and_is_claimed_when_they_join() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    let join = |app: &mut App, name: &str| {
        app.world_mut().spawn((Health(100), SaveKey::new(format!("player/{name}")))).id()
    };
    let ann = join(&mut app, "ann");
    start(&mut app, "Server");
    app.world_mut().get_mut::<Health>(ann).unwrap().0 = 7;
    checkpoint(&mut app);
    let mut app = game(&disk.snapshot());
    recover(&mut app);
    frames(&mut app, 20);
    let bob = join(&mut app, "bob");
    frames(&mut app, 2);
    let ann = join(&mut app, "ann");
    frames(&mut app, 2);
    assert_eq!(app.world().get::<Health>(ann), Some(&Health(7)));
    assert_eq!(app.world().get::<Health>(bob), Some(&Health(100)));
}

#[test]
fn siblings_keep_their_saved_order_although_the_level_spawned_them() {
    let disk = MemoryDisk::default();
    let spawn = |app: &mut App| {
        let world = app.world_mut();
        let shelf = world.spawn((Health(1), SaveKey::new("shelf"))).id();
        let books: Vec<Entity> = (0..4)
            .map(|number| {
                let key = SaveKey::new(format!("book_{number}"));
                world.spawn((Health(number), key, ChildOf(shelf))).id()
            })
            .collect();
        let label = world.spawn(ChildOf(shelf)).id();
        (shelf, books, label)
    };
    let mut app = game(&disk);
    let (shelf, books, _) = spawn(&mut app);
    start(&mut app, "Shelf");
    app.world_mut().get_mut::<Children>(shelf).unwrap().swap(0, 3);
    let loose = app.world_mut().spawn((Health(9), ChildOf(shelf))).id();
    let _ = (books, loose);
    checkpoint(&mut app);
    let mut app = game(&disk.snapshot());
    let (shelf, ..) = spawn(&mut app);
    recover(&mut app);
    let children = app.world().get::<Children>(shelf).unwrap();
    let order: Vec<Option<u32>> = children
        .iter()
        .map(|child| app.world().get::<Health>(child).map(|health| health.0))
        .collect();
    assert_eq!(order, [Some(3), Some(1), Some(2), Some(0), None, Some(9)]);
}

#[test]
fn unsaved_components_of_a_placed_entity_are_kept() {
    #[derive(Component)]
    struct Mesh;
    let disk = MemoryDisk::default();
    let _playing = played(&disk);
    let mut app = game(&disk.snapshot());
    load_level(&mut app);
    let entity = find(&mut app, "level/door_1").unwrap();
    app.world_mut().entity_mut(entity).insert(Mesh);
    let handle = app.world_mut().spawn(ChildOf(entity)).id();
    recover(&mut app);
    assert_eq!(find(&mut app, "level/door_1"), Some(entity));
    assert!(app.world().get::<Mesh>(entity).is_some());
    assert!(app.world().get_entity(handle).is_ok());
}

#[test]
fn a_clone_of_a_placed_entity_has_no_key() {
    let mut app = game_with(plugin(&MemoryDisk::default()), listen::<DuplicateSaveKey>);
    let door = app.world_mut().spawn((Health(1), SaveKey::new("door"))).id();
    start(&mut app, "Cloned");
    let clone = app.world_mut().entity_mut(door).clone_and_spawn();
    frames(&mut app, 2);
    assert_eq!(app.world().get::<Health>(clone), Some(&Health(1)));
    assert!(app.world().get::<SaveKey>(clone).is_none());
    assert!(received::<DuplicateSaveKey>(&app).is_empty());
    app.world_mut().despawn(clone);
    frames(&mut app, 2);
    assert!(app.world().get::<SaveKey>(door).is_some(), "and nothing happens to who has it");
}

// Feature: A reference to an entity of a level that isn't loaded outlives crashes.
// Page: guide/what-is-saved.md#levels-and-keys
#[test]
fn a_reference_into_a_level_that_is_not_there_outlives_two_crashes() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk);
    let last = find(&mut app, "level/door_1").unwrap();
    let player = app.world_mut().spawn((Health(5), LastOpened(last))).id();
    checkpoint(&mut app);
    assert_eq!(app.world().get::<LastOpened>(player), Some(&LastOpened(last)));

    let opened = |app: &mut App| {
        let world = app.world_mut();
        world.query::<&LastOpened>().single(world).unwrap().0
    };
    let mut killed = disk.snapshot();
    for health in [6, 7] {
        let disk = killed;
        let mut app = game(&disk);
        recover(&mut app);
        let report = received::<SessionRestored>(&app).remove(0).report;
        assert_eq!((report.dangling_total, report.losses.len()), (0, 0));
        let last = opened(&mut app);
        assert!(last != Entity::PLACEHOLDER && app.world().get_entity(last).is_err());
        let world = app.world_mut();
        world.query::<&mut Health>().single_mut(world).unwrap().0 = health;
        checkpoint(&mut app);
        killed = disk.snapshot();
    }
    let mut app = crash_and_recover(&killed, true);
    assert_eq!(Some(opened(&mut app)), find(&mut app, "level/door_1"));
    assert!(door(&mut app, 1).open);
}

/// The door that a quest is about, beside one in a resource.
#[derive(Resource, Reflect, MapEntities, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Quests {
    #[entities]
    doors: Vec<Entity>,
}

/// Refers to another entity than the level's.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Follows(#[entities] Entity);

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[component(immutable)]
#[reflect(Component, Saved)]
struct Sworn(#[entities] Entity);

fn refer_to_door(app: &mut App) -> Entity {
    let last = find(app, "level/door_1").unwrap();
    let world = app.world_mut();
    let hero = world.spawn((Health(9), LastOpened(last), Sworn(last))).id();
    world.spawn((Health(5), Follows(hero)));
    world.insert_resource(Quests { doors: vec![last, hero] });
    hero
}

/// Each reference leads to the door that is there.
fn assert_leads_to_door(app: &mut App) {
    let door = find(app, "level/door_1").unwrap();
    let world = app.world_mut();
    let (hero, last, sworn) = world.query::<(Entity, &LastOpened, &Sworn)>().single(world).unwrap();
    assert_eq!((last.0, sworn.0), (door, door));
    assert_eq!(world.resource::<Quests>().doors, [door, hero]);
    let follows = world.query::<&Follows>().single(world).unwrap().0;
    assert_eq!(follows, hero);
}

// Feature: References into a level lead to its entities again as soon as it is back.
// Page: guide/what-is-saved.md#levels-and-keys
#[test]
fn references_into_a_level_lead_to_who_is_there_as_soon_as_it_is_back() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk);
    refer_to_door(&mut app);
    checkpoint(&mut app);
    for _ in 0..2 {
        let level = find(&mut app, "level").unwrap();
        app.world_mut().despawn(level);
        checkpoint(&mut app);
        load_level(&mut app);
        assert_leads_to_door(&mut app);
    }
    // Left once more, and never seen again by this process.
    let level = find(&mut app, "level").unwrap();
    app.world_mut().despawn(level);
    checkpoint(&mut app);
    let mut app = game(&disk.snapshot());
    recover(&mut app);
    load_level(&mut app);
    assert_leads_to_door(&mut app);
    checkpoint(&mut app);
    let mut app = crash_and_recover(&disk.snapshot(), true);
    assert_leads_to_door(&mut app);
}

#[test]
fn only_what_refers_to_a_level_that_is_back_counts_as_changed() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk);
    refer_to_door(&mut app);
    checkpoint(&mut app);
    let level = find(&mut app, "level").unwrap();
    app.world_mut().despawn(level);
    frames(&mut app, 3);
    let changes = |app: &mut App| {
        let world = app.world_mut();
        let mut all = world.query::<(Option<Ref<LastOpened>>, Option<Ref<Follows>>)>();
        let mut ticks = [Vec::new(), Vec::new()];
        for (last, follows) in all.iter(world) {
            ticks[0].extend(last.map(|it| it.last_changed()));
            ticks[1].extend(follows.map(|it| it.last_changed()));
        }
        ticks
    };
    let before = changes(&mut app);
    load_level(&mut app);
    assert_leads_to_door(&mut app);
    let after = changes(&mut app);
    assert_ne!(before[0], after[0]);
    assert_eq!(before[1], after[1]);
}

#[derive(Resource, Default)]
struct Oaths(u32);

#[test]
fn references_that_lead_to_who_is_back_are_written_as_by_a_restore() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk);
    let swears = |_: On<Insert<Sworn>>, mut oaths: ResMut<Oaths>| oaths.0 += 1;
    app.init_resource::<Oaths>().add_observer(swears.run_if(not(session_is_restoring)));
    refer_to_door(&mut app);
    checkpoint(&mut app);
    let level = find(&mut app, "level").unwrap();
    app.world_mut().despawn(level);
    checkpoint(&mut app);
    load_level(&mut app);
    assert_leads_to_door(&mut app);
    assert_eq!(app.world().resource::<Oaths>().0, 1, "nobody swears a second time");
}
