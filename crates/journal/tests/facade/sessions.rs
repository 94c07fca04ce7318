//! The life of sessions: saved, killed, found, restored, closed, ended, filed.

// Feature: Programs without an engine save with the journal alone.
// Page: ARCHITECTURE.md#rooms

use std::time::{Duration, Instant};

use bevy_session_journal::{
    CheckpointKind, EndReason, Event, HowItEnded, JournalError, JournalOptions, MemoryDisk,
    NewSession, RequestError, RestoreFrom, SaveId, Scope, SessionStatus,
};

use crate::notes::{Machine, Notes, capture, checkpoint, saved, start, texts};

const KILLED: HowItEnded = HowItEnded::Abnormal { machine_restarted: false };

#[test]
fn saved_checkpoints_are_restored_after_a_kill_or_an_exit() {
    let machine = Machine::new();
    let mut journal = machine.open();
    assert!(journal.last_run().is_none(), "no process was before this one");
    assert!(journal.detect().unwrap().is_empty());
    let mut run = journal.start(NewSession::named("Notes").field("chapter", &1).unwrap());
    let session = run.session();
    checkpoint(&mut run, Scope::Everything, &["one", "two"]);
    let opening = saved(&mut run);
    assert_eq!((opening.kind, opening.id.counter), (CheckpointKind::Opening, 1));
    machine.clock.advance(Duration::from_secs(3));
    run.set_field("chapter", &2).unwrap();
    checkpoint(&mut run, Scope::Changes, &["one", "2"]);
    let second = saved(&mut run);
    checkpoint(&mut run, Scope::Changes, &["never written"]);

    let after = machine.after_a_kill();
    let mut journal = after.open();
    assert_eq!(journal.last_run().map(|last| &last.ended), Some(&KILLED));
    let found = journal.detect().unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].session, session);
    assert_eq!(found[0].offers[0].newest, second.id);
    let from = found[0].restore_from().unwrap();
    let restored = journal.restore(session, from).unwrap();
    assert_eq!(restored.session().name, "Notes");
    assert_eq!((restored.checkpoint(), restored.play_time()), (second.id, Duration::from_secs(3)));
    assert_eq!(restored.fields().get("chapter"), Some(2));
    assert_eq!(restored.next_id(), SaveId(4));
    let (image, mut run) = restored.go_on();
    assert_eq!(image.texts, texts(&["one", "2"]));
    assert_eq!(run.play_time(), Duration::from_secs(3));

    checkpoint(&mut run, Scope::Everything, &["one", "2", "three"]);
    assert_eq!(saved(&mut run).id.counter, 3, "numbers count on");
    let last = run.close(|_| capture(&["one"])).unwrap();
    assert_eq!((last.kind, last.id.counter), (CheckpointKind::Exit, 4));
    drop(journal);
    let mut journal = after.open();
    assert_eq!(journal.last_run().map(|last| &last.ended), Some(&HowItEnded::Exited));
    let found = journal.detect().unwrap();
    let entry = found[0].entry.as_ref().unwrap();
    assert_eq!((entry.status, entry.newest), (SessionStatus::Closed, Some(last.id)));
    assert_eq!(found[0].restore_from(), Some(RestoreFrom::Latest), "what was closed goes on");
}

#[test]
fn a_run_that_is_dropped_is_found_as_a_crash() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let run = start(&mut journal, &["one"]);
    drop(run);
    drop(journal);
    let mut journal = machine.open();
    assert_eq!(journal.last_run().map(|last| &last.ended), Some(&KILLED));
    assert!(journal.detect().unwrap()[0].entry.as_ref().unwrap().has_crashed());
}

#[test]
fn a_journal_writes_on_a_thread_of_its_own() {
    let disk = MemoryDisk::default();
    let options = JournalOptions::new("notes").in_memory(&disk).watch_panics(false);
    let mut journal = options.clone().open(Notes::current()).unwrap();
    let mut run = journal.start(NewSession::named("Notes"));
    checkpoint(&mut run, Scope::Everything, &["one"]);
    let deadline = Instant::now() + Duration::from_secs(300);
    while !matches!(run.wait(deadline).expect("it should be saved"), Event::Saved(_)) {}
    let session = run.session();
    run.close(|_| capture(&["two"])).unwrap();
    let (image, run) = journal.restore(session, RestoreFrom::Latest).unwrap().go_on();
    assert_eq!(image.texts, texts(&["two"]));
    run.end(EndReason::Completed, |_| capture(&["three"])).unwrap();
    let found = journal.detect().unwrap();
    assert_eq!(found[0].entry.as_ref().unwrap().status, SessionStatus::Completed);
    assert_eq!(found[0].restore_from(), None, "what has ended doesn't go on");
}

