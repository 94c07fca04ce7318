//! The work of the writer's thread, for a checkpoint and for a merge.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::{Game, on_files};
use bevy_session_benchmarks::statistics::{bytes, median, milliseconds};
use bevy_session_benchmarks::worlds::Shape;

use super::{ENTITIES, directory_without_sync};
use crate::report::{Report, Section, Table};

const ROUNDS: usize = 100;
/// The bytes of the world's columns and ids in memory, with what is on the heap.
const BYTES_IN_MEMORY: f64 = (ENTITIES * (12 + 12 + 8 + 24 + 12 + 24 + 12 + 8)) as f64;

#[derive(Default)]
struct Work {
    /// Of each round with one checkpoint. Some of them began a merge as well.
    rounds: Vec<Duration>,
    merges: usize,
    fulls: Vec<Duration>,
    delta_bytes: u64,
    full_bytes: u64,
}

pub fn measure(report: &mut Report) -> Outcome {
    let work = measure_work()?;
    let (delta, full) = (median(&work.rounds), median(&work.fulls));
    // A merge may go on into the next round, so all of them are taken together.
    let beyond_deltas: Duration = work.rounds.iter().map(|round| round.saturating_sub(delta)).sum();
    let merge = beyond_deltas / work.merges as u32;
    let per_second =
        |work: Duration| format!("{:.0} MB/s", BYTES_IN_MEMORY / work.as_secs_f64() / 1e6);
    let mut table =
        Table::new(["work of the writer's thread", "time on a core", "on disk", "speed"]);
    table.row(["a checkpoint, 1 % changed", &milliseconds(delta), &bytes(work.delta_bytes), ""]);
    table.row([
        "a full checkpoint",
        &milliseconds(full),
        &bytes(work.full_bytes),
        &per_second(full),
    ]);
    table.row([
        "a merge of a snapshot and its deltas into the next snapshot",
        &milliseconds(merge),
        &bytes(work.full_bytes),
        &per_second(merge),
    ]);
    let intro = format!(
        "100,000 entities × 5 components, counted by the system for the thread `session writer`. \
         Speeds are those of the world's {} in memory. A merge takes place after 8 checkpoints, then \
         24, then each 48 or, at the default interval, each 240 seconds. Seen were {}.",
        bytes(BYTES_IN_MEMORY as u64),
        work.merges
    );
    report.sections.push(Section { tables: vec![table], ..Section::new(16, "The writer", intro) });
    Ok(())
}

fn measure_work() -> Outcome<Work> {
    let files = directory_without_sync()?;
    let mut game = Game::started(on_files(files.path()), Shape::mixed(ENTITIES));
    let mut result = Work::default();
    let mut known = segments(files.path());
    let mut before = settled_work()?;
    for _ in 0..ROUNDS {
        game.play(ENTITIES / 100);
        let saved = game.checkpoint().saved.ok_or("a checkpoint was not saved")?;
        let after = settled_work()?;
        let found = segments(files.path());
        result.rounds.push(after - before);
        result.merges += found.difference(&known).count();
        result.delta_bytes = saved.bytes;
        (known, before) = (found, after);
    }
    for _ in 0..7 {
        game.close();
        before = settled_work()?;
        let saved = game.open().saved.ok_or("a checkpoint was not saved")?;
        result.fulls.push(settled_work()? - before);
        result.full_bytes = saved.bytes;
    }
    if result.merges == 0 {
        return Err("no merge was seen".into());
    }
    Ok(result)
}

/// The writer's work so far, once it has been idle for a while.
pub fn settled_work() -> Outcome<Duration> {
    let mut before = work_of_writer()?;
    loop {
        std::thread::sleep(Duration::from_millis(25));
        let after = work_of_writer()?;
        // It looks at its clock now and then, which is no work worth waiting for.
        if after.saturating_sub(before) < Duration::from_micros(200) {
            return Ok(after);
        }
        before = after;
    }
}

/// The time for which the writer's thread had a core.
fn work_of_writer() -> Outcome<Duration> {
    for thread in std::fs::read_dir("/proc/self/task")? {
        let thread = thread?.path();
        if std::fs::read_to_string(thread.join("comm"))?.trim() == "session writer" {
            return work_according_to(&thread.join("schedstat"));
        }
    }
    Err("no thread is called `session writer`".into())
}

/// The time for which this thread had a core.
pub fn work_of_this_thread() -> Outcome<Duration> {
    work_according_to(Path::new("/proc/thread-self/schedstat"))
}

fn work_according_to(path: &Path) -> Outcome<Duration> {
    let text = std::fs::read_to_string(path)?;
    let nanoseconds = text.split(' ').next().ok_or("no time in schedstat")?.parse()?;
    Ok(Duration::from_nanos(nanoseconds))
}

/// The segments of all sessions.
pub fn segments(directory: &Path) -> BTreeSet<PathBuf> {
    let mut files = files_below(&directory.join("data"));
    files.retain(|path| path.extension().is_some_and(|extension| extension == "journal"));
    files
}

/// All files below a directory.
pub fn files_below(directory: &Path) -> BTreeSet<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return BTreeSet::new() };
    let mut files = BTreeSet::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            files.append(&mut files_below(&path));
        } else {
            files.insert(path);
        }
    }
    files
}
