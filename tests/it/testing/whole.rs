//! Games in which nothing is wrong, although it may look so.

use std::collections::{HashMap, HashSet};

use bevy::ecs::entity::MapEntities;
use bevy::ecs::entity_disabling::Disabled;
use bevy::prelude::*;
use bevy_session::CheckpointCaptured;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use bevy_session::testing::{RoundTrip, TestGame, assert_restores};
use serde::{Deserialize, Serialize};

use crate::common::{
    Health, Inventory, Phase, Score, frames, game_with, listen, plugin, received, request, start,
};

fn game(add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(&MemoryDisk::default()), add)
}

#[derive(Component, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Bag {
    amounts: HashMap<String, u32>,
    seen: HashSet<u32>,
}

impl Bag {
    fn full() -> Self {
        let amounts = (0..40).map(|number| (format!("item {number}"), number)).collect();
        Self { amounts, seen: (0..40).collect() }
    }
}

#[test]
fn maps_and_sets_have_no_order() {
    #[derive(Component, TypePath, Clone, Serialize, Deserialize)]
    struct Unreflected(Bag);
    let mut app = game(|app| {
        app.save_component::<Unreflected>();
    });
    app.world_mut().spawn((Bag::full(), Unreflected(Bag::full())));
    assert_restores(&mut app);
}

#[test]
fn nan_and_infinity_are_restored() {
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    struct Odd(f32, f64, f32);
    let mut app = game(|_| {});
    app.world_mut().spawn(Odd(f32::NAN, f64::NAN, f32::INFINITY));
    assert_restores(&mut app);
}

#[test]
fn a_required_component_that_was_removed_stays_removed() {
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    #[require(Inventory)]
    struct Hero;
    let mut app = game(|_| {});
    app.world_mut().spawn(Hero).remove::<Inventory>();
    app.world_mut().spawn(Hero);
    assert_restores(&mut app);
}

#[test]
fn disabled_entities_are_restored_as_disabled() {
    let mut app = game(|_| {});
    let sleeper = app.world_mut().spawn((Health(1), Disabled)).id();
    app.world_mut().spawn((Health(2), ChildOf(sleeper), Disabled));
    assert_restores(&mut app);
}

#[test]
fn siblings_keep_their_order_and_level_entities_their_parents() {
    let mut app = game(|_| {});
    let world = app.world_mut();
    let level = world.spawn(SaveKey::new("level")).id();
    let shelf = world.spawn((Health(0), SaveKey::new("shelf"), ChildOf(level))).id();
    let books: Vec<Entity> =
        (0..5).map(|number| world.spawn((Health(number), ChildOf(shelf))).id()).collect();
    world.spawn(ChildOf(shelf));
    world.entity_mut(shelf).insert_children(0, &[books[3], books[1]]);
    assert_restores(&mut app);
}