#[test]
fn a_session_is_played_by_one_process_at_a_time() {
    let machine = Machine::new();
    let mut one = machine.open();
    let run = start(&mut one, &["one"]);
    let session = run.session();
    let mut other = machine.open();
    let found = other.detect().unwrap();
    assert!(found[0].entry.as_ref().unwrap().in_use);
    assert_eq!(found[0].restore_from(), None);
    let refused = other.restore(session, RestoreFrom::Latest).unwrap_err();
    assert_eq!(refused, JournalError::Refused(RequestError::SessionInUse));
    run.close(|_| capture(&["one"])).unwrap();
    assert!(other.restore(session, RestoreFrom::Latest).is_ok());
}

#[test]
fn dropping_a_restored_session_releases_its_lock() {
    let machine = Machine::new();
    let mut one = machine.open();
    let run = one.start(NewSession::named("Notes"));
    let session = run.session();
    run.close(|_| capture(&["one"])).unwrap();
    let mut other = machine.open();
    let restored = one.restore(session, RestoreFrom::Latest).unwrap();
    assert!(other.restore(session, RestoreFrom::Latest).is_err(), "its lock is held");
    drop(restored);
    assert!(other.restore(session, RestoreFrom::Latest).is_ok());
}

#[test]
fn the_session_that_was_written_last_comes_first() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let mut sessions = Vec::new();
    for name in ["first", "second"] {
        machine.clock.advance(Duration::from_secs(1));
        let run = journal.start(NewSession::named(name));
        sessions.push(run.session());
        run.close(|_| capture(&[name])).unwrap();
    }
    machine.clock.advance(Duration::from_secs(1));
    let (_, run) = journal.restore(sessions[0], RestoreFrom::Latest).unwrap().go_on();
    run.close(|_| capture(&["again"])).unwrap();
    let mut listed =
        || -> Vec<_> { journal.detect().unwrap().into_iter().map(|found| found.session).collect() };
    assert_eq!(listed(), sessions);
    assert_eq!(listed(), sessions, "a second look finds as much");
}

#[test]
fn sessions_are_declined_and_forgotten() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let run = start(&mut journal, &["one"]);
    let session = run.session();
    drop(run);
    drop(journal);
    let mut journal = machine.open();
    assert!(journal.detect().unwrap()[0].restore_from().is_some());
    journal.decline(session).unwrap();
    let found = journal.detect().unwrap();
    assert!(found[0].entry.as_ref().unwrap().declined);
    assert_eq!(found[0].restore_from(), None);
    journal.forget(session).unwrap();
    assert!(journal.detect().unwrap().is_empty());
    let gone = journal.restore(session, RestoreFrom::Latest).unwrap_err();
    assert_eq!(gone, JournalError::Refused(RequestError::UnknownSession));
}

#[test]
fn a_named_checkpoint_can_be_gone_back_to() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let mut run = journal.start(NewSession::named("Notes"));
    let session = run.session();
    let named = run.named_checkpoint("before", |_| capture(&["one"])).unwrap();
    let too_long = run.named_checkpoint("x".repeat(5_000), |_| capture(&[]));
    assert_eq!(too_long, Err(RequestError::TextTooLong { bytes: 5_000, limit: 4_096 }));
    run.close(|_| capture(&["two"])).unwrap();
    let restored = journal.restore(session, RestoreFrom::Checkpoint(named)).unwrap();
    assert_eq!(restored.image().texts, texts(&["one"]));
    let unknown = bevy_session_journal::CheckpointId { counter: 99, ..named };
    drop(restored);
    let refused = journal.restore(session, RestoreFrom::Checkpoint(unknown)).unwrap_err();
    assert_eq!(refused, JournalError::Refused(RequestError::UnknownCheckpoint));
}
