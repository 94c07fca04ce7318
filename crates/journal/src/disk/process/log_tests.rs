//! Logs in files: how they rotate, what goes, and what becomes of them where the disk fails.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

use super::tests::{at, local};
use super::*;
use crate::disk::{MemoryDisk, Operation, PanicInfo};

struct Plain;

impl LogWords for Plain {
    fn panicked(&self, panic: &PanicInfo) -> String {
        format!("panicked: {}", panic.message)
    }

    fn dropped(&self, lines: u64) -> String {
        format!("{lines} dropped")
    }
}

const BOUNDS: LogBounds = LogBounds { file_bytes: 100, files: 3 };

/// A process that keeps a log.
fn begin(disk: &MemoryDisk, second: i64, options: ProcessOptions) -> (ProcessGuard, LogQueue) {
    let (guard, _) = ProcessGuard::begin(&local(disk), "1.0", options, at(second));
    let queue = LogQueue::new(BOUNDS, Plain);
    guard.keep_log_files(queue.clone());
    (guard, queue)
}

fn unwatched(disk: &MemoryDisk, second: i64) -> (ProcessGuard, LogQueue) {
    begin(disk, second, ProcessOptions { panics: false })
}

fn files(disk: &MemoryDisk) -> Vec<PathBuf> {
    disk.paths().into_iter().filter(|path| path.starts_with("state/logs")).collect()
}

/// The content of all files, one after the other.
fn text(disk: &MemoryDisk) -> String {
    let content = |path: &PathBuf| String::from_utf8(disk.content(path).unwrap()).unwrap();
    files(disk).iter().map(content).collect()
}

#[test]
fn files_are_of_bounded_size_and_number_and_a_line_is_never_cut() {
    let disk = MemoryDisk::default();
    let (guard, log) = unwatched(&disk, 0);
    (0..20).for_each(|number| log.add(&format!("line {number:02} {}", "x".repeat(21))));
    assert!(files(&disk).is_empty(), "whoever logs doesn't write");
    guard.beat(&local(&disk), at(1));
    // Three lines of 30 bytes in a file.
    assert_eq!(files(&disk).len(), 3);
    let kept = text(&disk);
    let numbers: Vec<&str> = kept.lines().map(|line| &line[..7]).collect();
    let newest = ["line 12", "line 13", "line 14", "line 15", "line 16", "line 17"];
    assert_eq!(numbers, [&newest[..], &["line 18", "line 19"]].concat());
    log.add(&"y".repeat(1_000));
    guard.beat(&local(&disk), at(2));
    assert!(text(&disk).ends_with(&format!("{}\n", "y".repeat(1_000))), "longer than a file");
    assert_eq!(files(&disk).len(), 3);
}

#[test]
fn lines_beyond_the_queue_are_counted_where_they_are_missing() {
    let disk = MemoryDisk::default();
    let (guard, _) = unwatched(&disk, 0);
    let log = LogQueue::new(LogBounds { file_bytes: 100 << 20, files: 1 }, Plain);
    guard.keep_log_files(log.clone());
    log.add("first");
    log.add(&"x".repeat(QUEUE_BYTES - 10));
    (0..7).for_each(|_| log.add("too much"));
    guard.beat(&local(&disk), at(1));
    log.add("after that");
    guard.beat(&local(&disk), at(2));
    let text = text(&disk);
    assert!(text.starts_with("first\nxxx") && text.ends_with("xxx\n7 dropped\nafter that\n"));
}

#[test]
fn a_refusing_disk_loses_no_line_and_leaves_few_files() {
    let disk = MemoryDisk::default();
    let (guard, log) = unwatched(&disk, 0);
    log.add("one");
    guard.beat(&local(&disk), at(1));
    for operation in [Operation::Append, Operation::Create] {
        disk.fail_always(operation, ErrorKind::StorageFull);
        log.add(&format!("while {operation:?} fails"));
        (2..10).for_each(|second| guard.beat(&local(&disk), at(second)));
        disk.heal();
        guard.beat(&local(&disk), at(10));
    }
    let text = text(&disk);
    assert_eq!(text.matches("one\n").count(), 1, "{text}");
    for line in ["while Append fails\n", "while Create fails\n"] {
        assert_eq!(text.matches(line).count(), 1, "{text}");
    }
    assert!(files(&disk).len() <= 3, "{:?}", files(&disk));
}

