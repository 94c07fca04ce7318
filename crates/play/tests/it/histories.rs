//! Many random histories of play, crashes at any moment, rewinds and branches, in the game's real files.
//!
//! After each, three accounts of the line that is played must agree: the log of events, the state of the objectives,
//! and what the game itself has counted of what it heard, which is saved. `BEVY_SESSION_SEED=7` plays one alone.

// Feature: An objective completes once on a line, through crashes and rewinds.
// Page: guide/objectives.md

use std::collections::BTreeMap;
use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::events::{EventQuery, EventsRead};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionActivity, SessionId, SessionLast, SessionSystems};
use bevy_session_play::*;
use serde::{Deserialize, Serialize};

use crate::common::{Water, app_with, water_is};

const KEYS: [&str; 8] =
    ["town", "town/well", "town/wall", "town/inn", "sail", "sea/boat", "sea/storm", "cat"];

/// The completions that the game was notified of: saved, as a reward would be.
#[derive(Resource, Reflect, Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Rewards(Vec<String>);

/// Where in a frame the game is to die, and the disk as it is found then.
#[derive(Resource, Default)]
struct Death {
    at: Option<usize>,
    disk: MemoryDisk,
    left: Option<MemoryDisk>,
}

/// A condition that a checkpoint may go by.
#[derive(Resource)]
struct GateIsOpen(bool);

fn die_at(place: usize) -> impl FnMut(ResMut<Death>) {
    move |mut death: ResMut<Death>| {
        if death.at == Some(place) {
            death.left = Some(death.disk.snapshot());
        }
    }
}

/// Moments within a frame, beside its end.
const MOMENTS: usize = 7;

fn build(disk: &MemoryDisk, minutes: u32) -> App {
    let clock = format!("2026-01-01T{:02}:{:02}:00Z", minutes / 60 % 24, minutes % 60);
    let session = SessionPlugin::new("Tests", "Histories")
        .disk(disk.clone())
        .interval(Duration::from_millis(700))
        .clock_from(clock.parse().unwrap());
    let mut app = app_with(session, |app| {
        app.add_objectives([
            Objective::new("town"),
            Objective::new("town/well").count(3),
            Objective::new("town/wall").needs("town/well"),
            Objective::new("town/inn").optional(),
            Objective::new("sail").needs("town"),
            Objective::new("sea/boat").needs("town/well"),
            Objective::new("sea/storm"),
        ])
        .complete_objective("town/wall", water_is(12))
        .complete_objective("sea/boat", water_is(7))
        .fail_objective("sea/storm", water_is(15))
        .complete_objective("cat", water_is(9));
    });
    app.register_type::<Rewards>()
        .init_resource::<Rewards>()
        .insert_resource(GateIsOpen(true))
        .insert_resource(Death { disk: disk.clone(), ..default() })
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(100)))
        .checkpoint_session_while(|gate: Res<GateIsOpen>| gate.0)
        .add_observer(|completed: On<ObjectiveCompleted>, mut rewards: ResMut<Rewards>| {
            rewards.0.push(completed.key.to_string());
        })
        .add_systems(Update, find_cat.run_if(session_is_active))
        .add_systems(First, die_at(0))
        .add_systems(
            SessionLast,
            (
                die_at(1).before(SessionSystems::Run),
                die_at(2).after(SessionSystems::Receive).before(SessionSystems::Restore),
                die_at(3).after(SessionSystems::Gates).before(ObjectiveSystems),
                die_at(4).after(ObjectiveSystems).before(SessionSystems::Requests),
                die_at(5).after(SessionSystems::Requests).before(SessionSystems::Capture),
                die_at(6).after(SessionSystems::Capture).before(SessionSystems::Report),
            ),
        );
    app.finish();
    app.cleanup();
    app.update();
    app
}

/// The game's own objective, which its world comes to have at some time.
fn find_cat(water: Res<Water>, cats: Query<&Objective>, mut commands: Commands) {
    if water.0 >= 5 && !cats.iter().any(|cat| *cat.key() == *"cat") {
        commands.spawn(Objective::new("cat"));
    }
}

pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

struct History {
    dice: Dice,
    app: App,
    disk: MemoryDisk,
    starts: u32,
    session: SessionId,
    /// The frequency of deaths: one frame in so many.
    deadly: u64,
    story: Vec<String>,
    deaths: u32,
    completions: usize,
}

impl History {
    fn begin(seed: u64) -> Self {
        let disk = MemoryDisk::default();
        let mut app = build(&disk, 0);
        app.world_mut().commands().session().start(NewSession::named("Frontier"));
        app.world_mut().flush();
        (0..3).for_each(|_| app.update());
        let session = app.world().resource::<CurrentSession>().id();
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let deadly = 12 + dice.roll(30);
        let story = Vec::new();
        Self { dice, app, disk, starts: 1, session, deadly, story, deaths: 0, completions: 0 }
    }

