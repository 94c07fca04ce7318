//! From files to a running world.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{Game, in_memory, on_files};
use bevy_session_benchmarks::statistics::{beside, median, milliseconds, ratio, spread, timed};
use bevy_session_benchmarks::worlds::{Position, Shape, play};

use super::{ENTITIES, directory};
use crate::peers::{dynamic_world, moonshine};
use crate::report::{Report, Section, Table};

const TURNS: usize = 7;
const LARGE: usize = 1_000_000;

pub fn measure(report: &mut Report) -> Outcome {
    let files = directory()?;
    let ours = SavedGame::new(files.path().join("ours"), ENTITIES)?;
    let text = files.path().join("moonshine.ron");
    write_text(&text)?;
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..TURNS {
        times[0].push(ours.restore()?);
        times[1].push(load_dynamic_world(&text)?);
        times[2].push(load_with_moonshine(&text)?);
    }
    let large = SavedGame::new(files.path().join("large"), LARGE)?;
    let of_large = (0..3).map(|_| large.restore()).collect::<Outcome<Vec<_>>>()?;
    let detected = (0..TURNS).map(|_| detect()).collect::<Outcome<Vec<_>>>()?;

    let [ours, worlds, files] = &times;
    let [restored, filed] = [ours, files].map(|times| median(times));
    report.aim(
        10,
        "restore, from files to a running world",
        "≤ 60 ms",
        milliseconds(restored),
        restored <= Duration::from_millis(60),
    );
    report.aim(
        10,
        "restore, beside moonshine-save's load",
        "≤ 1/10",
        beside(restored, filed),
        ratio(filed, restored) >= 10.0,
    );
    let mut table = Table::new(["what", "time", "beside moonshine-save's load", "8 of 10"]);
    for (what, times) in [
        ("bevy_session, 100,000 entities", ours),
        ("a `DynamicWorld` from RON, 100,000 entities", worlds),
        ("moonshine-save, 100,000 entities", files),
        ("bevy_session, 1,000,000 entities", &of_large),
        ("start-up with a crashed session of 100,000 entities, until it is offered", &detected),
    ] {
        let time = median(times);
        table.row([what, &milliseconds(time), &beside(time, filed), &spread(times)]);
    }
    let intro = "5 components per entity, files in the page cache, into an app that has just been \
                 set up. Ours is the time from the request to `SessionRestored`, with frames running \
                 meanwhile. A crashed session is read whole before it is offered.";
    report.sections.push(Section { tables: vec![table], ..Section::new(17, "Restore", intro) });
    Ok(())
}

/// A session that can be continued.
struct SavedGame {
    directory: PathBuf,
    session: SessionId,
    entities: usize,
}

impl SavedGame {
    fn new(directory: PathBuf, entities: usize) -> Outcome<Self> {
        let mut game = Game::started(on_files(&directory), Shape::mixed(entities));
        let session = game.session().ok_or("no session was started")?;
        game.close();
        Ok(Self { directory, session, entities })
    }

    fn restore(&self) -> Outcome<Duration> {
        let mut game = Game::new(on_files(&self.directory)).run();
        let session = self.session;
        game.ask(|commands| commands.session().continue_session(session));
        game.spin_until(|heard| !heard.restores.is_empty())?;
        let time = game.heard().restores[0];
        check(&mut game.app, self.entities)?;
        game.close();
        Ok(time)
    }
}

fn check(app: &mut App, entities: usize) -> Outcome {
    let world = app.world_mut();
    let restored = world.query::<&Position>().iter(world).count();
    if restored == entities { Ok(()) } else { Err(format!("{restored} came back").into()) }
}

fn write_text(path: &Path) -> Outcome {
    let (mut app, _entities) = moonshine::app(Shape::mixed(ENTITIES));
    moonshine::save(app.world_mut(), path);
    Ok(())
}

fn load_dynamic_world(path: &Path) -> Outcome<Duration> {
    let (mut app, _) = dynamic_world::app(Shape::mixed(0));
    let (loaded, time) = timed(|| -> Outcome<usize> {
        let text = std::fs::read_to_string(path)?;
        dynamic_world::load(app.world_mut(), &text)
    });
    loaded?;
    check(&mut app, ENTITIES)?;
    Ok(time)
}

fn load_with_moonshine(path: &Path) -> Outcome<Duration> {
    let mut app = moonshine::empty_app();
    let ((), time) = timed(|| moonshine::load(app.world_mut(), path));
    check(&mut app, ENTITIES)?;
    Ok(time)
}

/// A start after `kill -9`: from the plugin's set-up to the offer.
fn detect() -> Outcome<Duration> {
    let disk = MemoryDisk::default();
    let mut game = Game::started(in_memory(&disk), Shape::mixed(ENTITIES));
    for round in 0..5 {
        play(game.app.world_mut(), &game.entities, ENTITIES / 100, round);
        game.checkpoint();
    }
    let mut next = Game::new(in_memory(&disk.snapshot()));
    let ((), time) = timed(|| {
        next.app.finish();
        next.app.cleanup();
        next.app.update();
    });
    if next.heard().offers == 1 { Ok(time) } else { Err("no session was offered".into()) }
}