/// The number of warnings.
#[derive(Clone, Default)]
struct Warnings(Arc<AtomicUsize>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::WARN
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if event.metadata().target().ends_with("log_writer") {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn a_refusing_disk_is_warned_of_once_per_outage() {
    let disk = MemoryDisk::default();
    let (guard, log) = unwatched(&disk, 0);
    let warnings = Warnings::default();
    // With one subscriber alone, other tests that come by a place first would decide that nobody listens there.
    let _others = [Dispatch::new(Warnings::default()), Dispatch::new(Warnings::default())];
    tracing::subscriber::with_default(warnings.clone(), || {
        for time in 1..=2 {
            disk.fail_always(Operation::Create, ErrorKind::StorageFull);
            disk.fail_always(Operation::Append, ErrorKind::StorageFull);
            log.add("what nobody can read");
            (0..5).for_each(|second| guard.beat(&local(&disk), at(time * 10 + second)));
            assert_eq!(warnings.0.load(Ordering::Relaxed) as i64, time);
            disk.heal();
            guard.beat(&local(&disk), at(time * 10 + 9));
        }
    });
    assert_eq!(text(&disk).matches("what nobody can read\n").count(), 2);
}

#[test]
fn a_log_file_that_cannot_be_written_or_removed_is_skipped() {
    let disk = MemoryDisk::default();
    let (guard, log) = unwatched(&disk, 0);
    disk.fail_next(Operation::Append, ErrorKind::StorageFull);
    disk.fail_next(Operation::Remove, ErrorKind::PermissionDenied);
    log.add("one");
    guard.beat(&local(&disk), at(1));
    guard.beat(&local(&disk), at(2));
    assert!(text(&disk).ends_with("one\n"), "{}", text(&disk));
}

#[test]
fn a_panic_is_written_down_at_once_with_what_was_logged_before() {
    let disk = MemoryDisk::default();
    let (_guard, log) = begin(&disk, 0, ProcessOptions { panics: true });
    log.add("about to divide");
    let panicked = std::thread::spawn(|| panic!("by zero, of all things")).join();
    assert!(panicked.is_err());
    let text = text(&disk);
    assert!(text.starts_with("about to divide\n"), "{text}");
    assert!(text.contains("panicked: by zero, of all things\n"), "{text}");
}

#[test]
fn logs_of_living_processes_and_the_newest_of_dead_ones_are_kept() {
    let disk = MemoryDisk::default();
    let line = "x".repeat(89);
    let (living, living_log) = unwatched(&disk, 0);
    living_log.add(&format!("living {line}"));
    living.beat(&local(&disk), at(1));
    for number in 1..=5 {
        let (dead, log) = unwatched(&disk, number * 10);
        log.add(&format!("dead {number}  {line}"));
        dead.beat(&local(&disk), at(number * 10));
    }
    let (guard, log) = unwatched(&disk, 100);
    log.add("now");
    guard.beat(&local(&disk), at(100));
    let text = text(&disk);
    let kept: Vec<&str> = text.lines().map(|line| line.split("  ").next().unwrap()).collect();
    let living = format!("living {line}");
    assert_eq!(kept, [&*living, "dead 3", "dead 4", "dead 5", "now"]);
}

#[test]
fn the_log_of_a_dead_process_is_readable_after_its_record_is_removed() {
    let disk = MemoryDisk::default();
    let (guard, log) = unwatched(&disk, 0);
    log.add("the last words");
    assert_eq!(guard.logged(at(0)).lines, "the last words\n");
    drop(guard);
    let (_next, mut dead) =
        ProcessGuard::begin(&local(&disk), "1.0", ProcessOptions { panics: false }, at(10));
    dead.iter_mut().for_each(|dead| dead.remove(&disk));
    assert_eq!(dead[0].logged(&disk).lines, "the last words\n");
}

#[test]
fn logging_continues_after_the_files_are_deleted() {
    let disk = MemoryDisk::default();
    let (guard, log) = unwatched(&disk, 0);
    log.add("one");
    guard.beat(&local(&disk), at(1));
    disk.remove_all(Path::new("state/logs"));
    log.add("two");
    guard.beat(&local(&disk), at(3));
    assert_eq!(text(&disk), "two\n");
}
