//! The record of a process is kept for as long as it says something about a session.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::opening::layout;
use crate::disk::process::{ProcessGuard, ProcessOptions, dead_processes};
use crate::disk::simulated_disk::SimulatedDisk;
use crate::disk::{LocalStore, read_all};
use crate::model::ids::{RunId, SessionId};
use crate::read::recovery::SessionFinder;

#[test]
fn a_process_record_is_kept_until_all_its_sessions_are_settled() {
    let local = Arc::new(LocalStore::new(Arc::new(SimulatedDisk::default()), layout()));
    let options = ProcessOptions { panics: false };
    let (process, _) = ProcessGuard::begin(&local, "1.0", options, Timestamp::UNIX_EPOCH);
    let (first, second) = (SessionId::random(), SessionId::random());
    process.hold(first, RunId(1));
    process.hold(second, RunId(2));
    drop(process);
    let mut finder = SessionFinder::new(Arc::clone(&local), dead_processes(&local), Duration::ZERO);
    finder.settle(first);
    let dead = dead_processes(&local);
    assert_eq!(dead.len(), 1, "it is needed for the second session");
    assert!(dead[0].record.runs.iter().any(|held| held.session == second));
    finder.settle(second);
    assert!(dead_processes(&local).is_empty(), "nobody needs it any more");
}

#[test]
fn a_death_noticed_by_another_process_is_passed_on_by_the_next_start() {
    let local = Arc::new(LocalStore::new(Arc::new(SimulatedDisk::default()), layout()));
    let begin = |seconds| {
        let now = Timestamp::UNIX_EPOCH + Duration::from_secs(seconds);
        ProcessGuard::begin(&local, "1.0", ProcessOptions { panics: false }, now).0
    };
    let lobby = begin(0);
    let mut finder = SessionFinder::new(Arc::clone(&local), Vec::new(), Duration::ZERO);
    let server = begin(10);
    let died = server.id();
    drop(server);
    finder.learn_of_deaths();
    finder.learn_of_deaths();
    let next = begin(20);
    let records = read_all(&**local.store.disk(), &local.store.layout().state).unwrap();
    let mut records = records.into_iter().filter_map(|found| found.record.ok());
    let record = records.find(|record| record.process == next.id()).expect("its own");
    let deaths: Vec<_> = record.deaths.iter().map(|death| death.process).collect();
    assert_eq!(deaths, [died]);
    assert!(dead_processes(&local).is_empty(), "the start has removed its record");
    drop(lobby);
}
