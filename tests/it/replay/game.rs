//! A farm: what is pressed sows and harvests, in steps of a fixed schedule and in frames of any length.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::SessionId;
use bevy_session::events::{EventQuery, EventsRead, RecordInputs, RecordingExt};
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

use crate::common::{Dice, frames, game_with, listen, received, request};

/// A key that the player presses.
#[derive(Message, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Press {
    pub key: u32,
}

#[derive(Resource, Reflect, Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
pub struct Farm {
    pub presses: u64,
    pub grain: i64,
    pub steps: u64,
    pub seconds: f32,
}

/// A field. Those who are sown in one step are alike but for their neighbour.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Field {
    height: f32,
    #[entities]
    neighbour: Option<Entity>,
}

/// The order in which fields are looked at: they have no other.
#[derive(
    Component, Reflect, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize,
)]
#[reflect(Component, Saved)]
pub struct Place(u64);

/// Rules in which builds differ.
#[derive(Resource, Clone)]
pub struct Rules {
    pub harvest: i64,
    pub plays_itself: bool,
    pub records: bool,
}

/// Presses that come from outside, in this frame.
#[derive(Resource, Default)]
struct Keyboard(Vec<u32>);

fn add(app: &mut App, rules: &Rules) {
    app.add_message::<Press>()
        .init_resource::<Farm>()
        .init_resource::<Keyboard>()
        .insert_resource(rules.clone())
        .register_type::<Farm>()
        .register_type::<Field>()
        .register_type::<Place>()
        .add_systems(
            FixedUpdate,
            (
                (press_by_itself, read_keyboard).chain().before(RecordInputs),
                (sow_and_harvest, grow).chain().after(RecordInputs),
            )
                .run_if(session_is_active),
        )
        .add_systems(Update, pass_time.run_if(session_is_active));
    if rules.records {
        app.record_inputs::<Press>(FixedUpdate);
    }
}

fn press_by_itself(rules: Res<Rules>, farm: Res<Farm>, mut presses: MessageWriter<Press>) {
    if rules.plays_itself && farm.steps.is_multiple_of(3) {
        presses.write(Press { key: u32::try_from(farm.steps % 7).unwrap() });
    }
}

fn read_keyboard(mut keyboard: ResMut<Keyboard>, mut presses: MessageWriter<Press>) {
    presses.write_batch(keyboard.0.drain(..).map(|key| Press { key }));
}

fn sow_and_harvest(
    rules: Res<Rules>,
    mut presses: MessageReader<Press>,
    mut farm: ResMut<Farm>,
    fields: Query<(Entity, &Place, &Field)>,
    mut commands: Commands,
) {
    let mut standing: Vec<_> = fields.iter().collect();
    standing.sort_by_key(|(_, place, _)| **place);
    let mut neighbour = standing.last().map(|(entity, ..)| *entity);
    for press in presses.read() {
        farm.presses += 1;
        if press.key % 3 == 0 {
            if let Some((entity, _, field)) = standing.pop() {
                farm.grain += rules.harvest + field.height as i64;
                commands.entity(entity).despawn();
            }
        } else {
            for _ in 0..=press.key % 3 {
                let field = Field { height: 0.0, neighbour };
                neighbour = Some(commands.spawn((field, Place(farm.presses))).id());
            }
        }
    }
}

fn grow(time: Res<Time>, mut farm: ResMut<Farm>, mut fields: Query<(&mut Field, &Place)>) {
    farm.steps += 1;
    for (mut field, place) in &mut fields {
        field.height += time.delta_secs() * (1.0 + (place.0 % 5) as f32);
    }
}

/// Changes by frames and not by steps.
fn pass_time(time: Res<Time>, mut farm: ResMut<Farm>) {
    farm.seconds += time.delta_secs() * 1.1;
}

pub fn build(session: SessionPlugin) -> App {
    build_with(session, |_| {})
}

