//! From the hand-over of a capture to a durable checkpoint.

use std::fs::File;
use std::io::Write;
use std::time::Duration;

use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{CheckpointOnDisk, Game, on_files};
use bevy_session_benchmarks::statistics::{bytes, median, milliseconds, percentile, timed};
use bevy_session_benchmarks::worlds::Shape;

use super::writer::segments;
use super::{ENTITIES, directory, directory_without_sync};
use crate::report::{Report, Section, Table};

const ROUNDS: usize = 40;
const BESIDE_MERGES: usize = 100;

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
    let merging = beside_merges()?;
    let [fast, real, plain] = &times;
    let time = median(fast);
    report.aim(
        9,
        "capture handed over to durable, 1 % changed, without the sync itself",
        "≤ 10 ms",
        milliseconds(time),
        time <= Duration::from_millis(10),
    );
    let mut table = Table::new(["what", "median", "p90", "at most"]);
    for (what, times) in [
        ("a checkpoint, where a sync takes no time", fast),
        ("a checkpoint on the real disk", real),
        ("as many bytes appended to a plain file and synced", plain),
        ("a checkpoint of 1,000,000 entities with 100 changed, while merges go on", &merging),
    ] {
        let [p90, most] = [90.0, 100.0].map(|share| milliseconds(percentile(times, share)));
        table.row([what, &milliseconds(median(times)), &p90, &most]);
    }
    let intro = format!(
        "100,000 entities × 5 components, 1 % changed, {}. All of it happens on the writer's thread: \
         ids, references, encoding, compression, checksums, append, sync. The first row and the last \
         are measured on a file system in memory, with the same code. The last one shows how long a \
         merge of a large world keeps a checkpoint waiting: there is one each 25 ms, so many fall \
         into a merge.",
        bytes(written)
    );
    report.sections.push(Section {
        tables: vec![table],
        ..Section::new(15, "From the hand-over to durable", intro)
    });
    Ok(())
}

/// The times of checkpoints of a large world, of which many fall into a merge.
fn beside_merges() -> Outcome<Vec<Duration>> {
    let files = directory_without_sync()?;
    let mut game = Game::started(on_files(files.path()), Shape::mixed(1_000_000));
    let before = segments(files.path()).len();
    let mut times = Vec::new();
    for _ in 0..BESIDE_MERGES {
        game.play(100);
        times.push(game.checkpoint().saved.ok_or("a checkpoint was not saved")?.write_time);
        std::thread::sleep(Duration::from_millis(25));
    }
    if segments(files.path()).len() == before {
        return Err("no merge was seen".into());
    }
    Ok(times)
}

fn checkpoint(game: &mut Game) -> Outcome<CheckpointOnDisk> {
    game.play(ENTITIES / 100);
    game.checkpoint().saved.ok_or_else(|| "a checkpoint was not saved".into())
}
