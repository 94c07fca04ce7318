//! From the hand-over of a capture to a durable checkpoint.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{CheckpointOnDisk, Game, on_files};
use bevy_session_benchmarks::statistics::{bytes, median, milliseconds, percentile, timed};
use bevy_session_benchmarks::worlds::Shape;

use super::{ENTITIES, directory, directory_without_sync};
use crate::report::{Report, Section, Table};

const ROUNDS: usize = 40;

pub fn measure(report: &mut Report) -> Outcome {
    let (in_memory, on_disk) = (directory_without_sync()?, directory()?);
    let mut fast = Game::started(on_files(in_memory.path()), Shape::mixed(ENTITIES));
    let mut real = Game::started(on_files(on_disk.path()), Shape::mixed(ENTITIES));
    let mut plain = File::create(on_disk.path().join("plain"))?;
    let mut times = [const { Vec::new() }; 3];
    let mut written = 0;
    for _ in 0..ROUNDS {
        times[0].push(checkpoint(&mut fast)?.write_time);
        let saved = checkpoint(&mut real)?;
        times[1].push(saved.write_time);
        written = saved.bytes;
        let content = vec![7; written as usize];
        let (synced, time) = timed(|| plain.write_all(&content).and_then(|()| plain.sync_all()));
        synced?;
        times[2].push(time);
    }
    let [fast, real, plain] = &times;
    let time = median(fast);
    report.aim(
        9,
        "capture handed over to durable, 1 % changed, without the sync itself",
        "≤ 10 ms",
        milliseconds(time),
        time <= Duration::from_millis(10),
    );
    let mut table = Table::new(["what", "median", "p90"]);
    for (what, times) in [
        ("a checkpoint, where a sync takes no time", fast),
        ("a checkpoint on the real disk", real),
        ("as many bytes appended to a plain file and synced", plain),
    ] {
        let p90 = percentile(times, 90.0);
        table.row([what, &milliseconds(median(times)), &milliseconds(p90)]);
    }
    let intro = format!(
        "100,000 entities × 5 components, 1 % changed, {}. All of it happens on the writer's thread: \
         ids, references, encoding, compression, checksums, append, sync. The first row is measured \
         on a file system in memory, with the same code.",
        bytes(written)
    );
    report.sections.push(Section {
        tables: vec![table],
        ..Section::new(15, "From the hand-over to durable", intro)
    });
    Ok(())
}

fn checkpoint(game: &mut Game) -> Outcome<CheckpointOnDisk> {
    game.play(ENTITIES / 100);
    game.checkpoint().saved.ok_or_else(|| "a checkpoint was not saved".into())
}