    /// One frame, which the game may not survive; whether it did.
    fn frame(&mut self) -> bool {
        let dies = self.dice.roll(self.deadly) == 0;
        let moment = self.dice.roll(MOMENTS as u64 + 1) as usize;
        self.app.world_mut().resource_mut::<Death>().at = dies.then_some(moment);
        self.app.update();
        if !dies {
            return true;
        }
        let left = self.app.world_mut().resource_mut::<Death>().left.take();
        self.disk = left.unwrap_or_else(|| self.disk.snapshot());
        self.story.push(format!("died at moment {moment}"));
        self.deaths += 1;
        self.start_again();
        false
    }

    fn frames(&mut self, count: usize) -> bool {
        (0..count).all(|_| self.frame())
    }

    fn start_again(&mut self) {
        self.starts += 1;
        self.app = build(&self.disk, self.starts);
    }

    fn ask<R>(&mut self, ask: impl FnOnce(&mut Commands) -> R) {
        let world = self.app.world_mut();
        ask(&mut world.commands());
        world.flush();
    }

    fn is_played(&self) -> bool {
        let world = self.app.world();
        let is_restoring = world.resource::<SessionActivity>().restore().is_some();
        world.get_resource::<CurrentSession>().is_some() && !is_restoring
    }

    /// Goes on with the session, until it is played.
    fn take_up(&mut self) {
        for _ in 0..100 {
            if !self.frames(2) {
                continue;
            }
            if self.is_played() {
                return;
            }
            let catalog = self.app.world().resource::<SessionCatalog>();
            let entry = catalog.get(self.session).expect("the session should be listed");
            let session = self.session;
            if !entry.has_crashed() {
                self.story.push("continues".to_owned());
                self.ask(|commands| commands.session().continue_session(session));
            } else {
                let from = self.where_from();
                self.story.push(format!("recovers from {from:?}"));
                self.ask(|commands| commands.session().recover(session, from));
            }
            _ = self.frames(4);
        }
        panic!("it should come back\n{}", self.so_far());
    }

    /// Mostly the newest checkpoint, sometimes an older one.
    fn where_from(&mut self) -> RestoreFrom {
        let older = self.dice.roll(5) == 0;
        let offers = self.app.world().resource::<RecoveryOffers>();
        let offer = offers.of(self.session).next().filter(|_| older);
        let checkpoints = offer.map(|offer| offer.checkpoints.clone()).unwrap_or_default();
        if checkpoints.is_empty() {
            return RestoreFrom::Latest;
        }
        let chosen = self.dice.roll(checkpoints.len() as u64) as usize;
        RestoreFrom::Checkpoint(checkpoints[chosen].id)
    }

    /// Something happens.
    fn go_on(&mut self) {
        let what = self.dice.roll(14);
        let ago = Duration::from_millis(self.dice.roll(3_000));
        self.story.push(format!("step {what}"));
        match what {
            0 => self.ask(|commands| commands.session().checkpoint("here")),
            1 => self.ask(|commands| commands.session().rewind(RewindTo::Ago(ago))),
            2 => self.ask(|commands| commands.session().rewind(RewindTo::BeforeRewind)),
            3 => {
                self.ask(|commands| commands.session().pause());
                _ = self.frames(2);
                self.ask(|commands| commands.session().resume());
            }
            4 => {
                // A rewind that the game doesn't want after all: what goes on meanwhile counts.
                self.ask(|commands| {
                    commands.session().rewind(RewindTo::Ago(ago));
                    commands.session().cancel_restore();
                });
            }
            5 => {
                let is_open = self.dice.roll(3) > 0;
                self.app.world_mut().resource_mut::<GateIsOpen>().0 = is_open;
            }
            6 => {
                self.app.world_mut().write_message(AppExit::Success);
                self.app.update();
                self.start_again();
            }
            _ => self.play(),
        }
        _ = self.frames(1 + what as usize % 3);
        self.take_up();
    }

    fn play(&mut self) {
        let more = self.dice.roll(3) as u32;
        if let Some(mut water) = self.app.world_mut().get_resource_mut::<Water>() {
            water.0 += more;
        }
        for _ in 0..self.dice.roll(3) {
            let key = KEYS[self.dice.roll(KEYS.len() as u64) as usize];
            let what = self.dice.roll(8);
            self.ask(|commands| {
                let mut objectives = commands.objectives();
                match what {
                    0 => objectives.complete(key),
                    1 => objectives.block(key, Blocker::new("rain")),
                    2 => objectives.resolve(key, "rain"),
                    3 if key == "town/inn" => objectives.fail(key),
                    _ => objectives.advance(key, 1),
                }
            });
        }
    }

