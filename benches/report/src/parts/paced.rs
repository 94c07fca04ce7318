//! A game at 60 frames a second with a checkpoint every second, beside the same game without.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{Game, on_files, plain_app};
use bevy_session_benchmarks::statistics::{milliseconds, percentile};
use bevy_session_benchmarks::worlds::{Shape, play, populate};

use super::{ENTITIES, directory};
use crate::report::{Report, Section, Table, Verdict};

const FRAME: Duration = Duration::from_nanos(16_666_667);
const FRAMES_IN_A_BLOCK: usize = 240;
const BLOCKS: usize = 12;
/// One percent of the entities in a second.
const CHANGED_IN_A_FRAME: usize = ENTITIES / 100 / 60;

/// Milliseconds that the slowest frames may be slower.
const LIMIT: f64 = 0.5;

/// The entities that the game changes, and how often it did.
#[derive(Resource)]
struct Played(Vec<Entity>, usize);

pub fn measure(report: &mut Report) -> Outcome {
    let files = directory()?;
    let mut without = game_without();
    let mut control = game_without();
    let mut with = game_with(files.path());
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..BLOCKS {
        block(&mut without, &mut times[0]);
        block(&mut with.app, &mut times[1]);
        block(&mut control, &mut times[2]);
    }
    let checkpoints = with.heard().saved.len();
    if checkpoints < BLOCKS * FRAMES_IN_A_BLOCK / 60 / 2 {
        return Err(format!("only {checkpoints} checkpoints were saved").into());
    }
    let [without, frames, control] = times;
    let plugin: Vec<Duration> = with.plugin_times().to_vec();
    judge(report, &without, &frames, &control, &plugin);
    report.sections.push(section(
        &[
            ("frame, without the plugin", &without),
            ("frame, without the plugin, control", &control),
            ("frame, with a checkpoint every second", &frames),
            ("of that, the plugin on the main thread", &plugin),
        ],
        checkpoints,
    ));
    Ok(())
}

fn judge(
    report: &mut Report,
    without: &[Duration],
    frames: &[Duration],
    control: &[Duration],
    plugin: &[Duration],
) {
    let slow = |times: &[Duration]| percentile(times, 99.9).as_secs_f64() * 1e3;
    let more = slow(frames) - slow(without);
    let noise = slow(control) - slow(without);
    let (tail, most) = (percentile(plugin, 99.9), percentile(plugin, 100.0));
    report.aim(
        6,
        "a game paced at 60 Hz with a checkpoint every second: p99.9 frame time beyond the same game's",
        "≤ 0.5 ms; and the plugin's own time, p99.9 and maximum",
        format!(
            "{more:+.3} ms (control without the plugin: {noise:+.3} ms); the plugin: {}, {}",
            milliseconds(tail),
            milliseconds(most)
        ),
        if noise.abs() > LIMIT { Verdict::TooNoisy } else { (more <= LIMIT).into() },
    );
}

fn add_game(app: &mut App) {
    let entities = populate(app.world_mut(), Shape::mixed(ENTITIES));
    app.insert_resource(Played(entities, 0)).add_systems(Update, live);
}

/// Looks at every entity and changes a few.
fn live(world: &mut World) {
    world.resource_scope(|world, mut played: Mut<Played>| {
        played.1 += 1;
        let Played(entities, round) = &*played;
        play(world, entities, CHANGED_IN_A_FRAME, *round);
    });
}

fn game_without() -> App {
    let mut app = plain_app();
    app.finish();
    app.cleanup();
    add_game(&mut app);
    app
}

fn game_with(directory: &std::path::Path) -> Game {
    let mut game = Game::new(on_files(directory).interval(Duration::from_secs(1))).run();
    add_game(&mut game.app);
    game.ask(|commands| commands.session().start(NewSession::named("Bench")));
    game.wait_until(|heard| !heard.saved.is_empty());
    // The first checkpoint copies everything. What that costs stands in the chapter on full ones.
    game.forget_times();
    game
}

/// Runs frames at their pace. Only the work in them is timed.
fn block(app: &mut App, times: &mut Vec<Duration>) {
    // What the block before left behind, on the writer's thread or in the caches, isn't counted.
    std::thread::sleep(Duration::from_millis(300));
    (0..10).for_each(|_| app.update());
    let mut next = Instant::now();
    for _ in 0..FRAMES_IN_A_BLOCK {
        next += FRAME;
        let begun = Instant::now();
        app.update();
        times.push(begun.elapsed());
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

fn section(rows: &[(&str, &[Duration])], checkpoints: usize) -> Section {
    let mut table = Table::new(["what", "frames", "p50", "p99", "p99.9", "max"]);
    for (what, times) in rows {
        let [p50, p99, p999, max] =
            [50.0, 99.0, 99.9, 100.0].map(|percent| milliseconds(percentile(times, percent)));
        table.row([what, &times.len().to_string(), &p50, &p99, &p999, &max]);
    }
    let intro = format!(
        "100,000 entities × 5 components on the real disk. Each frame looks at every entity and \
         changes all components of {CHANGED_IN_A_FRAME}, 1 % a second. The three games took turns in \
         blocks of {FRAMES_IN_A_BLOCK} frames; {checkpoints} checkpoints were saved."
    );
    Section { tables: vec![table], ..Section::new(14, "A paced game", intro) }
}
