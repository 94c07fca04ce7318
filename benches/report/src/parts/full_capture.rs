//! A full capture of plain columns beside copying the same bytes.

use std::hint::black_box;
use std::time::Duration;

use bevy_session::MemoryDisk;
use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{Game, in_memory};
use bevy_session_benchmarks::statistics::{median, median_of, milliseconds, ratio, timed};
use bevy_session_benchmarks::worlds::{Mix, Shape, populate};

use super::ENTITIES;
use crate::report::{Report, Section, Table, Verdict};

const TURNS: usize = 15;
/// Bytes of three plain columns and the ids.
const BYTES: usize = ENTITIES * (12 + 12 + 8 + 8);

pub fn measure(report: &mut Report) -> Outcome {
    let shape = Shape { mix: Mix::Plain, ..Shape::mixed(ENTITIES) };
    let source = vec![1_u8; BYTES];
    let other_data = vec![3_u8; 64 << 20];
    // All of it is kept until the end, so that no copy is made into memory that was used before.
    let (mut games, mut copies) = (Vec::new(), Vec::new());
    let (mut captured, mut copied) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let mut game = Game::new(in_memory(&MemoryDisk::default()))
            .with_clock(Duration::from_millis(16))
            .run();
        game.entities = populate(game.app.world_mut(), shape);

        fill_caches_with(&other_data);
        let (copy, time) = timed(|| source.clone());
        copies.push(copy);
        copied.push(time);

        fill_caches_with(&other_data);
        game.start();
        captured.extend(game.heard().captures.first());
        games.push(game);
    }
    let ratios: Vec<f64> =
        captured.iter().zip(&copied).map(|(capture, copy)| ratio(*capture, *copy)).collect();
    let times = median_of(&ratios);
    report.aim(
        3,
        "full capture of the three plain columns",
        "≤ 1.25 × memcpy of the same bytes with the entity ids, both into fresh memory",
        format!("{times:.2} × memcpy"),
        times <= 1.25,
    );
    report.aim(
        7,
        "steady-state allocation on the main thread, plain types",
        "none of our own",
        "counted by `tests/it/allocations.rs`",
        Verdict::ByTest,
    );
    let mut table = Table::new(["what", "time", "× memcpy"]);
    let copy = median(&copied);
    for (what, time, times) in [
        ("memcpy into fresh memory", copy, 1.0),
        ("full capture into fresh memory, the first of a session", median(&captured), times),
    ] {
        table.row([what, &milliseconds(time), &format!("{times:.2}")]);
    }
    let intro = "100,000 entities × 3 plain components and the entity ids, 4.0 MB, caches cold.";
    report.sections.push(Section {
        tables: vec![table],
        ..Section::new(13, "Full capture beside memcpy", intro)
    });
    drop((games, copies));
    Ok(())
}

fn fill_caches_with(other_data: &[u8]) {
    black_box(other_data.iter().map(|byte| usize::from(*byte)).sum::<usize>());
}
