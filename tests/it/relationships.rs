//! Relationships of the game's own: who belongs to whom comes back, and in which order.

// Feature: References follow their targets; parents and relationships come back in their order.

use bevy::ecs::entity::{EntityHashSet, EntityIndexSet};
use bevy::prelude::*;
use bevy_session::checkpoints::{TypeNotSaved, TypeProblemReason};
use bevy_session::prelude::*;
use bevy_session::testing::assert_restores;
use bevy_session::{MemoryDisk, RestoreFrom};
use serde::{Deserialize, Serialize};

use crate::common::*;

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[relationship(relationship_target = Items)]
#[reflect(Component, Saved)]
struct ItemOf(Entity);

#[derive(Component, Reflect, Clone, Debug, Default)]
#[relationship_target(relationship = ItemOf)]
#[reflect(Component, Default)]
struct Items(Vec<Entity>);

/// With a list that reflection doesn't know, in sparse storage.
#[derive(Component, TypePath, Clone, Debug, Serialize, Deserialize)]
#[relationship(relationship_target = Deck)]
struct CardOf {
    #[relationship]
    deck: Entity,
    worth: u32,
}

#[derive(Component, Debug)]
#[relationship_target(relationship = CardOf, linked_spawn)]
#[component(storage = "SparseSet")]
struct Deck(EntityIndexSet);

/// With a list that has no order.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[relationship(relationship_target = Mob)]
#[reflect(Component, Saved)]
struct InMob(Entity);

#[derive(Component, Reflect, Debug)]
#[relationship_target(relationship = InMob)]
struct Mob(EntityHashSet);

fn related(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), |app| {
        listen::<SessionRestored>(app);
        listen::<TypeNotSaved>(app);
        app.register_type::<ItemOf>()
            .register_type::<InMob>()
            .save_component::<CardOf>()
            .save_reflected::<Items>();
    })
}

fn restored(disk: &MemoryDisk) -> App {
    let mut app = related(disk);
    let session = app.world().resource::<SessionCatalog>().sessions()[0].session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    app
}

/// The numbers of those that are listed, and 0 for who isn't saved.
fn numbers(world: &World, listed: impl IntoIterator<Item = Entity>) -> Vec<u32> {
    let number = |entity| world.get::<Health>(entity).map_or(0, |health| health.0);
    listed.into_iter().map(number).collect()
}

fn items(app: &mut App) -> Vec<u32> {
    let world = app.world_mut();
    let items = world.query::<&Items>().single(world).unwrap().iter().collect::<Vec<_>>();
    numbers(world, items)
}

const SHUFFLED: [u32; 8] = [5, 3, 8, 1, 7, 2, 6, 4];

/// Items that were put into a bag in another order than they were made in.
fn spawn_bag(world: &mut World) -> Entity {
    let made: Vec<Entity> = (1..9).map(|number| world.spawn(Health(number)).id()).collect();
    let bag = world.spawn(Name::new("bag")).id();
    world.entity_mut(bag).insert(Saved);
    for number in SHUFFLED {
        world.entity_mut(made[number as usize - 1]).insert(ItemOf(bag));
        let tag = world.spawn((Name::new("tag"), ItemOf(bag))).id();
        world.entity_mut(tag).insert(Unsaved);
    }
    bag
}

#[test]
fn the_order_of_a_relationship_list_is_restored() {
    let disk = MemoryDisk::default();
    let mut app = related(&disk);
    let bag = spawn_bag(app.world_mut());
    // In another order than entities are numbered in.
    app.world_mut().get_mut::<Items>(bag).unwrap().0.swap(0, 14);
    start(&mut app, "Ordered");
    let mut app = restored(&disk.snapshot());
    assert_eq!(items(&mut app), [4, 3, 8, 1, 7, 2, 6, 5]);
}