#[test]
fn resources_states_and_references_are_restored() {
    #[derive(Resource, Reflect, MapEntities, Clone, Serialize, Deserialize)]
    #[reflect(Resource, Saved)]
    struct Party(#[entities] Vec<Entity>);
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    struct Rival {
        #[entities]
        of: Option<Entity>,
        #[entities]
        victims: Vec<Entity>,
    }
    let mut app = game(|_| {});
    let world = app.world_mut();
    world.resource_mut::<Score>().0 = 7;
    let (ada, bob) = (world.spawn(Health(1)).id(), world.spawn(Health(2)).id());
    let dead = world.spawn(Health(3)).id();
    world.despawn(dead);
    let victims = vec![dead, Entity::PLACEHOLDER, bob];
    world.entity_mut(ada).insert(Rival { of: Some(bob), victims });
    world.entity_mut(bob).insert(Rival { of: Some(dead), victims: vec![] });
    world.insert_resource(Party(vec![bob, ada]));
    world.resource_mut::<NextState<Phase>>().set(Phase::Playing);
    assert_restores(&mut app);
}

#[test]
fn a_state_that_is_saved_as_another_one_is_no_difference() {
    let mut app = game(|app| {
        app.save_state_as(|_| Phase::Playing);
    });
    assert_restores(&mut app);
}

#[test]
fn rebuilt_components_are_compared_with_the_given_resources() {
    #[derive(Component)]
    struct Collider(f32);
    #[derive(TypePath, Serialize, Deserialize)]
    struct Radius(f32);
    #[derive(Component)]
    struct Mesh;
    #[derive(TypePath, Serialize, Deserialize)]
    struct MeshName(String);
    #[derive(Resource, Clone, Default)]
    struct Meshes;
    let build = |factor: f32| {
        let mut app = game(|app| {
            app.init_resource::<Meshes>()
                .save_component_as(
                    |collider: &Collider| Radius(collider.0),
                    move |radius, _| Collider(radius.0 * factor),
                )
                .save_component_as(
                    |_: &Mesh| MeshName("cube".to_owned()),
                    |_, world| {
                        let _meshes = world.resource::<Meshes>();
                        Mesh
                    },
                );
        });
        app.world_mut().spawn((Health(1), Collider(2.0), Mesh));
        app
    };
    let trip = RoundTrip::new().with_resource::<Meshes>();
    trip.assert_restores(&mut build(1.0));
    let found = trip.differences(&mut build(2.0));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].to_string().contains("2.0 came back as 4.0"), "{found:#?}");
}

#[test]
fn the_test_kit_accepts_its_own_game() {
    let mut game = TestGame::new(|plugin| game_with(plugin, |_| {}));
    game.start(NewSession::named("Kit")).unwrap();
    game.world().spawn((Health(1), Inventory(vec![1, 2]), Name::new("Ada")));
    assert_restores(game.app_mut());
}

#[test]
fn a_round_trip_test_changes_neither_the_game_nor_its_next_checkpoint() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), listen::<CheckpointCaptured>);
    let key = || SaveKey::new("coin");
    let coin = app.world_mut().spawn((Health(1), key())).id();
    let other = app.world_mut().spawn(Health(2)).id();
    start(&mut app, "Asked");
    app.world_mut().despawn(coin);
    app.world_mut().despawn(other);
    frames(&mut app, 1);
    let before = app.world().resource_ref::<Score>().last_changed();
    assert_restores(&mut app);
    assert_eq!(app.world().resource_ref::<Score>().last_changed(), before);
    request(&mut app, |commands| commands.session().checkpoint("after"));
    frames(&mut app, 3);
    assert_eq!(received::<CheckpointCaptured>(&app).last().unwrap().entities, 0);

    // The coin was taken before anybody asked, and stays so.
    let mut app = game_with(plugin(&disk.snapshot()), |_| {});
    app.world_mut().spawn((Health(1), key()));
    frames(&mut app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().iter(world).count(), 0);
}

#[test]
fn an_app_without_session_or_plugin_can_be_tested() {
    let mut app = App::new();
    app.register_type::<Health>();
    app.world_mut().spawn((Health(1), Saved));
    assert_restores(&mut app);
    assert_restores(&mut App::new());
}

#[test]
fn a_mapped_entity_is_never_reported_as_unmapped() {
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    #[reflect(Component, Saved)]
    struct Neighbours(#[entities] Vec<Entity>);
    // So small, and in such an order, that some would get their own number in the other world.
    let mut app = App::new();
    app.register_type::<Health>().register_type::<Inventory>().register_type::<Neighbours>();
    let world = app.world_mut();
    let crowd: Vec<Entity> = (0..64)
        .map(|number| match number % 2 {
            0 => world.spawn(Saved).id(),
            _ => world.spawn((Saved, Inventory::default())).id(),
        })
        .collect();
    for entity in &crowd {
        world.entity_mut(*entity).insert(Neighbours(crowd.clone()));
    }
    assert_restores(&mut app);
}
