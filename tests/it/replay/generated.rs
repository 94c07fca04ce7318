//! Generated worlds, each played twice from the same inputs: no difference may be found that isn't one.
//!
//! A seed decides how a world begins, how lively it is, how long its frames are, when checkpoints are taken, and all of its inputs: which entities come and go, which of them
//! belong or refer to each other, which change their shape. Some are alike in everything. `BEVY_SESSION_TORTURE=<rounds>`
//! plays that many times as many, `BEVY_SESSION_WORLDS_SEED=<seed>` one alone.

// Feature: Replays are exact, frame by frame, or go from checkpoint to checkpoint.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::events::{RecordInputs, RecordingExt};
use bevy_session::prelude::*;
use bevy_session::replay::assert_deterministic;
use bevy_session_journal::internal::deep::rounds;
use serde::{Deserialize, Serialize};

use crate::common::Dice;

/// The worlds of an ordinary test run.
const WORLDS: u64 = 100;
/// Seconds of each of them.
const SECONDS: f32 = 0.4;

/// An input: what is to happen, and to whom, by dice.
#[derive(Message, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Act {
    dice: u64,
}

/// The order of entities, of which a world has none.
#[derive(
    Component, Reflect, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize,
)]
#[reflect(Component, Saved)]
struct Number(u64);

#[derive(Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
enum Mood {
    Calm,
    Curious(u32),
    Cross { since: f32 },
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Body {
    height: f32,
    mood: Mood,
    marks: BTreeSet<u8>,
    words: HashMap<String, i32>,
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Friends {
    #[entities]
    best: Option<Entity>,
    #[entities]
    all: Vec<Entity>,
}

/// Those with the same content are alike in everything.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Pebble(u8);

#[derive(Resource, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Totals {
    made: u64,
    gone: u64,
    height: f64,
    seconds: f32,
}

/// The part of a world that its seed decides, beside its inputs.
#[derive(Resource, Clone, Copy)]
struct Temper {
    born: u64,
    acts: u64,
    pebbles: bool,
    families: bool,
}

/// The inputs of this step, once they were read.
#[derive(Resource, Default)]
struct Acts(Vec<Act>);

fn build(seed: u64, session: SessionPlugin) -> App {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let temper = Temper {
        born: dice.roll(30),
        acts: 1 + dice.roll(6),
        pebbles: dice.roll(2) == 0,
        families: dice.roll(2) == 0,
    };
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, session))
        .register_type::<Number>()
        .register_type::<Body>()
        .register_type::<Friends>()
        .register_type::<Pebble>()
        .register_type::<Totals>()
        .init_resource::<Totals>()
        .init_resource::<Acts>()
        .insert_resource(temper)
        .add_message::<Act>()
        .add_observer(move |_: On<SessionStarted>, mut commands: Commands| {
            commands.queue(move |world: &mut World| {
                for number in 0..temper.born {
                    act(world, &mut Dice(seed ^ (number << 20) | 1));
                }
            });
        })
        .add_systems(
            FixedUpdate,
            // The tape's are taken instead, when it is played again.
            (move |mut acts: MessageWriter<Act>| {
                for _ in 0..dice.roll(temper.acts + 1) {
                    acts.write(Act { dice: dice.roll(u64::MAX >> 33) });
                }
            })
            .before(RecordInputs)
            .run_if(session_is_active),
        )
        .add_systems(
            FixedUpdate,
            (
                |mut acts: MessageReader<Act>, mut to_do: ResMut<Acts>| {
                    to_do.0 = acts.read().cloned().collect();
                },
                act_all,
                grow,
            )
                .chain()
                .after(RecordInputs)
                .run_if(session_is_active),
        )
        .add_systems(Update, |time: Res<Time>, mut totals: ResMut<Totals>| {
            totals.seconds += time.delta_secs() * 0.9;
        });
    app.record_inputs::<Act>(FixedUpdate);
    add_frames_and_checkpoints(&mut app, Dice(seed ^ 0x5bd1_e995 | 1));
    app
}

/// Frames of any length, which the tape sets when it is played again, and checkpoints at any of them.
fn add_frames_and_checkpoints(app: &mut App, mut dice: Dice) {
    let mut lengths = Dice(dice.roll(u64::MAX >> 33) | 1);
    app.add_systems(Last, move |mut next: ResMut<TimeUpdateStrategy>| {
        let length = Duration::from_nanos(1 + lengths.roll(40_000_000));
        *next = TimeUpdateStrategy::ManualDuration(length);
    })
    .add_systems(
        Update,
        (move |mut commands: Commands| {
            if dice.roll(9) == 0 {
                commands.session().checkpoint("in between");
            }
        })
        .run_if(session_is_active),
    );
}

fn act_all(world: &mut World) {
    let acts = std::mem::take(&mut world.resource_mut::<Acts>().0);
    for Act { dice } in acts {
        act(world, &mut Dice(dice));
    }
}

