//! Other changes of a world, beside values: entities that come and go, components that are removed, parents,
//! references, resources, keys, many types.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{Game, on_files};
use bevy_session_benchmarks::statistics::{bytes, median, milliseconds, spread};
use bevy_session_benchmarks::worlds::{Health, Shape, play, populate};
use serde::{Deserialize, Serialize};

use super::{ENTITIES, directory};
use crate::report::{Report, Section, Table};

const ROUNDS: usize = 15;
/// The number of entities to which something happens between two checkpoints.
const SOME: usize = ENTITIES / 100;
/// The first entities, which others have as parents and which stay.
const HOMES: usize = 100;

/// A reference to another entity.
#[derive(Component, Reflect, Clone, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Target(#[entities] Entity);

/// One of fifty types.
#[derive(Component, Reflect, Clone, Debug, Serialize, Deserialize)]
#[reflect(Component)]
struct Part<const NUMBER: usize>(f32);

/// One of fifty resources.
#[derive(Resource, Reflect, Clone, Debug, Serialize, Deserialize)]
#[reflect(Resource)]
struct Ledger<const NUMBER: usize>(Vec<u32>);

/// Does something with each of the numbers of the fifty types.
macro_rules! for_fifty {
    ($do:ident) => {
        $do! {
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24
            25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49
        }
    };
}

/// A world, and what happens in it between two checkpoints.
struct Life {
    what: &'static str,
    register: fn(&mut App),
    furnish: fn(&mut World, &[Entity]),
    happen: fn(&mut World, &mut [Entity], usize),
}

const LIVES: [Life; 8] = [
    Life::of("1,000 entities went and 1,000 came", come_and_go),
    Life::of("1,000 entities lost a component, or got it back", take_off),
    Life::of("1,000 entities got another parent", move_house),
    Life::of("1,000 references to entities changed", aim),
    Life::of("all of this", live),
    Life {
        furnish: add_keys,
        ..Life::of("1 % of 100,000 entities with keys changed", change_some)
    },
    Life {
        register: save_parts,
        furnish: add_parts,
        ..Life::of("50 more types on 1,000 entities, all of whose values changed", change_parts)
    },
    Life {
        register: save_ledgers,
        ..Life::of("50 resources of 1 KB each changed", change_ledgers)
    },
];

impl Life {
    const fn of(what: &'static str, happen: fn(&mut World, &mut [Entity], usize)) -> Self {
        Self { what, register: |_| {}, furnish: |_, _| {}, happen }
    }

    fn begin(&self, plugin: SessionPlugin) -> Game {
        let mut game = Game::new(plugin).with_clock(Duration::from_millis(16));
        (self.register)(&mut game.app);
        let mut game = game.run();
        game.entities = populate(game.app.world_mut(), Shape::mixed(ENTITIES));
        (self.furnish)(game.app.world_mut(), &game.entities);
        game.start();
        game
    }
}

pub fn measure(report: &mut Report) -> Outcome {
    let mut table = Table::new([
        "what happened since the last checkpoint",
        "main thread stands still",
        "bytes on disk",
        "8 of 10",
    ]);
    for life in LIVES {
        let files = directory()?;
        let mut game = life.begin(on_files(files.path()));
        let (mut stalls, mut written) = (Vec::new(), 0);
        for round in 0..ROUNDS {
            (life.happen)(game.app.world_mut(), &mut game.entities, round);
            game.play(0);
            let cost = game.checkpoint();
            stalls.push(cost.stall);
            written += cost.saved.ok_or_else(|| format!("{}: nothing was saved", life.what))?.bytes;
        }
        let stall = milliseconds(median(&stalls));
        table.row([life.what, &stall, &bytes(written / ROUNDS as u64), &spread(&stalls)]);
    }
    let intro = "The 100,000 entities × 5 components of above, in which something else happens than \
                 values that change. The time is what the main thread spends in the plugin's schedule \
                 in the frame of the checkpoint. Bytes are those of a checkpoint on average.";
    report.sections.push(Section {
        tables: vec![table],
        ..Section::new(12, "Stall in a living world", intro)
    });
    Ok(())
}

/// Where something happens in this round: nowhere among the homes.
fn places(round: usize) -> impl Iterator<Item = usize> {
    let step = (ENTITIES - HOMES) / SOME;
    (0..SOME).map(move |number| HOMES + number * step + round % step)
}

fn come_and_go(world: &mut World, entities: &mut [Entity], round: usize) {
    let newcomers = populate(world, Shape::mixed(SOME));
    for (place, newcomer) in places(round).zip(newcomers) {
        world.despawn(std::mem::replace(&mut entities[place], newcomer));
    }
}

fn take_off(world: &mut World, entities: &mut [Entity], round: usize) {
    for place in places(round / 2) {
        let mut entity = world.entity_mut(entities[place]);
        if entity.take::<Health>().is_none() {
            entity.insert(Health(1.0, 100.0));
        }
    }
}

fn move_house(world: &mut World, entities: &mut [Entity], round: usize) {
    for place in places(0) {
        let home = entities[(place + round) % HOMES];
        world.entity_mut(entities[place]).insert(ChildOf(home));
    }
}

fn aim(world: &mut World, entities: &mut [Entity], round: usize) {
    for place in places(1) {
        let target = entities[(place + round) % HOMES];
        world.entity_mut(entities[place]).insert(Target(target));
    }
}

fn live(world: &mut World, entities: &mut [Entity], round: usize) {
    for happen in [come_and_go, take_off, move_house, aim] {
        happen(world, entities, round);
    }
}

fn add_keys(world: &mut World, entities: &[Entity]) {
    let keys = entities.iter().enumerate();
    let keys = keys.map(|(number, entity)| (*entity, SaveKey::new(format!("thing {number}"))));
    world.insert_batch(keys.collect::<Vec<_>>());
}

fn change_some(world: &mut World, entities: &mut [Entity], round: usize) {
    play(world, entities, SOME, round);
}

fn save_parts(app: &mut App) {
    macro_rules! save {
        ($($number:literal)*) => { $(app.save_component::<Part<$number>>();)* };
    }
    for_fifty!(save);
}

fn add_parts(world: &mut World, entities: &[Entity]) {
    for place in places(0) {
        let mut entity = world.entity_mut(entities[place]);
        macro_rules! insert {
            ($($number:literal)*) => { $(entity.insert(Part::<$number>(0.0));)* };
        }
        for_fifty!(insert);
    }
}

fn change_parts(world: &mut World, entities: &mut [Entity], round: usize) {
    for place in places(0) {
        let mut entity = world.entity_mut(entities[place]);
        macro_rules! change {
            ($($number:literal)*) => {
                $(if let Some(mut part) = entity.get_mut::<Part<$number>>() {
                    part.0 = round as f32;
                })*
            };
        }
        for_fifty!(change);
    }
}

fn save_ledgers(app: &mut App) {
    macro_rules! save {
        ($($number:literal)*) => {
            $(app.insert_resource(Ledger::<$number>(vec![7; 256]))
                .save_resource::<Ledger<$number>>();)*
        };
    }
    for_fifty!(save);
}

fn change_ledgers(world: &mut World, _: &mut [Entity], round: usize) {
    macro_rules! change {
        ($($number:literal)*) => {
            $(world.resource_mut::<Ledger<$number>>().0[0] = round as u32;)*
        };
    }
    for_fifty!(change);
}
