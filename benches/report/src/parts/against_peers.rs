//! The stall of a checkpoint beside those of other crates, in turns.

use std::hint::black_box;
use std::time::Duration;

use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{Game, on_files};
use bevy_session_benchmarks::statistics::{beside, median, milliseconds, ratio, spread, timed};
use bevy_session_benchmarks::worlds::{Shape, play};
use bevy_session_benchmarks_ggrs::Clones;

use super::writer::settled_work;
use super::{ENTITIES, directory};
use crate::peers::{dynamic_world, moonshine};
use crate::plot::{Content, Plot};
use crate::report::{Report, Section, Table};

/// Turns. Peers that take long get one measurement in each, ours several.
const TURNS: usize = 7;
const OURS_IN_A_TURN: usize = 5;
/// Bytes of the five columns and the ids, without what is on the heap.
const BYTES_IN_COLUMNS: usize = ENTITIES * (12 + 12 + 8 + 24 + 24 + 8);

#[derive(Default)]
struct Times {
    unchanged: Vec<Duration>,
    changed: Vec<Duration>,
    tenth_changed: Vec<Duration>,
    all_changed: Vec<Duration>,
    /// In the frame of a pause, with 1 % changed.
    paused: Vec<Duration>,
    full: Vec<Duration>,
    /// Work of the writer's thread for a checkpoint.
    writer_of_changed: Vec<Duration>,
    writer_of_full: Vec<Duration>,
    copy: Vec<Duration>,
    ggrs: Vec<Duration>,
    /// A `DynamicWorld` without the RON, which another thread could write.
    extracted: Vec<Duration>,
    dynamic_world: Vec<Duration>,
    moonshine: Vec<Duration>,
}

pub fn measure(report: &mut Report) -> Outcome {
    let times = measure_in_turns()?;
    let changed = median(&times.changed);
    let unchanged = median(&times.unchanged);
    let text = median(&times.dynamic_world);
    report.aim(
        1,
        "main-thread stall, 1 % changed",
        "≤ 0.25 ms, and ≤ 1/2,000 of `DynamicWorld` + RON, which saves everything",
        format!("{}, {}", milliseconds(changed), beside(changed, text)),
        changed <= Duration::from_micros(250) && ratio(text, changed) >= 2_000.0,
    );
    report.aim(
        2,
        "main-thread stall, nothing changed",
        "≤ 0.10 ms",
        milliseconds(unchanged),
        unchanged <= Duration::from_micros(100),
    );
    let clones = median(&times.ggrs);
    for (what, aim, times, share) in [
        ("1 % changed, beside `bevy_ggrs`' clones", "≤ 1/160", &times.changed, 160.0),
        ("nothing changed, beside `bevy_ggrs`' clones", "≤ 1/400", &times.unchanged, 400.0),
        ("a full capture, beside `bevy_ggrs`' clones", "≤ 1/6", &times.full, 6.0),
    ] {
        let time = median(times);
        report.aim(2, what, aim, beside(time, clones), ratio(clones, time) >= share);
    }
    report.sections.push(section(&times));
    Ok(())
}

