//! The time to load a scenario, to create a session with it, and to put its world into the game's, beside a restore of
//! the same world.

use std::path::Path;
use std::thread;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::library::StartingWorld;
use bevy_session::prelude::*;
use bevy_session::scenarios::Scenario;
use bevy_session::{MemoryDisk, SessionActivity};

use crate::game::{Heard, Title, app, request, spawn_mixed, start};
use crate::measure::{ROUNDS, median, ratio, row, temporary, timed};

/// Entities of the scenario's world, of five components each.
const ENTITIES: usize = 10_000;
const FILE: &str = "ruins.scenario.ron";
const TEXT: &str = r#"(
    extends: "base.ron", version: 3, name: "Ruins", level: 2, expected: "45min",
    world: "ruins.world", settings: {"walls": 4},
)"#;
const BASE: &str = r#"(
    tags: ["co-op"], settings: {"walls": 1, "rain": true}, fields: {"act": "One"},
)"#;

/// The times of one thing, by the clock and of the main thread's work.
struct Times([Vec<Duration>; 2]);

impl Times {
    fn add(&mut self, times: [Duration; 2]) {
        self.0.iter_mut().zip(times).for_each(|(all, time)| all.push(time));
    }

    fn medians(self) -> [Duration; 2] {
        self.0.map(median)
    }
}

pub fn scenarios() {
    let assets = temporary("scenario");
    let bytes = write_files(&assets);
    let [mut loaded, mut created, mut applied, mut restored] =
        [const { Times([Vec::new(), Vec::new()]) }; 4];
    for _ in 0..ROUNDS {
        let mut content = None;
        loaded.add(timed(|| content = Some(load(&assets))));
        let (scenario, world) = content.expect("it was just loaded");
        let directory = temporary("scenarios");
        let mut game = begin(&directory);
        created.add(timed(|| {
            request(&mut game, |commands| commands.session().start(scenario.new_session()));
            until(&mut game, has_checkpoint);
        }));
        close(&mut game);
        drop(game);
        let mut game = begin(&directory);
        applied.add(timed(|| {
            let session = scenario.new_session();
            request(&mut game, |commands| commands.session().library().start_in(session, world));
            until(&mut game, has_restored);
        }));
        let session = game.world().resource::<CurrentSession>().id();
        check_world(&mut game);
        close(&mut game);
        drop(game);
        let mut game = begin(&directory);
        restored.add(timed(|| {
            request(&mut game, |commands| commands.session().continue_session(session));
            until(&mut game, has_restored);
        }));
        check_world(&mut game);
        drop(game);
        let _ = std::fs::remove_dir_all(directory);
    }
    let _ = std::fs::remove_dir_all(assets);
    let figure = |[clock, work]: [Duration; 2]| {
        let [clock, work] = [clock, work].map(|time| time.as_secs_f64() * 1e3);
        format!("{work:.2} ms of work, {clock:.2} ms by the clock")
    };
    let kilobytes = bytes as f64 / 1e3;
    row(
        &format!("loading a scenario that extends another, and its world of {kilobytes:.0} kB"),
        figure(loaded.medians()),
    );
    row(
        "creating a session with it, without its world, until its first checkpoint is durable",
        figure(created.medians()),
    );
    let (applied, restored) = (applied.medians(), restored.medians());
    row(
        &format!("creating one in its world, {ENTITIES} entities × 5, from request to play"),
        format!("{}, {:.2} of a restore", figure(applied), ratio(applied[0], restored[0])),
    );
    row("a restore of the same world, from request to play", figure(restored));
}

/// Writes the scenario, what it extends and its world. Returns the bytes of the world.
fn write_files(assets: &Path) -> usize {
    let disk = MemoryDisk::default();
    let plugin = SessionPlugin::new("Bench", "Numbers").disk(disk.clone()).manual_writer();
    let mut author = app(plugin);
    spawn_mixed(&mut author, ENTITIES);
    start(&mut author);
    let session = author.world().resource::<CurrentSession>().id();
    request(&mut author, |commands| commands.session().library().export(session, "ruins.world"));
    (0..20).for_each(|_| author.update());
    let world = disk.content(Path::new("ruins.world")).expect("it should be exported");
    std::fs::create_dir_all(assets).expect("a directory should be made");
    let files = [(FILE, TEXT.as_bytes()), ("base.ron", BASE.as_bytes()), ("ruins.world", &*world)];
    for (file, content) in files {
        std::fs::write(assets.join(file), content).expect("a file should be written");
    }
    world.len()
}

/// Loads the scenario with all that it names, as its asset does.
fn load(assets: &Path) -> (Scenario, StartingWorld) {
    let read = |file: &str| std::fs::read(assets.join(file));
    let scenario = Scenario::read(FILE, read).expect("the scenario should be read");
    let file = scenario.world.clone().expect("it should name its world");
    let world = read(&file).expect("its world should be read");
    (scenario, StartingWorld::new(file, world))
}

/// A game that has just begun, and whose writer has its thread.
fn begin(directory: &Path) -> App {
    let mut app = app(SessionPlugin::new("Bench", "Numbers").directory(directory));
    until(&mut app, |world| world.resource::<SessionCatalog>().is_verified());
    app
}

fn close(app: &mut App) {
    until(app, |world| !world.resource::<SessionActivity>().is_saving());
    request(app, |commands| commands.session().close(LeaveCause::Player));
    until(app, |world| !world.contains_resource::<CurrentSession>());
}

/// Runs frames until something is the case, with a rest between them: a loop that spins takes a core from the writer.
fn until(app: &mut App, is_so: fn(&World) -> bool) {
    while !is_so(app.world()) {
        app.update();
        thread::sleep(Duration::from_micros(200));
    }
}

fn has_checkpoint(world: &World) -> bool {
    world.get_resource::<CurrentSession>().is_some_and(|it| it.last_checkpoint().is_some())
}

fn has_restored(world: &World) -> bool {
    !world.resource::<Heard>().restores.is_empty()
}

fn check_world(app: &mut App) {
    let world = app.world_mut();
    let entities = world.query::<&Title>().iter(world).count();
    assert_eq!(entities, ENTITIES, "the whole world should be there");
}
