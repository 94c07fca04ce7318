//! The requests of an hour of play, and the table of `docs/guide/buckets.md` that names them.

mod common;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bevy_session_journal::internal::disk::{Disk, Layout, LocalStore};
use bevy_session_journal::internal::format::TypeRows;
use bevy_session_journal::internal::model::clock::Moment;
use bevy_session_journal::internal::read::recovery::KnownTypes;
use bevy_session_journal::replica::{
    Keeper, KeeperOptions, Pace, Recorders, RecordingDisk, ReplicaOrder, ReplicaReport,
    ReplicaStore,
};
use bevy_session_journal::{CheckpointId, MemoryDisk, RunId, SessionId, VersionFit};
use bevy_session_objects::{Keys, ObjectReplica};
use common::FakeServer;

const HOURS: u64 = 6;
const GUIDE: &str = include_str!("../../../docs/guide/buckets.md");

struct AnyType;

impl KnownTypes for AnyType {
    fn fit(&self, _: &TypeRows<'_>) -> VersionFit {
        VersionFit::Exact
    }
}

/// Requests of an hour, by how they are priced.
#[derive(PartialEq, Debug)]
struct Asked {
    writes_and_listings: u64,
    reads: u64,
}

/// Plays for some hours, a checkpoint each second.
fn play(Pace { lease, interval }: Pace) -> Asked {
    let server = FakeServer::start();
    let url = format!("s3://saves/arena?endpoint={}", server.url());
    let keys = Keys { id: "AKIDEXAMPLE".into(), secret: "secret".into(), token: None };
    let store = ObjectReplica::s3_with_keys(&url, keys).unwrap();
    let layout = Layout {
        data: PathBuf::from("data"),
        state: PathBuf::from("state"),
        profile: "default".to_owned(),
    };
    let (session, run) = (SessionId::random(), RunId::random());
    let directory = layout.session(session);
    let (memory, recorders) = (MemoryDisk::default(), Recorders::default());
    memory.put(&directory.join("1-000000.journal"), b"begun");
    memory.put(&layout.state.join("some"), b"");
    let disk = RecordingDisk::new(Arc::new(memory.clone()), recorders.clone());
    let local = Arc::new(LocalStore::new(Arc::new(memory), layout));
    let options = KeeperOptions {
        store: Arc::new(store),
        machine: "here".to_owned(),
        lease,
        interval,
        may_lag: interval * 2,
        lock_patience: Duration::ZERO,
        erases: false,
    };
    let mut keeper = Keeper::new(options, local, recorders, Arc::new(AnyType), "game".to_owned());
    let at = |second: u64| Moment {
        elapsed: Duration::from_secs(second),
        wall: jiff::Timestamp::UNIX_EPOCH,
    };
    keeper.execute(ReplicaOrder::Begin(session), at(0));
    let mut file = disk.create_new(&directory.join("1-000001.journal")).unwrap();
    disk.sync_dir(&directory).unwrap();
    let mut newest = 0;
    for second in 1..=HOURS * 3_600 {
        file.append(&[7; 1_024]).unwrap();
        file.sync().unwrap();
        let checkpoint = CheckpointId { run, counter: second };
        keeper.execute(ReplicaOrder::Saved(session, checkpoint), at(second));
        while keeper.turn(at(second)).is_zero() {}
        for report in keeper.reports() {
            match report {
                ReplicaReport::Replicated(_, checkpoint) => newest = checkpoint.counter,
                ReplicaReport::Claimed(..) => {}
                other => panic!("{other:?} after {second} s"),
            }
        }
        let waits = second - newest;
        assert!(waits <= interval.as_secs() + 2, "{waits} s aren't replicated after {second} s");
    }
    let writes = server.requests_of("create") + server.requests_of("list");
    Asked { writes_and_listings: writes / HOURS, reads: server.requests_of("read") / HOURS }
}

/// The rows of the guide: seconds between two batches, those of the lease, both sorts of requests, and dollars of a month.
fn rows() -> Vec<(u64, u64, Asked, f64)> {
    let rows = GUIDE.lines().filter(|line| line.starts_with("| every "));
    let number = |cell: &str| {
        let digits: String =
            cell.chars().filter(|letter| letter.is_ascii_digit() || *letter == '.').collect();
        digits.parse::<f64>().unwrap()
    };
    let read = |row: &str| {
        let cells: Vec<f64> = row.trim_matches('|').split('|').map(number).collect();
        let [interval, lease, writes, reads, dollars] = cells[..] else { panic!("{row}") };
        let asked = Asked { writes_and_listings: writes as u64, reads: reads as u64 };
        (interval as u64, lease as u64, asked, dollars)
    };
    rows.map(read).collect()
}

#[test]
fn an_hour_costs_as_many_requests_as_the_guide_says() {
    let rows = rows();
    assert!(rows.len() >= 3, "the table is gone");
    let count = |(interval, lease, ..): &(u64, u64, Asked, f64)| {
        let seconds = Duration::from_secs;
        let asked = play(Pace { interval: seconds(*interval), lease: seconds(*lease) });
        // Amazon's standard storage in us-east-1: dollars for a thousand.
        let (writes, reads) = (asked.writes_and_listings as f64, asked.reads as f64);
        let month = 720.0 * (writes * 0.005 + reads * 0.0004) / 1_000.0;
        (*interval, *lease, asked, (month * 100.0).round() / 100.0)
    };
    let counted: Vec<_> = rows.iter().map(count).collect();
    assert_eq!(counted, rows);
}

#[test]
fn the_default_pace_is_in_the_table_of_the_guide() {
    let url = "s3://saves/arena?endpoint=http://127.0.0.1:1";
    let keys = Keys { id: "AKIDEXAMPLE".into(), secret: "secret".into(), token: None };
    let pace = ObjectReplica::s3_with_keys(url, keys).unwrap().pace();
    let rows = rows();
    let is_named = |(interval, lease, ..): &(u64, u64, Asked, f64)| {
        (*interval, *lease) == (pace.interval.as_secs(), pace.lease.as_secs())
    };
    assert!(rows.iter().any(is_named), "{pace:?}");
}
