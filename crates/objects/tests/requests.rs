//! The requests of an hour of play, and the table of `docs/guide/buckets.md` that names them.

// Feature: Sessions are kept in a bucket of S3 or another object storage, by conditional creates alone.

mod common;

use std::time::Duration;

use bevy_session_journal::replica::{Pace, ReplicaStore};
use bevy_session_objects::{Keys, ObjectReplica};
use common::FakeServer;
use common::machine::Machine;

const HOURS: u64 = 6;
const GUIDE: &str = include_str!("../../../docs/guide/buckets.md");

/// Requests of an hour, by how they are priced.
#[derive(PartialEq, Debug)]
struct Asked {
    writes_and_listings: u64,
    reads: u64,
}

/// Plays for some hours, a checkpoint each second.
fn play(pace: Pace) -> Asked {
    let server = FakeServer::start();
    let url = format!("s3://saves/arena?endpoint={}", server.url());
    let keys = Keys { id: "AKIDEXAMPLE".into(), secret: "secret".into(), token: None };
    let store = ObjectReplica::s3_with_keys(&url, keys).unwrap();
    let longest = pace.interval.as_secs() + 2;
    let mut machine = Machine::new(store, pace);
    for second in 1..=HOURS * 3_600 {
        let reports = machine.play();
        assert!(reports.is_empty(), "{reports:?} after {second} s");
        let waits = second - machine.replicated;
        assert!(waits <= longest, "{waits} s aren't replicated after {second} s");
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