pub fn build_with(session: SessionPlugin, change: impl FnOnce(&mut Rules)) -> App {
    let mut rules = Rules { harvest: 1, plays_itself: false, records: true };
    change(&mut rules);
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, bevy::state::app::StatesPlugin, session))
        .init_state::<crate::common::Phase>()
        .save_state::<crate::common::Phase>()
        .save_component::<Name>();
    add(&mut app, &rules);
    app
}

/// The game as its player has it, in a session.
pub fn app(directory: &Path, seed: u64) -> App {
    app_with(directory, seed, |_| {})
}

/// The same, with something that the game has beside.
pub fn app_with(directory: &Path, seed: u64, change: impl FnOnce(&mut App)) -> App {
    let mut app = start_up(directory, seed, change);
    request(&mut app, |commands| commands.session().start(NewSession::named("Farm")));
    frames(&mut app, 3);
    app
}

/// The game before it has a session.
pub fn start_up(directory: &Path, seed: u64, change: impl FnOnce(&mut App)) -> App {
    let origin = "2026-01-01T00:00:00Z".parse().unwrap();
    let plugin = SessionPlugin::new("Tests", "Farm").directory(directory).clock_from(origin);
    let mut app = game_with(plugin, |app| {
        add(app, &Rules { harvest: 1, plays_itself: false, records: true });
        listen::<EventsRead>(app);
        app.insert_resource(SessionSettings { autosave: false, ..default() });
        let mut dice = Dice(seed);
        app.add_systems(
            First,
            move |mut keyboard: ResMut<Keyboard>, mut next: ResMut<TimeUpdateStrategy>| {
                // Of frames of any length, some have no step and some have several.
                *next = TimeUpdateStrategy::ManualDuration(Duration::from_nanos(
                    1 + dice.roll(60_000_000),
                ));
                if dice.roll(3) == 0 {
                    let keys = 1 + dice.roll(2);
                    keyboard.0.extend((0..keys).map(|_| u32::try_from(dice.roll(9)).unwrap()));
                }
            },
        );
        change(app);
    });
    frames(&mut app, 2);
    app
}

/// Plays so many seconds, and leaves as a crash does. The grain at each checkpoint.
pub fn play(directory: &Path, seed: u64, seconds: u32) -> Vec<i64> {
    let mut app = app(directory, seed);
    play_seconds(&mut app, seconds)
}

/// Starts again, recovers, and plays on.
pub fn play_on(directory: &Path, seed: u64, seconds: u32) -> Vec<i64> {
    let mut app = start_up(directory, seed, |_| {});
    take_up(&mut app);
    play_seconds(&mut app, seconds)
}

/// Recovers or continues the session.
pub fn take_up(app: &mut App) {
    let catalog = app.world().resource::<SessionCatalog>();
    let session = catalog.sessions()[0].session.id;
    let has_crashed = catalog.sessions()[0].has_crashed();
    request(app, |commands| match has_crashed {
        true => commands.session().recover(session, RestoreFrom::Latest),
        false => commands.session().continue_session(session),
    });
    frames(app, 6);
}

/// The game panics in its next frame.
pub fn panics(mut game: App) {
    let died = catch_unwind(AssertUnwindSafe(move || {
        game.add_systems(Update, || panic!("a test"));
        game.update();
    }));
    assert!(died.is_err());
}

pub fn play_seconds(app: &mut App, seconds: u32) -> Vec<i64> {
    let mut grain = vec![app.world().resource::<Farm>().grain];
    for second in 1..=seconds {
        frames(app, 33);
        request(app, |commands| commands.session().checkpoint(format!("second {second}")));
        frames(app, 1);
        grain.push(app.world().resource::<Farm>().grain);
        frames(app, 2);
    }
    grain
}

/// The paths of all events that a session shows.
pub fn read_events(app: &mut App, session: SessionId) -> Vec<String> {
    request(app, |commands| commands.session().events().read(EventQuery::of(session)));
    frames(app, 4);
    let read = received::<EventsRead>(app).pop().expect("it is answered");
    let events = read.result.expect("it can be read").events;
    events.iter().map(|event| event.event_type.path.to_string()).collect()
}

/// The content of all files below a directory.
pub fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(self::files(&path)),
            false => {
                files.insert(path.display().to_string(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}