/// All who have a number, in that order.
fn everybody(world: &mut World) -> Vec<Entity> {
    let mut all: Vec<(Number, Entity)> =
        world.query::<(&Number, Entity)>().iter(world).map(|(number, id)| (*number, id)).collect();
    all.sort();
    all.into_iter().map(|(_, entity)| entity).collect()
}

fn act(world: &mut World, dice: &mut Dice) {
    let all = everybody(world);
    let one = |dice: &mut Dice| all.get(dice.roll(all.len().max(1) as u64) as usize).copied();
    let Temper { pebbles, families, .. } = *world.resource::<Temper>();
    let (who, other) = (one(dice), one(dice));
    match (dice.roll(8), who) {
        (0..=2, _) | (_, None) => make(world, dice, other),
        (3, Some(who)) => {
            world.despawn(who);
            world.resource_mut::<Totals>().gone += 1;
        }
        (4, Some(who)) => {
            let best = other.filter(|other| world.get_entity(*other).is_ok());
            world
                .entity_mut(who)
                .insert(Friends { best, all: all.iter().copied().take(3).collect() });
        }
        (5, Some(who)) if families => {
            match other.filter(|other| *other != who && world.get::<ChildOf>(*other).is_none()) {
                // Of two generations, so that nobody is their own ancestor.
                Some(parent) if world.get::<Children>(who).is_none() => {
                    world.entity_mut(who).insert(ChildOf(parent));
                }
                _ => _ = world.entity_mut(who).remove::<ChildOf>(),
            }
        }
        (6, Some(_)) if pebbles => {
            let kind = Pebble(dice.roll(3) as u8);
            world.spawn_batch(vec![kind; 1 + dice.roll(4) as usize]);
        }
        (_, Some(who)) => change(world, dice, who),
    }
}

fn make(world: &mut World, dice: &mut Dice, friend: Option<Entity>) {
    let mut totals = world.resource_mut::<Totals>();
    totals.made += 1;
    let number = Number(totals.made);
    let body = Body {
        height: dice.roll(100) as f32 / 7.0,
        mood: Mood::Calm,
        marks: BTreeSet::new(),
        words: HashMap::new(),
    };
    let mut made = world.spawn((number, body));
    if dice.roll(2) == 0 {
        made.insert(Friends { best: friend, all: friend.into_iter().collect() });
    }
    if dice.roll(4) == 0 {
        made.insert(Name::new(format!("number {}", number.0)));
    }
}

fn change(world: &mut World, dice: &mut Dice, who: Entity) {
    if dice.roll(5) == 0 {
        let had = world.entity_mut(who).take::<Friends>().is_some();
        if !had {
            world.entity_mut(who).insert(Friends::default());
        }
    }
    let Some(mut body) = world.get_mut::<Body>(who) else { return };
    body.mood = match dice.roll(3) {
        0 => Mood::Calm,
        1 => Mood::Curious(dice.roll(9) as u32),
        _ => Mood::Cross { since: body.height },
    };
    body.marks.insert(dice.roll(5) as u8);
    let word = format!("word {}", dice.roll(4));
    *body.words.entry(word).or_default() += 1;
}

fn grow(
    time: Res<Time>,
    mut totals: ResMut<Totals>,
    mut bodies: Query<(&Number, &mut Body, Option<&Friends>)>,
) {
    let mut heights: Vec<(Number, f32)> =
        bodies.iter().map(|(number, body, _)| (*number, body.height)).collect();
    heights.sort_by_key(|(number, _)| *number);
    totals.height = heights.iter().map(|(_, height)| f64::from(*height)).sum();
    for (number, mut body, friends) in &mut bodies {
        let friends = friends.map_or(0, |friends| friends.all.len());
        if !(number.0 + friends as u64).is_multiple_of(3) {
            body.height += time.delta_secs() * (1.0 + friends as f32);
        }
    }
}

#[test]
fn no_generated_world_differs_from_itself() {
    let only = std::env::var("BEVY_SESSION_WORLDS_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds = match only {
        Some(seed) => seed..seed + 1,
        None => 0..WORLDS * rounds().unwrap_or(1),
    };
    for seed in seeds {
        let told = Told(seed);
        assert_deterministic(move |session| build(seed, session), SECONDS);
        std::mem::forget(told);
    }
}

/// Names the seed when the test fails.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        bevy_session_journal::internal::deep::tell(&format!(
            "play it alone with BEVY_SESSION_WORLDS_SEED={}",
            self.0
        ));
    }
}

#[test]
#[should_panic(expected = "Body")]
fn the_assertion_finds_a_nondeterministic_generated_world() {
    let build = |session| {
        let mut app = build(5, session);
        let mut wind = Dice(1);
        app.add_systems(FixedUpdate, move |mut bodies: Query<&mut Body>| {
            let gust = wind.roll(3) as f32;
            bodies.iter_mut().for_each(|mut body| body.height += gust);
        });
        app
    };
    assert_deterministic(build, SECONDS);
}
