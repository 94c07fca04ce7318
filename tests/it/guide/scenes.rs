//! A goblin that a scene of Bevy spawned, through a kill and a recovery.

// Feature: Entities of a BSN scene come back.
// Page: RECIPES.md#scenes-in-bsn

use bevy::asset::AssetPlugin;
use bevy::prelude::*;
use bevy::scene::ScenePlugin;
use bevy_session::{MemoryDisk, SessionRestored};

use crate::common::{game_with, listen, long, plugin, recover_offered, start};

mod page {
    include!("samples/scenes.rs");

    pub fn build(app: &mut App) {
        app.add_observer(equip);
    }

    pub fn spawn(app: &mut App) {
        app.world_mut().commands().spawn_scene(goblin());
        app.world_mut().flush();
    }

    /// One that has its behaviour from the scene, against the page's advice.
    pub fn spawn_with_its_own_observer(app: &mut App) -> Entity {
        let scene = bsn! {
            Purse(0)
            on(|hit: On<Hit>, mut purses: Query<&mut Purse>| {
                if let Ok(mut purse) = purses.get_mut(hit.0) {
                    purse.0 += 1;
                }
            })
        };
        app.world_mut().spawn_scene(scene).unwrap().id()
    }

    pub fn hit(app: &mut App, entity: Entity) {
        app.world_mut().trigger(Hit(entity));
        app.world_mut().flush();
    }

    /// The goblin, its name and health, what is in its purse, and how many torches it has.
    pub fn seen(app: &mut App) -> (Entity, String, u32, Vec<u32>, usize) {
        let world = app.world_mut();
        let mut goblins = world.query::<(Entity, &Name, &Goblin, &Children)>();
        let (entity, name, goblin, children) = goblins.single(world).unwrap();
        let purses = children.iter().filter_map(|child| world.get::<Purse>(child));
        let torches = children.iter().filter(|child| world.get::<Torch>(*child).is_some());
        let purses = purses.map(|purse| purse.0).collect();
        (entity, name.to_string(), goblin.health, purses, torches.count())
    }

    /// Purses that nobody carries, and their gold.
    pub fn loose_purses(app: &mut App) -> Vec<(Entity, u32)> {
        let world = app.world_mut();
        let mut purses = world.query_filtered::<(Entity, &Purse), Without<ChildOf>>();
        purses.iter(world).map(|(entity, purse)| (entity, purse.0)).collect()
    }
}

fn game(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), |app| {
        app.add_plugins((AssetPlugin::default(), ScenePlugin));
        listen::<SessionRestored>(app);
        page::build(app);
    })
}

#[test]
fn entities_of_a_scene_are_restored_with_their_observers() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    page::spawn(&mut app);
    start(&mut app, "Cave");
    let (goblin, ..) = page::seen(&mut app);
    page::hit(&mut app, goblin);
    let (_, name, health, purses, torches) = page::seen(&mut app);
    assert_eq!((&*name, health, purses, torches), ("Goblin", 20, vec![12], 1));
    long(&mut app, 10);

    let mut app = game(&disk.snapshot());
    let report = recover_offered(&mut app);
    assert!(report.losses.is_empty(), "{:?}", report.losses);
    let (goblin, name, health, purses, torches) = page::seen(&mut app);
    assert_eq!((&*name, health, purses, torches), ("Goblin", 20, vec![12], 1), "restored");
    page::hit(&mut app, goblin);
    let (_, _, health, ..) = page::seen(&mut app);
    assert_eq!(health, 10, "it is watched again");
}

#[test]
fn an_observer_on_the_scene_entity_is_not_restored() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    let purse = page::spawn_with_its_own_observer(&mut app);
    start(&mut app, "Cave");
    page::hit(&mut app, purse);
    long(&mut app, 10);

    let mut app = game(&disk.snapshot());
    recover_offered(&mut app);
    let [(purse, 1)] = page::loose_purses(&mut app)[..] else { panic!("the purse is back") };
    page::hit(&mut app, purse);
    assert_eq!(page::loose_purses(&mut app), [(purse, 1)], "nobody watches it any more");
}
