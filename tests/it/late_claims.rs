//! One checkpoint is one world, whether the level is loaded before the restore or after it.

use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::world::DeferredWorld;
use bevy::prelude::*;
use bevy_session::placed::PlacedRestored;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionActivity, SessionRestored};
use serde::{Deserialize, Serialize};

use crate::common::{
    Dice, Health, Score, frames, game_with, listen, plugin, received, request, start,
};

/// Its hook fills it up.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_insert = fill)]
struct Chest(u32);

fn fill(mut world: DeferredWorld<'_>, context: HookContext) {
    if let Some(mut chest) = world.get_mut::<Chest>(context.entity) {
        chest.0 = 10;
    }
}

/// Its hook makes the bearer, and the parent of the bearer, healthier.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_insert = heal)]
struct Herb;

fn heal(mut world: DeferredWorld<'_>, context: HookContext) {
    let parent = world.get::<ChildOf>(context.entity).map(ChildOf::parent);
    for entity in parent.into_iter().chain([context.entity]) {
        world.commands().queue(move |world: &mut World| {
            if let Some(mut health) = world.get_mut::<Health>(entity) {
                health.0 += 100;
            }
        });
    }
}

/// An observer changes what bears it.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Watched(u32);

fn game(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), |app| {
        listen::<SessionRestored>(app);
        listen::<PlacedRestored>(app);
        app.add_observer(|inserted: On<Insert<Watched>>, mut watched: Query<&mut Watched>| {
            if let Ok(mut watched) = watched.get_mut(inserted.entity) {
                watched.0 += 1;
            }
        });
        app.add_observer(
            |_: On<Insert<Watched>>, activity: Res<SessionActivity>, mut score: ResMut<Score>| {
                if activity.restore().is_some() {
                    score.0 += 1;
                }
            },
        );
    })
}

/// Loads the level of this number: things, some of which are children of others.
fn load_level(app: &mut App, level: u64) {
    let mut dice = Dice(level);
    let world = app.world_mut();
    let mut last = world.spawn(SaveKey::new("root")).id();
    for number in 0..12 {
        let mut thing = world.spawn((Health(1), SaveKey::new(format!("thing {number}"))));
        if dice.roll(2) == 0 {
            thing.insert(ChildOf(last));
        }
        if dice.roll(2) == 0 {
            thing.insert(Chest(0));
        }
        if dice.roll(2) == 0 {
            thing.insert(Watched(0));
        }
        if dice.roll(2) == 0 {
            thing.insert(Herb);
        }
        last = thing.id();
    }
    frames(app, 2);
}

/// A session in which every value has changed.
fn played(disk: &MemoryDisk, level: u64) -> App {
    let mut app = game(disk);
    load_level(&mut app, level);
    let mut dice = Dice(level ^ 0xabcd);
    let world = app.world_mut();
    world.query::<&mut Health>().iter_mut(world).for_each(|mut it| it.0 = dice.roll(50) as u32);
    world.query::<&mut Chest>().iter_mut(world).for_each(|mut it| it.0 = dice.roll(50) as u32);
    world.query::<&mut Watched>().iter_mut(world).for_each(|mut it| it.0 = dice.roll(50) as u32);
    world.resource_mut::<Score>().0 = 77;
    start(&mut app, "Claims");
    app
}

/// Everything that is saved, by the names that the level gives.
fn everything(app: &mut App) -> Vec<String> {
    let world = app.world_mut();
    type Thing<'a> = (
        &'a SaveKey,
        &'a Health,
        Option<&'a Chest>,
        Option<&'a Watched>,
        Option<&'a Herb>,
        Option<&'a ChildOf>,
    );
    let mut things = world.query::<Thing<'_>>();
    let mut all: Vec<String> = things
        .iter(world)
        .map(|(key, health, chest, watched, herb, parent)| {
            let parent = parent.map(|parent| world.get::<SaveKey>(parent.parent()));
            format!("{key} {health:?} {chest:?} {watched:?} {herb:?} {parent:?}")
        })
        .collect();
    all.sort_unstable();
    all.push(format!("{:?}", world.resource::<Score>()));
    all
}

#[test]
fn a_restored_world_does_not_depend_on_when_the_level_is_loaded() {
    for level in 1..12 {
        let disk = MemoryDisk::default();
        let mut playing = played(&disk, level);
        let expected = everything(&mut playing);
        for is_loaded_before in [true, false] {
            let mut app = game(&disk.snapshot());
            if is_loaded_before {
                load_level(&mut app, level);
            }
            frames(&mut app, 2);
            let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
            request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
            frames(&mut app, 3);
            if !is_loaded_before {
                load_level(&mut app, level);
                // The report is heard a frame after the values were written.
                frames(&mut app, 1);
                let reports = received::<PlacedRestored>(&app);
                assert_eq!(reports.len(), 1);
                assert!(!reports[0].report.overwritten.is_empty(), "{:?}", reports[0].report);
            }
            assert_eq!(
                everything(&mut app),
                expected,
                "level {level}, loaded before: {is_loaded_before}"
            );
        }
    }
}
