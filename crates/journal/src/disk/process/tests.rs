//! Records of processes that come and go, on a clock that the test holds.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::disk::{Layout, LocalStore, MemoryDisk, Operation};
use crate::model::ids::{RunId, SessionId};

const UNWATCHED: ProcessOptions = ProcessOptions { panics: false };

pub(super) fn local(disk: &MemoryDisk) -> LocalStore {
    let layout =
        Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
    LocalStore::new(Arc::new(disk.clone()), layout)
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + seconds).unwrap()
}

fn begin(disk: &MemoryDisk, seconds: i64) -> (ProcessGuard, Vec<DeadProcess>) {
    ProcessGuard::begin(&local(disk), "1.0", UNWATCHED, at(seconds))
}

/// The end of the only dead process on this disk.
fn how_it_ended_on(disk: &MemoryDisk) -> HowItEnded {
    let dead = dead_processes(&local(disk));
    assert_eq!(dead.len(), 1);
    how_it_ended(&dead[0].record, &local(disk).boot)
}

const KILLED: HowItEnded = HowItEnded::Abnormal { machine_restarted: false };

#[test]
fn a_reused_process_id_does_not_count_as_the_old_process() {
    let disk = MemoryDisk::default();
    let (guard, _) = begin(&disk, 0);
    guard.hold(SessionId::random(), RunId(1));
    let after_kill = disk.snapshot();
    let (_successor, dead) = begin(&after_kill, 10);
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].record.pid, std::process::id(), "its number should be in use");
    assert_eq!(how_it_ended_on(&after_kill), KILLED);
}

#[test]
fn living_processes_are_not_listed_as_dead() {
    let disk = MemoryDisk::default();
    let (first, _) = begin(&disk, 0);
    let (second, dead) = begin(&disk, 1);
    assert!(dead.is_empty());
    second.exit_seen();
    second.beat(&local(&disk), at(2));
    drop(second);
    let (_third, dead) = begin(&disk, 3);
    assert_eq!(dead.len(), 1);
    assert_eq!(how_it_ended(&dead[0].record, &local(&disk).boot), HowItEnded::Exited);
    assert!(dead_processes(&local(&disk)).is_empty(), "it has said what it had to say");
    drop(first);
    assert_eq!(how_it_ended_on(&disk), KILLED, "the first one's record should still be there");
}

/// A debugger, a suspended machine or a `SIGSTOP` holds all threads, and any of them may be the first to run again.
#[test]
fn a_pause_of_the_whole_process_is_no_hang() {
    const PAUSE: i64 = 8 * 60 * 60;
    for writer_first in [false, true] {
        let disk = MemoryDisk::default();
        let (guard, _) = begin(&disk, 0);
        (1..=3).for_each(|second| {
            guard.frame_completed(at(second));
            guard.beat(&local(&disk), at(second));
        });
        assert_eq!(how_it_ended_on(&disk.snapshot()), KILLED, "killed while it was paused");
        if writer_first {
            guard.beat(&local(&disk), at(PAUSE));
        }
        let next_frame = at(PAUSE) + SignedDuration::from_millis(20);
        guard.frame_completed(next_frame);
        guard.beat(&local(&disk), next_frame);
        assert_eq!(how_it_ended_on(&disk.snapshot()), KILLED, "killed after the pause");
        guard.exit_seen();
        guard.beat(&local(&disk), next_frame);
        assert_eq!(how_it_ended_on(&disk.snapshot()), HowItEnded::Exited);
    }
}

#[test]
fn an_exit_seen_during_a_pause_of_the_process_is_an_exit() {
    let disk = MemoryDisk::default();
    let (guard, _) = begin(&disk, 0);
    guard.frame_completed(at(1));
    guard.beat(&local(&disk), at(1));
    // The machine goes to sleep, wakes up to shut down, and asks.
    guard.exit_seen();
    guard.beat(&local(&disk), at(3_600));
    guard.frame_completed(at(3_600));
    guard.beat(&local(&disk), at(3_600));
    assert_eq!(how_it_ended_on(&disk.snapshot()), HowItEnded::Exited);
}

#[test]
fn an_exit_is_written_down_without_the_writer() {
    let disk = MemoryDisk::default();
    let (guard, _) = begin(&disk, 0);
    guard.frame_completed(at(1));
    guard.exit_seen();
    guard.write_exit_down();
    assert_eq!(how_it_ended_on(&disk.snapshot()), HowItEnded::Exited);
    assert!(!guard.exit_is_news());
}

#[test]
fn a_process_whose_clock_was_ahead_is_not_the_last_to_die() {
    let disk = MemoryDisk::default();
    let (early, _) = begin(&disk, 365 * 24 * 60 * 60);
    early.hold(SessionId::random(), RunId(1));
    drop(early);
    let (late, _) = begin(&disk, 0);
    late.exit_seen();
    late.beat(&local(&disk), at(1));
    drop(late);
    let (_, dead) = begin(&disk, 10);
    assert_eq!(dead.len(), 2);
    let last = last_to_die(&dead).unwrap();
    assert_eq!(how_it_ended(last, &local(&disk).boot), HowItEnded::Exited);
}

#[test]
fn of_two_overlapping_processes_the_one_that_lived_longer_died_last() {
    let disk = MemoryDisk::default();
    let (long, _) = begin(&disk, 0);
    let (short, _) = begin(&disk, 1);
    short.exit_seen();
    short.beat(&local(&disk), at(2));
    long.beat(&local(&disk), at(4));
    drop((long, short));
    let (_, dead) = begin(&disk, 20);
    let last = last_to_die(&dead).unwrap();
    assert_eq!(how_it_ended(last, &local(&disk).boot), KILLED);
}

#[test]
fn an_unwritten_record_is_retried_under_the_same_lock() {
    let disk = MemoryDisk::default();
    disk.fail_always(Operation::Replace, ErrorKind::StorageFull);
    let (guard, _) = ProcessGuard::begin(&local(&disk), "1.0", UNWATCHED, at(0));
    let locks = |disk: &MemoryDisk| {
        let paths = disk.paths().into_iter();
        paths.filter(|path| path.extension().is_some_and(|it| it == "lock")).count()
    };
    (1..5).for_each(|second| guard.beat(&local(&disk), at(second)));
    assert_eq!(locks(&disk), 1, "no other one for each beat");
    disk.heal();
    guard.beat(&local(&disk), at(5));
    let is_record = |path: &PathBuf| path.extension().is_some_and(|it| it == "record");
    assert_eq!(disk.paths().iter().filter(|path| is_record(path)).count(), 1);
}