fn measure_in_turns() -> Outcome<Times> {
    let files = directory()?;
    let path = files.path().join("moonshine.ron");
    let shape = Shape::mixed(ENTITIES);
    let mut game = Game::started(on_files(files.path()), shape);
    let (mut described, of_described) = dynamic_world::app(shape);
    let (mut filed, of_filed) = moonshine::app(shape);
    let mut cloned = Clones::new(ENTITIES);
    let bytes = vec![1_u8; BYTES_IN_COLUMNS];
    let mut times = Times::default();
    for turn in 0..TURNS {
        let begun = settled_work()?;
        for _ in 0..OURS_IN_A_TURN {
            game.play(ENTITIES / 100);
            times.changed.push(game.checkpoint().stall);
            game.play(0);
            times.unchanged.push(game.checkpoint().stall);
        }
        times.writer_of_changed.push((settled_work()? - begun) / OURS_IN_A_TURN as u32);
        game.play(ENTITIES / 100);
        times.paused.push(game.pause().stall);
        // The large ones come last: in a game no small checkpoint follows right after one.
        game.play(ENTITIES / 10);
        times.tenth_changed.push(game.checkpoint().stall);
        game.play(ENTITIES);
        times.all_changed.push(game.checkpoint().stall);
        game.close();
        game.play(0);
        let closed = settled_work()?;
        times.full.push(game.open().stall);
        times.writer_of_full.push(settled_work()? - closed);

        play(described.world_mut(), &of_described, ENTITIES / 100, turn);
        times.copy.push(timed(|| black_box(bytes.clone())).1);
        let (saved, time) = timed(|| dynamic_world::save(described.world(), &of_described));
        black_box(saved?);
        times.dynamic_world.push(time);
        times.extracted.push(dynamic_world::time_to_describe(described.world(), &of_described));

        play(filed.world_mut(), &of_filed, ENTITIES / 100, turn);
        times.moonshine.push(timed(|| moonshine::save(filed.world_mut(), &path)).1);
        if std::fs::metadata(&path)?.len() == 0 {
            return Err("moonshine-save saved nothing".into());
        }

        cloned.play(ENTITIES / 100, turn);
        times.ggrs.push(timed(|| cloned.save()).1);
    }
    Ok(times)
}

fn section(times: &Times) -> Section {
    let writer = |times: &[Duration]| format!("{}, durable", milliseconds(median(times)));
    let (of_changed, of_full) = (writer(&times.writer_of_changed), writer(&times.writer_of_full));
    let rows = [
        ("bevy_session, nothing changed", &times.unchanged, "nothing to write"),
        ("bevy_session, 1 % changed", &times.changed, &of_changed),
        ("bevy_session, a pause, 1 % changed", &times.paused, "durable"),
        ("bevy_session, 10 % changed", &times.tenth_changed, "durable"),
        ("bevy_session, 100 % changed", &times.all_changed, "durable"),
        ("bevy_session, everything, at a start or a restore", &times.full, &of_full),
        ("memcpy of the columns' bytes", &times.copy, "isn't written"),
        ("bevy_ggrs, clones", &times.ggrs, "isn't written"),
        ("DynamicWorld, extracted only", &times.extracted, "isn't written"),
        ("DynamicWorld + RON", &times.dynamic_world, "none; isn't written"),
        ("moonshine-save", &times.moonshine, "none; written, not synced"),
    ];
    let clones = median(&times.ggrs);
    let mut table = Table::new([
        "what",
        "main thread stands still",
        "beside `bevy_ggrs`' clones",
        "work of another thread",
        "8 of 10",
    ]);
    for (what, times, elsewhere) in rows {
        let time = median(times);
        let (stall, beside) = (milliseconds(time), beside(time, clones));
        table.row([what, &stall, &beside, elsewhere, &spread(times)]);
    }
    let bars = rows.map(|(what, times, _)| (what.to_owned(), median(times).as_secs_f64() * 1e3));
    let intro = "100,000 entities × 5 components: three plain, one `Vec<u32>`, one `String`. *1 % \
                 changed* means that all five components of each hundredth entity did. Ours is the \
                 whole time in the plugin's schedule in the frame of the checkpoint. What a background \
                 log costs elsewhere stands beside it; chapters below have the bytes of an hour and \
                 the memory. `memcpy` copies the bytes of the five columns and the ids, and nothing \
                 of what is on the heap.\n\nThe peers save everything each time. So the rows of \
                 *everything* are held against theirs like against like, and those of 1 % and 10 % say \
                 what it is worth to save a difference. `DynamicWorld` writes its RON on the main \
                 thread, where ours hands its values to another; *extracted only* is what would be left \
                 if it did so too. The worlds of all of them take turns in one process, so caches are cold.";
    Section {
        tables: vec![table],
        plots: vec![Plot {
            name: "peers",
            title: "How long the game stands still: 100,000 entities × 5 components",
            x: "milliseconds on the main thread",
            y: "",
            content: Content::Bars(bars.to_vec()),
        }],
        ..Section::new(10, "Stall, beside peers", intro)
    }
}