    /// Holds the three accounts against each other.
    fn check(&mut self) {
        let deadly = std::mem::replace(&mut self.deadly, u64::MAX);
        self.take_up();
        // A run that set out behind a closed gate is in no file before it opens.
        self.app.world_mut().resource_mut::<GateIsOpen>().0 = true;
        let session = self.session;
        let types = vec![ObjectiveChange::TYPE_PATH.to_owned()];
        let query =
            EventQuery { types, limit: 10_000, newest_first: false, ..EventQuery::of(session) };
        _ = self.frames(3);
        self.ask(|commands| commands.session().events().read(query));
        _ = self.frames(3);
        let messages = self.app.world().resource::<Messages<EventsRead>>();
        let mut cursor = messages.get_cursor();
        let page = cursor.read(messages).last().unwrap().result.clone().unwrap();
        let log: Vec<ObjectiveChange> =
            page.events.iter().map(|event| event.decode().unwrap()).collect();
        let numbers: Vec<u64> = page.events.iter().map(|event| event.sequence).collect();
        assert!(numbers.is_sorted_by(|one, next| one < next), "{numbers:?}\n{}", self.so_far());
        self.compare(&log);
        self.deadly = deadly;
    }

    fn compare(&mut self, log: &[ObjectiveChange]) {
        let mut states: BTreeMap<&str, (ObjectiveState, u32, usize)> = BTreeMap::new();
        let mut completed: Vec<String> = Vec::new();
        for change in log {
            let (state, done, blockers) = states.entry(&change.key).or_default();
            match &change.step {
                ObjectiveStep::Completed => {
                    assert_eq!(
                        *state,
                        ObjectiveState::Open,
                        "{change:?}\n{log:?}\n{}",
                        self.so_far()
                    );
                    *state = ObjectiveState::Completed;
                    completed.push(change.key.to_string());
                }
                ObjectiveStep::Failed => *state = ObjectiveState::Failed,
                ObjectiveStep::Reopened => *state = ObjectiveState::Open,
                ObjectiveStep::Advanced { done: now, .. } => *done = *now,
                ObjectiveStep::Blocked(_) => *blockers += 1,
                ObjectiveStep::Resolved { .. } => *blockers -= 1,
                _ => {}
            }
        }
        let world = self.app.world();
        let objectives = world.resource::<Objectives>();
        let is_spawned = objectives.get("cat").is_some();
        for key in KEYS.iter().filter(|key| **key != "cat" || is_spawned) {
            let saved = objectives.get(key).unwrap().saved();
            let found = (saved.state(), saved.done(), saved.blockers().len());
            let expected = states.get(key).copied().unwrap_or_default();
            assert_eq!(found, expected, "{key}: state and events\n{log:?}\n{}", self.so_far());
        }
        self.completions += completed.len();
        if !is_spawned {
            completed.retain(|key| key != "cat");
        }
        let mut rewards = world.resource::<Rewards>().0.clone();
        completed.sort_unstable();
        rewards.sort_unstable();
        assert_eq!(
            rewards,
            completed,
            "what the game heard and events\n{log:?}\n{}",
            self.so_far()
        );
    }

    fn so_far(&self) -> String {
        self.story.join("\n")
    }
}

/// Plays so many histories; how many deaths and completions there were.
fn play(seeds: impl Iterator<Item = u64>) -> (u32, usize) {
    let (mut deaths, mut completions) = (0, 0);
    for seed in seeds {
        let played = std::panic::catch_unwind(|| {
            let mut history = History::begin(seed);
            for step in 0..20 {
                history.go_on();
                if step % 10 == 9 {
                    history.check();
                }
            }
            (history.deaths, history.completions)
        });
        let Ok(played) = played else { panic!("BEVY_SESSION_SEED={seed}") };
        deaths += played.0;
        completions += played.1;
    }
    (deaths, completions)
}

/// The seed that is to be played alone, if one is named.
pub fn seed() -> Option<u64> {
    std::env::var("BEVY_SESSION_SEED").ok()?.parse().ok()
}

/// Four threads of them, since each history waits for nothing but itself.
fn play_many(count: u64) {
    if let Some(seed) = seed() {
        play(std::iter::once(seed));
        return;
    }
    let played: Vec<(u32, usize)> = std::thread::scope(|scope| {
        let part = |first: u64| scope.spawn(move || play((first..count).step_by(4)));
        let parts: Vec<_> = (0..4).map(part).collect();
        parts.into_iter().map(|part| part.join().unwrap()).collect()
    });
    let deaths: u32 = played.iter().map(|it| it.0).sum();
    let completions: usize = played.iter().map(|it| it.1).sum();
    assert!(u64::from(deaths) > count && completions as u64 > count, "{deaths} {completions}");
}

#[test]
fn random_histories_complete_each_objective_once_per_line() {
    play_many(200);
}

#[test]
#[ignore = "takes long: 10,000 histories"]
fn ten_thousand_random_histories() {
    play_many(10_000);
}
