//! A segment never gets longer than the format allows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::housekeeping::PruneFor;
use super::{RunIdentity, RunJournal};
use crate::disk::process::{ProcessGuard, ProcessOptions};
use crate::disk::simulated_disk::SimulatedDisk;
use crate::disk::{
    DirectoryStore, Disk, Layout, LocalStore, MemoryDisk, Operation, SessionLock, StoredSession,
};
use crate::format::sample::{at, commit, header, noise, session, values};
use crate::format::{GroupPacker, Lineage, Packer, Record};
use crate::model::clock::Moment;
use crate::model::ids::{RunId, SaveId, limits};
use crate::model::session::{CheckpointError, Leaving, SessionStatus, StopReason};
use crate::write::hold::Hold;
use crate::write::pending::PendingCheckpoint;
use crate::write::retention::Quota;
use crate::write::{Leave, News};

/// The largest size of a segment in tests.
const LIMIT: usize = 2 << 20;
pub const NOW: Moment = Moment { elapsed: Duration::ZERO, wall: Timestamp::UNIX_EPOCH };
const LATER: Moment = Moment { elapsed: Duration::from_secs(1_000), wall: Timestamp::UNIX_EPOCH };

pub fn journal(disk: &(impl Disk + Clone + 'static)) -> RunJournal {
    let layout =
        Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
    let local = Arc::new(LocalStore::new(Arc::new(disk.clone()), layout));
    let options = ProcessOptions { panics: false };
    let (process, _) = ProcessGuard::begin(&local, "1.0", options, NOW.wall);
    let identity = RunIdentity {
        metadata: header(1, 0).metadata,
        run: RunId(1),
        lineage: Lineage::default(),
        begun: None,
        game_version: "1.0".to_owned(),
        schema: 5,
        unknown_frames: Vec::new(),
        records_events: false,
    };
    let hold: Hold = None::<SessionLock>.into();
    RunJournal::new(local, process, identity, hold, Quota::default(), NOW)
}

/// A checkpoint of one value.
pub fn checkpoint(counter: u64, base: Option<u64>, bytes: usize) -> PendingCheckpoint {
    let value = noise(bytes, counter);
    let mut packer = Packer::default();
    let mut packing = GroupPacker::new(&mut packer, counter);
    packing.push(&values("game::Map", &[(2, &*value)]));
    PendingCheckpoint {
        group: packing.finish().map_err(Arc::new),
        commit: commit(counter, base),
        handed_over: Instant::now(),
        stays: false,
    }
}

/// Writes what is pending, and does a slice of what can wait.
pub fn turn(journal: &mut RunJournal, now: Moment, reports: &mut Vec<News>) {
    journal.turn(now, reports);
    journal.work_in_between(now, reports);
}

pub fn save(journal: &mut RunJournal, checkpoint: PendingCheckpoint) -> Vec<News> {
    let mut reports = Vec::new();
    journal.checkpoint(checkpoint, &mut reports);
    turn(journal, NOW, &mut reports);
    reports
}

fn stored(disk: &(impl Disk + Clone + 'static)) -> StoredSession {
    let layout =
        Layout { data: "data".into(), state: "state".into(), profile: "default".to_owned() };
    DirectoryStore::new(Arc::new(disk.clone()), layout).open_session(session()).unwrap()
}

#[test]
fn a_segment_that_would_get_too_long_is_followed_by_another() {
    let disk = MemoryDisk::default();
    let mut journal = journal(&disk);
    for counter in 1..=9 {
        let base = (counter > 1).then(|| counter - 1);
        let reports = save(&mut journal, checkpoint(counter, base, LIMIT / 4));
        let [News::Saved(saved)] = &reports[..] else { panic!("{counter} should be saved") };
        assert_eq!(saved.id, at(1, counter));
    }
    let stored = stored(&disk);
    assert!(stored.segments().len() >= 3, "{}", stored.segments().len());
    let lengths = (0..stored.segments().len()).map(|number| stored.segment_bytes(number));
    assert!(lengths.clone().all(|length| length <= LIMIT as u64), "{:?}", Vec::from_iter(lengths));
    assert_eq!(stored.problems(), []);
    for counter in 1..=9 {
        let plan = stored.index().plan(at(1, counter)).unwrap();
        let blocks: Vec<_> = stored.blocks(&plan).unwrap().map(Result::unwrap).collect();
        assert_eq!(blocks[0].ids(), [SaveId(2)]);
        assert!(blocks[0].value(0) == Some(&*noise(LIMIT / 4, counter)), "{counter}");
    }
}

#[test]
fn a_checkpoint_over_the_limit_is_refused_and_the_next_is_saved() {
    let disk = MemoryDisk::default();
    let mut journal = journal(&disk);
    let is_refused = |reports: &[News]| {
        let too_large = |report: &News| {
            let News::Failed { error, retry_in, .. } = report else { return false };
            matches!(error, CheckpointError::TooLarge { .. }) && retry_in.is_none()
        };
        let needs_full = |report: &News| matches!(report, News::NeedFull);
        reports.iter().any(too_large) && reports.iter().any(needs_full)
    };
    let is_saved = |reports: &[News]| matches!(reports, [News::Saved(_)]);
    assert!(is_refused(&save(&mut journal, checkpoint(1, None, LIMIT + 1))));
    let segments = |disk: &MemoryDisk| {
        let paths = disk.paths().into_iter();
        paths.filter(|path| path.extension().is_some_and(|it| it == "journal")).count()
    };
    assert_eq!(segments(&disk), 0, "what was begun of it is of no use");
    assert!(is_saved(&save(&mut journal, checkpoint(2, None, 100))));
    assert!(is_refused(&save(&mut journal, checkpoint(3, Some(2), LIMIT + 1))));
    assert!(is_saved(&save(&mut journal, checkpoint(4, None, 100))));
    let stored = stored(&disk);
    let saved: Vec<u64> = stored.index().line(at(1, 4)).iter().map(|id| id.counter).collect();
    assert_eq!(saved, [4, 2]);
}

#[test]
fn a_checkpoint_whose_commit_cannot_be_written_leaves_no_gap() {
    let disk = MemoryDisk::default();
    let mut journal = journal(&disk);
    assert!(matches!(&save(&mut journal, checkpoint(1, None, 100))[..], [News::Saved(_)]));
    let mut refused = checkpoint(2, Some(1), 100);
    refused.commit.label = Some("long".repeat(limits::STRING_BYTES));
    let reports = save(&mut journal, refused);
    let [News::NeedFull, News::Failed { error: CheckpointError::TooLarge(_), .. }] = &reports[..]
    else {
        panic!("{reports:?}");
    };
    let (time, play_time) = (NOW.wall, Duration::ZERO);
    journal.record(Record::Status { status: SessionStatus::Paused, time, play_time });
    assert!(matches!(&save(&mut journal, checkpoint(3, Some(1), 100))[..], [News::Saved(_)]));
    let stored = stored(&disk);
    for segment in stored.segments() {
        let damage = segment.scan().unwrap().damage;
        assert!(damage.is_empty(), "{damage:?}");
    }
}

#[test]
fn an_exit_whose_last_checkpoint_cannot_be_written_is_incomplete() {
    let disk = MemoryDisk::default();
    let mut journal = journal(&disk);
    save(&mut journal, checkpoint(1, None, 100));
    let mut reports = Vec::new();
    journal.checkpoint(checkpoint(2, Some(1), LIMIT + 1), &mut reports);
    assert!(reports.is_empty(), "what comes of it depends on what the run is about to do");
    let (time, play_time) = (NOW.wall, Duration::ZERO);
    let (status, leaving) = (SessionStatus::Closed, Leaving::default());
    journal.leave(Leave { status, reason: None, leaving, time, play_time }, NOW);
    // The first turn gives the checkpoint up, and the second writes the end.
    turn(&mut journal, NOW, &mut reports);
    turn(&mut journal, NOW, &mut reports);
    assert!(reports.iter().any(|report| matches!(report, News::Failed { .. })), "{reports:?}");
    assert!(!journal.has_left(NOW).expect("it has left").complete);
}

#[test]
fn a_checkpoint_that_cannot_be_written_takes_nothing_along_that_waits_beside_it() {
    let named = |counter, base, bytes| {
        let mut checkpoint = checkpoint(counter, base, bytes);
        checkpoint.commit.label = Some(format!("checkpoint {counter}"));
        checkpoint
    };
    let too_large = limits::VALUE_BYTES + 1;
    let disk = MemoryDisk::default();
    let mut journal = journal(&disk);
    save(&mut journal, checkpoint(1, None, 100));
    let mut reports = Vec::new();
    journal.checkpoint(named(2, Some(1), 100), &mut reports);
    journal.checkpoint(named(3, Some(2), too_large), &mut reports);
    journal.checkpoint(named(4, Some(3), 100), &mut reports);
    journal.checkpoint(named(5, None, 100), &mut reports);
    turn(&mut journal, NOW, &mut reports);
    turn(&mut journal, NOW, &mut reports);
    let saved = reports.iter().filter_map(|report| match report {
        News::Saved(saved) => Some(saved.id.counter),
        _ => None,
    });
    assert_eq!(saved.collect::<Vec<_>>(), [2, 5]);
    let failed = reports.iter().filter_map(|report| match report {
        News::Failed { checkpoint, .. } => Some(checkpoint.counter),
        _ => None,
    });
    // The fourth builds on the third, and goes with it.
    assert_eq!(failed.collect::<Vec<_>>(), [4]);
}

/// A run before has left this number of files, each with a snapshot.
fn leave_files(store: &DirectoryStore, count: u32) {
    for number in 0..count {
        let created = store.create_segment(&header(9, number)).unwrap();
        let (mut file, mut encoder) = (created.file, created.encoder);
        let block = values("game::Map", &[(2, b"old")]);
        let commit = commit(u64::from(number) + 1, None);
        encoder.encode_group([block], &commit, &mut |bytes| file.append(bytes)).unwrap();
        file.sync().unwrap();
    }
}

/// A checkpoint waits for one slice at most.
#[test]
fn pruning_merging_and_timelines_open_one_file_in_a_slice() {
    let disk = SimulatedDisk::default();
    let mut journal = journal(&disk);
    leave_files(&journal.local.store, 30);
    let (mut opened, mut timelines) = (Vec::new(), Vec::new());
    let mut turn_once = |journal: &mut RunJournal, saves: bool| {
        let opens = || disk.operations().iter().filter(|it| **it == Operation::Open).count();
        let before = opens();
        turn(journal, NOW, &mut Vec::new());
        let in_between = opens();
        // With a checkpoint in each turn it would open all of them at once.
        if !saves {
            timelines.extend(journal.read_timeline());
        }
        opened.extend([in_between - before, opens() - in_between]);
    };
    for counter in 1..=9 {
        let base = (counter > 1).then(|| counter - 1);
        journal.checkpoint(checkpoint(counter, base, 100), &mut Vec::new());
        turn_once(&mut journal, true);
    }
    let is_pruned_first = journal.has_to_prune();
    while journal.wake(NOW) == Some(Duration::ZERO)
        || journal.has_upkeep()
        || journal.has_to_rotate(NOW)
    {
        turn_once(&mut journal, false);
    }
    assert!(is_pruned_first && journal.segments.begun() == 2, "it should be pruned and merged");
    let files = stored(&disk).segments().len();
    assert!(files < 30, "{files} files are left of 31");
    let Some(News::Timeline { timeline, .. }) = timelines.pop() else { panic!("no timeline") };
    let own = timeline.checkpoints.iter().filter(|checkpoint| checkpoint.id.run == RunId(1));
    assert_eq!(own.count(), 9);
    assert!(opened.iter().sum::<usize>() > 70, "pruning and the timeline open all: {opened:?}");
    assert_eq!(opened.iter().max(), Some(&1), "{opened:?}");
}

/// A slow machine, or an interval of a few milliseconds, has the next checkpoint there whenever one is written.
#[test]
fn pruning_and_merging_happen_between_back_to_back_checkpoints() {
    let disk = MemoryDisk::default();
    let mut journal = journal(&disk);
    leave_files(&journal.local.store, 30);
    for counter in 1..=1_000 {
        let base = (counter > 1).then(|| counter - 1);
        assert!(matches!(
            &save(&mut journal, checkpoint(counter, base, 100))[..],
            [News::Saved(_)]
        ));
    }
    assert!(journal.segments.begun() > 2, "nothing was merged");
    let files = stored(&disk).segments().len();
    assert!(files < 30, "nothing was pruned: {files} files");
}

/// The lock is a file, and it is deleted between two heartbeats: another process has the session from then on.
#[test]
fn a_session_that_another_process_has_is_neither_pruned_nor_merged() {
    let due: [fn(&mut RunJournal); 2] = [
        |journal| journal.housekeeping.prune(PruneFor::Quota),
        |journal| assert!(journal.has_to_rotate(LATER), "a merge should be due"),
    ];
    for make_due in due {
        let disk = MemoryDisk::default();
        let mut journal = journal(&disk);
        let store = journal.local.store.clone();
        journal.hold = store.lock_session(session()).unwrap().into();
        for counter in 1..=3 {
            let base = (counter > 1).then(|| counter - 1);
            journal.housekeeping.take_due();
            save(&mut journal, checkpoint(counter, base, 100));
        }
        journal.housekeeping.take_due();
        disk.remove(&store.layout().lock(session())).unwrap();
        let _other = store.lock_session(session()).unwrap().expect("the new file isn't locked");
        make_due(&mut journal);
        let paths = disk.paths();
        let mut reports = Vec::new();
        turn(&mut journal, LATER, &mut reports);
        assert!(journal.is_lost() && disk.paths() == paths);
        let stopped = |news: &News| matches!(news, News::SavingStopped(StopReason::LockLost));
        assert!(reports.iter().any(stopped), "{reports:?}");
    }
}
