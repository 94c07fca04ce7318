//! A game in which every entity moves in each frame, and the first checkpoint of a process beside later ones.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{Game, on_files};
use bevy_session_benchmarks::statistics::{
    beside, median, milliseconds, on_the_processor, percentile, ratio,
};
use bevy_session_benchmarks::worlds::{Position, Shape, populate};
use bevy_session_benchmarks_ggrs::Clones;

use super::{ENTITIES, directory};
use crate::child::first_and_later_full;
use crate::report::{Report, Section, Table};

const FRAME: Duration = Duration::from_nanos(16_666_667);
/// A block of frames, after which the clones have their turn.
const FRAMES_IN_A_BLOCK: usize = 240;
const BLOCKS: usize = 15;
const SAVES_IN_A_TURN: usize = 3;
/// Processes whose first checkpoint is looked at.
const STARTS: usize = 9;

pub fn measure(report: &mut Report) -> Outcome {
    let files = directory()?;
    let mut game = action_game(files.path());
    let mut clones = Clones::new(ENTITIES);
    let mut cloned = Vec::new();
    for turn in 0..BLOCKS {
        block(&mut game.app);
        for save in 0..SAVES_IN_A_TURN {
            clones.play(ENTITIES, turn * SAVES_IN_A_TURN + save);
            let begun = on_the_processor();
            clones.save();
            cloned.push(on_the_processor().saturating_sub(begun));
        }
    }
    let checkpoints = game.heard().saved.len();
    if checkpoints < BLOCKS * FRAMES_IN_A_BLOCK / 60 / 2 {
        return Err(format!("only {checkpoints} checkpoints were saved").into());
    }
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        starts.push(first_and_later_full()?);
    }
    let starts =
        [0, 1].map(|which| median(&starts.iter().map(|start| start[which]).collect::<Vec<_>>()));
    let work = game.plugin_work().to_vec();
    judge(report, &work, &cloned, starts);
    report.sections.push(section(&work, &cloned, starts, checkpoints));
    Ok(())
}

fn judge(
    report: &mut Report,
    work: &[Duration],
    cloned: &[Duration],
    [first, later]: [Duration; 2],
) {
    let (tail, clones) = (percentile(work, 99.9), median(cloned));
    report.aim(
        6,
        "a game in which all positions change in each frame, with a checkpoint every second: p99.9 of the plugin's \
         processor time in a frame, beside `bevy_ggrs`' clones",
        "≤ 1/6",
        beside(tail, clones),
        ratio(clones, tail) >= 6.0,
    );
    report.aim(
        6,
        "the first checkpoint of a process, beside later ones of everything",
        "≤ 1.10",
        format!("{:.2} ×", ratio(first, later)),
        ratio(first, later) <= 1.1,
    );
}

/// A game that is played, with its first checkpoint on disk.
fn action_game(directory: &std::path::Path) -> Game {
    let mut game = Game::new(on_files(directory).interval(Duration::from_secs(1))).run();
    populate(game.app.world_mut(), Shape::mixed(ENTITIES));
    game.app.add_systems(Update, move_everything);
    game.ask(|commands| commands.session().start(NewSession::named("Bench")));
    game.wait_until(|heard| !heard.saved.is_empty());
    game.forget_times();
    game
}

fn move_everything(mut positions: Query<&mut Position>) {
    for mut position in &mut positions {
        position.0 += 0.25;
    }
}

/// Runs frames at their pace.
fn block(app: &mut App) {
    let mut next = Instant::now();
    for _ in 0..FRAMES_IN_A_BLOCK {
        next += FRAME;
        app.update();
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

fn section(
    work: &[Duration],
    cloned: &[Duration],
    [first, later]: [Duration; 2],
    checkpoints: usize,
) -> Section {
    let mut frames =
        Table::new(["processor time of the main thread", "frames", "p50", "p99", "p99.9", "max"]);
    for (what, times) in
        [("the plugin, in a frame", work), ("`bevy_ggrs`, a snapshot of clones", cloned)]
    {
        let [p50, p99, p999, max] =
            [50.0, 99.0, 99.9, 100.0].map(|percent| milliseconds(percentile(times, percent)));
        frames.row([what, &times.len().to_string(), &p50, &p99, &p999, &max]);
    }
    let mut starts =
        Table::new(["a checkpoint of everything", "processor time of the main thread"]);
    starts.row(["the first of a process", &milliseconds(first)]);
    starts.row(["later ones", &milliseconds(later)]);
    let intro = format!(
        "100,000 entities × 5 components on the real disk, 60 frames a second. Each frame moves every entity, so that each \
         checkpoint, one a second, has 100,000 values; {checkpoints} were saved. The clones had their turns between \
         blocks of {FRAMES_IN_A_BLOCK} frames. Below, medians of {STARTS} processes."
    );
    Section { tables: vec![frames, starts], ..Section::new(14, "An action game", intro) }
}
