//! The errors that a program gets when the disk, its own code or another process is in the way.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use bevy_session_journal::{
    CheckpointError, Event, JournalError, JournalOptions, MemoryDisk, NewSession, Operation,
    RestoreFrom, Scope, StopReason,
};

use crate::notes::{
    Machine, Notes, PANICS, UNWRITABLE, capture, checkpoint, events, saved, start, texts,
};

#[test]
fn a_disk_that_refuses_is_tried_again() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let mut run = journal.start(NewSession::named("Notes"));
    machine.disk.fail_always(Operation::Append, ErrorKind::StorageFull);
    checkpoint(&mut run, Scope::Everything, &["one"]);
    let events = events(&mut run);
    let Some(Event::Failed { error, retry_in: Some(wait), .. }) = events.first() else {
        panic!("the failure should be reported: {events:?}");
    };
    assert!(matches!(error, CheckpointError::Disk(_)), "{error}");
    checkpoint(&mut run, Scope::Changes, &["one", "two"]);
    machine.disk.heal();
    machine.clock.advance(*wait + Duration::from_secs(1));
    assert_eq!(saved(&mut run).id.counter, 2, "what piled up is merged");
    drop(run);
    drop(journal);
    let session = machine.open().detect().unwrap()[0].session;
    let mut journal = machine.open();
    let restored = journal.restore(session, RestoreFrom::Latest).unwrap();
    assert_eq!(restored.image().texts, texts(&["one", "two"]));
}

#[test]
fn after_checkpoints_were_lost_the_next_one_contains_everything() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let mut run = journal.start(NewSession::named("Notes"));
    assert!(run.needs_full(), "the first capture of a run contains everything");
    checkpoint(&mut run, Scope::Everything, &["one"]);
    saved(&mut run);
    assert!(!run.needs_full());
    // By hand, or by a program that cleans up.
    machine.disk.remove_all(Path::new("notes/data"));
    checkpoint(&mut run, Scope::Changes, &["two"]);
    let events = events(&mut run);
    let is_loss = |event: &Event| {
        matches!(event, Event::Failed { error: CheckpointError::StoreVanished, retry_in: None, .. })
    };
    assert!(events.iter().any(is_loss), "{events:?}");
    assert!(run.needs_full());
    checkpoint(&mut run, Scope::Everything, &["one", "two"]);
    saved(&mut run);
}

#[test]
fn a_value_that_cannot_be_written_is_left_out() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let mut run = start(&mut journal, &["one", "two"]);
    let session = run.session();
    checkpoint(&mut run, Scope::Changes, &["1", UNWRITABLE]);
    saved(&mut run);
    let (after, full) = (machine.after_a_kill(), run.needs_full());
    let mut journal = after.open();
    let restored = journal.restore(session, RestoreFrom::Latest).unwrap();
    assert_eq!(restored.image().texts, texts(&["1", "two"]), "it stays as it was");
    assert!(full, "the next one should contain everything");
}

#[test]
fn an_end_that_is_not_on_disk_is_reported() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let run = start(&mut journal, &["one"]);
    let session = run.session();
    machine.disk.remove_all(Path::new("notes/data"));
    let failed = run.close(|_| capture(&["two"])).unwrap_err();
    let cause = Some(CheckpointError::StoreVanished);
    assert_eq!(failed, JournalError::NotSaved { cause });
    // The journal continues, if the program does.
    let refused = journal.restore(session, RestoreFrom::Latest).unwrap_err();
    assert!(matches!(refused, JournalError::Refused(_)), "{refused:?}");
    let run = journal.start(NewSession::named("Another"));
    assert!(run.close(|_| capture(&["three"])).is_ok());
}

#[test]
fn closing_on_a_refusing_disk_ends_after_the_patience() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let run = start(&mut journal, &["one"]);
    machine.disk.fail_always(Operation::Append, ErrorKind::StorageFull);
    let given_up = JournalError::NoAnswer { patience: Duration::from_secs(20) };
    assert_eq!(run.close(|_| capture(&["two"])).unwrap_err(), given_up);
    assert_eq!(journal.detect().unwrap_err(), given_up, "what comes later is no answer to this");
    drop(journal);
    machine.disk.heal();
    assert!(machine.open().detect().unwrap()[0].restore_from().is_some());
}

#[test]
fn a_damaged_checkpoint_is_replaced_by_the_one_before() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let mut run = journal.start(NewSession::named("Notes"));
    let session = run.session();
    checkpoint(&mut run, Scope::Everything, &["one"]);
    let first = saved(&mut run);
    let path = machine.disk.paths().into_iter().find(|path| is_segment(path)).unwrap();
    let length = machine.disk.content(&path).unwrap().len();
    checkpoint(&mut run, Scope::Changes, &["two"]);
    let second = saved(&mut run);
    let after = machine.after_a_kill();
    after.disk.corrupt(&path, length + 60, 0xff);
    let mut journal = after.open();
    let found = journal.detect().unwrap();
    let corruption = found[0].corruption.as_ref().unwrap();
    assert_eq!((corruption.lost, corruption.newest_intact), (Some(second.id), Some(first.id)));
    let restored = journal.restore(session, found[0].restore_from().unwrap()).unwrap();
    assert_eq!(restored.checkpoint(), first.id);
}

fn is_segment(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "journal")
}

#[test]
fn a_session_that_another_process_took_over_is_not_written() {
    let machine = Machine::new();
    let mut journal = machine.open();
    let mut run = start(&mut journal, &["one"]);
    let session = run.session();
    // Without its lock file, another process can resume the session.
    machine.disk.remove_all(Path::new("notes/state"));
    let mut other = machine.open();
    let (_, mut taken) = other.restore(session, RestoreFrom::Latest).unwrap().go_on();
    checkpoint(&mut taken, Scope::Everything, &["theirs"]);
    saved(&mut taken);
    checkpoint(&mut run, Scope::Changes, &["ours"]);
    let events = events(&mut run);
    let stopped = |event: &Event| matches!(event, Event::Stopped(StopReason::LockLost));
    assert!(events.iter().any(stopped), "{events:?}");
    let failed = run.close(|_| capture(&["ours"])).unwrap_err();
    let cause = Some(CheckpointError::LockLost);
    assert_eq!(failed, JournalError::NotSaved { cause });
}

#[test]
fn a_codec_that_panics_ends_the_writer_and_nothing_else() {
    let options = JournalOptions::new("notes").in_memory(&MemoryDisk::default());
    let mut journal = options.watch_panics(false).open(Notes::current()).unwrap();
    let mut run = journal.start(NewSession::named("Notes"));
    checkpoint(&mut run, Scope::Everything, &[PANICS]);
    let event = std::iter::repeat_with(|| run.poll()).flatten().next();
    assert!(matches!(event, Some(Event::Stopped(StopReason::WriterLost))), "{event:?}");
    assert_eq!(run.close(|_| capture(&[])).unwrap_err(), JournalError::WriterGone);
    assert_eq!(journal.detect().unwrap_err(), JournalError::WriterGone);
}