#[test]
fn a_list_that_was_sorted_is_a_change_although_no_link_is() {
    let disk = MemoryDisk::default();
    let mut app = related(&disk);
    let bag = spawn_bag(app.world_mut());
    start(&mut app, "Sorted");
    app.world_mut().get_mut::<Items>(bag).unwrap().0.reverse();
    seconds(&mut app, 6.0);
    let mut restored = restored(&disk.snapshot());
    let reversed: Vec<u32> = SHUFFLED.into_iter().rev().collect();
    assert_eq!(items(&mut restored), reversed);
    // Into a world that has them already.
    let id = app.world().resource::<CurrentSession>().id();
    app.world_mut().get_mut::<Items>(bag).unwrap().0.swap(1, 5);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 4);
    assert_eq!(items(&mut app), reversed);
}

#[test]
fn an_ordered_sparse_relationship_with_data_is_restored() {
    let disk = MemoryDisk::default();
    let mut app = related(&disk);
    let world = app.world_mut();
    let deck = world.spawn((Saved, Name::new("deck"))).id();
    let cards: Vec<Entity> = (1..9).map(|number| world.spawn(Health(number)).id()).collect();
    for number in SHUFFLED {
        let card = CardOf { deck, worth: number * 10 };
        world.entity_mut(cards[number as usize - 1]).insert(card);
    }
    start(&mut app, "Cards");
    let first = cards[SHUFFLED[0] as usize - 1];
    app.world_mut().entity_mut(first).insert(CardOf { deck, worth: 99 });
    seconds(&mut app, 6.0);
    let mut app = restored(&disk.snapshot());
    let world = app.world_mut();
    let listed: Vec<Entity> =
        world.query::<&Deck>().single(world).unwrap().0.iter().copied().collect();
    assert_eq!(numbers(world, listed.clone()), [3, 8, 1, 7, 2, 6, 4, 5]);
    let worth: Vec<u32> =
        listed.iter().map(|card| world.get::<CardOf>(*card).unwrap().worth).collect();
    assert_eq!(worth, [30, 80, 10, 70, 20, 60, 40, 99]);
}

#[test]
fn the_order_follows_the_markers_of_what_is_listed() {
    let disk = MemoryDisk::default();
    let mut app = related(&disk);
    let bag = spawn_bag(app.world_mut());
    start(&mut app, "Marked");
    let listed: Vec<Entity> = app.world().get::<Items>(bag).unwrap().iter().collect();
    app.world_mut().entity_mut(listed[1]).remove::<Unsaved>().insert((Saved, Health(100)));
    app.world_mut().entity_mut(listed[4]).insert(Unsaved);
    seconds(&mut app, 6.0);
    let mut restored = restored(&disk.snapshot());
    assert_eq!(items(&mut restored), [5, 100, 3, 1, 7, 2, 6, 4]);
    app.world_mut().entity_mut(bag).remove::<Items>();
    seconds(&mut app, 6.0);
    let mut restored = self::restored(&disk.snapshot());
    let world = restored.world_mut();
    assert_eq!(world.query::<&Items>().iter(world).count(), 0);
}

#[test]
fn the_test_kit_accepts_unordered_lists_and_lists_of_one() {
    let mut app = related(&MemoryDisk::default());
    spawn_bag(app.world_mut());
    let world = app.world_mut();
    let mob = world.spawn(Health(50)).id();
    for number in 51..90 {
        world.spawn((Health(number), InMob(mob)));
    }
    let parent = world.spawn(Health(90)).id();
    world.spawn((Name::new("camera"), ChildOf(parent)));
    let parent = world.spawn(Health(91)).id();
    world.spawn((Health(92), ChildOf(parent)));
    let mut app = without_tags(app);
    assert_restores(&mut app);
}

/// Removes the unsaved tags of a bag, which don't come back, and that is reported.
fn without_tags(mut app: App) -> App {
    let world = app.world_mut();
    let tags: Vec<Entity> = world.query_filtered::<Entity, With<Unsaved>>().iter(world).collect();
    tags.into_iter().for_each(|tag| _ = world.despawn(tag));
    app
}

#[test]
fn a_relationship_target_is_refused_as_a_saved_type() {
    let mut app = related(&MemoryDisk::default());
    frames(&mut app, 2);
    let refused = received::<TypeNotSaved>(&app);
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].reason, TypeProblemReason::RelationshipTarget);
    assert!(refused[0].type_path.ends_with("Items"));
}
