//! The time to list many sessions.

use std::path::Path;
use std::time::Duration;

use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionLast};
use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{Game, in_memory, on_files, plain_app};
use bevy_session_benchmarks::statistics::{median, milliseconds, spread, timed};
use bevy_session_benchmarks::worlds::Shape;

use super::directory;
use super::writer::work_of_this_thread;
use crate::report::{Report, Section, Table};

const SESSIONS: usize = 1_000;
const TURNS: usize = 15;

pub fn measure(report: &mut Report) -> Outcome {
    let files = directory()?;
    for _ in 0..SESSIONS {
        write_session(files.path())?;
    }
    let (mut listed, mut empty) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        listed.push(start(on_files(files.path()).manual_writer(), SESSIONS)?);
        empty.push(start(in_memory(&MemoryDisk::default()), 0)?);
    }
    let [by_the_clock, worked] = [0, 1].map(|which| {
        [&listed, &empty]
            .map(|starts| starts.iter().map(|times| times[which]).collect::<Vec<Duration>>())
    });
    let spreads = by_the_clock.each_ref().map(|times| spread(times));
    let [by_the_clock, worked] = [by_the_clock, worked].map(|both| both.map(|it| median(&it)));
    let time = by_the_clock[0].saturating_sub(by_the_clock[1]);
    let work = worked[0].saturating_sub(worked[1]);
    report.aim(
        11,
        "listing 1,000 sessions at start-up (headers only, page cache warm)",
        "≤ 30 ms",
        format!("{}; {} of work", milliseconds(time), milliseconds(work)),
        time <= Duration::from_millis(30),
    );
    let mut table = Table::new(["what", "by the clock", "work of the thread", "8 of 10"]);
    for (which, what) in
        ["start with 1,000 sessions", "start with none, in memory"].into_iter().enumerate()
    {
        table.row([
            what,
            &milliseconds(by_the_clock[which]),
            &milliseconds(worked[which]),
            &spreads[which],
        ]);
    }
    let intro = "From the plugin's set-up to a filled `SessionCatalog`, with the work of the writer's \
                 thread done in turn instead of beside the game. The sessions have nine checkpoints \
                 each and were closed.";
    report
        .sections
        .push(Section { tables: vec![table], ..Section::new(18, "Listing sessions", intro) });
    Ok(())
}

/// A start of the game, as far as the list of sessions: by the clock, and in work of this thread.
fn start(plugin: SessionPlugin, expected: usize) -> Outcome<[Duration; 2]> {
    let mut app = plain_app();
    app.add_plugins(plugin);
    let before = work_of_this_thread()?;
    let ((), time) = timed(|| {
        app.finish();
        app.world_mut().run_schedule(SessionLast);
    });
    let work = work_of_this_thread()?.saturating_sub(before);
    let found = app.world().resource::<SessionCatalog>().sessions().len();
    if found == expected {
        Ok([time, work])
    } else {
        Err(format!("{found} sessions are listed").into())
    }
}

/// A session with a few checkpoints, as files.
fn write_session(directory: &Path) -> Outcome {
    let disk = MemoryDisk::default();
    let mut game = Game::started(in_memory(&disk), Shape::mixed(20));
    for _ in 0..8 {
        game.play(5);
        game.checkpoint();
    }
    game.close();
    drop(game);
    for path in disk.paths() {
        let Ok(below) = path.strip_prefix("sessions") else { continue };
        if !below.starts_with("data") {
            continue;
        }
        let place = directory.join(below);
        std::fs::create_dir_all(place.parent().unwrap_or(directory))?;
        std::fs::write(place, disk.content(&path).unwrap_or_default())?;
    }
    Ok(())
}
