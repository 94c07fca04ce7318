//! The record of a process is kept for as long as it says something about a session.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::opening::layout;
use crate::disk::LocalStore;
use crate::disk::process::{ProcessGuard, ProcessOptions, dead_processes};
use crate::disk::simulated_disk::SimulatedDisk;
use crate::model::ids::{RunId, SessionId};
use crate::read::recovery::SessionFinder;

#[test]
fn a_record_stays_until_every_session_in_it_is_settled() {
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
