//! A lock file is deleted while the game runs, and another process takes the session over.

// Feature: One process plays a session; another waits or is refused, and a lost lock is noticed.

use std::io::ErrorKind;
use std::path::Path;

use bevy::prelude::*;
use bevy_session::checkpoints::{CheckpointError, SavingResumed, SavingStopped, StopReason};
use bevy_session::external::Operation;
use bevy_session::prelude::*;
use bevy_session::{CheckpointId, MemoryDisk, RequestError, SessionActivity, SessionId};

use crate::common::{Health, frames, game, listen, received, request, seconds, start};
#[cfg(unix)]
use crate::process::{Memory, Process};

fn listening_game(disk: &MemoryDisk) -> App {
    let mut app = game(disk);
    listen::<CheckpointSaved>(&mut app);
    listen::<CheckpointFailed>(&mut app);
    listen::<SavingStopped>(&mut app);
    listen::<SavingResumed>(&mut app);
    listen::<RequestRejected>(&mut app);
    app
}

/// Changes something, so that there is something to save.
fn play(app: &mut App, time: f32) {
    let world = app.world_mut();
    world.query::<&mut Health>().iter_mut(world).for_each(|mut health| health.0 += 1);
    seconds(app, time);
}

/// A game that has saved something, its session, and the newest checkpoint of it.
fn played_game(disk: &MemoryDisk) -> (App, SessionId, CheckpointId) {
    let mut app = listening_game(disk);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Fought for");
    play(&mut app, 6.0);
    let id = app.world().resource::<CurrentSession>().id();
    let newest = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    (app, id, newest)
}

/// Another process on the same disk that recovers the session.
fn take_over(disk: &MemoryDisk, id: SessionId) -> App {
    let mut app = listening_game(disk);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 5);
    app
}

#[test]
fn a_process_that_lost_the_lock_stops_acknowledging_and_plays_on() {
    let disk = MemoryDisk::default();
    let (mut loser, id, newest) = played_game(&disk);

    disk.remove_all(Path::new("sessions/state"));
    let mut winner = take_over(&disk, id);
    assert!(received::<CheckpointSaved>(&winner)[0].checkpoint.counter > newest.counter);

    play(&mut loser, 2.0);
    let stopped = received::<SavingStopped>(&loser);
    assert_eq!(stopped.len(), 1, "it should be said once");
    assert_eq!((stopped[0].session, stopped[0].reason), (Some(id), StopReason::LockLost));
    assert!(received::<CheckpointFailed>(&loser).is_empty(), "nothing was on its way");

    request(&mut loser, |commands| commands.session().checkpoint("in vain"));
    play(&mut loser, 60.0);
    let failed = received::<CheckpointFailed>(&loser);
    assert_eq!(failed.len(), 1, "only what is asked for is tried: {failed:?}");
    assert_eq!(failed[0].error, CheckpointError::LockLost);
    assert_eq!(received::<CheckpointSaved>(&loser).pop().unwrap().checkpoint, newest);
    assert!(!loser.world().resource::<SessionActivity>().is_saving());

    play(&mut winner, 6.0);
    let saved = received::<CheckpointSaved>(&winner).len();
    drop(winner);
    play(&mut loser, 200.0);
    assert!(
        received::<SavingResumed>(&loser).is_empty(),
        "the other one saved {saved} checkpoints"
    );
    assert_eq!(received::<SavingStopped>(&loser).len(), 1);

    // Nor does a rewind take the place of what the other one saved.
    request(&mut loser, |commands| commands.session().recover(id, RestoreFrom::Latest));
    play(&mut loser, 6.0);
    let rejected = received::<RequestRejected>(&loser);
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].error, RequestError::SessionInUse);
    assert_eq!(received::<CheckpointSaved>(&loser).pop().unwrap().checkpoint, newest);
}

#[test]
fn a_look_at_the_lock_that_failed_is_made_again_before_anything_is_acknowledged() {
    let disk = MemoryDisk::default();
    let (mut loser, id, newest) = played_game(&disk);

    disk.remove_all(Path::new("sessions/state"));
    disk.fail_always(Operation::Lock, ErrorKind::StorageFull);
    play(&mut loser, 1.5);
    disk.heal();
    let winner = take_over(&disk, id);
    assert!(!received::<CheckpointSaved>(&winner).is_empty());
    drop(winner);

    play(&mut loser, 12.0);
    assert_eq!(received::<SavingStopped>(&loser).len(), 1);
    assert_eq!(received::<CheckpointSaved>(&loser).pop().unwrap().checkpoint, newest);
}

#[test]
fn a_deleted_state_directory_costs_nothing_without_another_process() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Alone");
    disk.remove_all(Path::new("sessions/state"));
    play(&mut app, 6.0);
    play(&mut app, 6.0);
    assert!(received::<CheckpointSaved>(&app).len() >= 2);
    assert!(
        received::<SavingStopped>(&app).is_empty() && received::<CheckpointFailed>(&app).is_empty()
    );
}

#[test]
fn a_session_that_was_lost_can_still_be_left() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    listen::<SessionClosed>(&mut app);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Left");
    let id = app.world().resource::<CurrentSession>().id();
    disk.remove_all(Path::new("sessions/state"));
    let mut winner = take_over(&disk, id);
    play(&mut app, 2.0);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 5);
    let closed = received::<SessionClosed>(&app);
    assert_eq!(closed.iter().map(|closed| closed.complete).collect::<Vec<_>>(), [false]);
    play(&mut winner, 6.0);
    assert!(received::<CheckpointFailed>(&winner).is_empty());
}

/// The one is stopped while the other takes over, and then goes on.
#[cfg(unix)]
#[test]
fn a_paused_process_that_lost_the_lock_reports_it_and_nothing_is_lost() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("go"), "").unwrap();
    let begin = |role| Process::start("fight::child", role, directory.path());
    let mut memory = Memory::default();
    let mut loser = begin("begin");
    (0..5).for_each(|_| drop(loser.wait_for(&["saved"])));
    loser.stop();
    std::fs::remove_dir_all(directory.path().join("state")).unwrap();

    let mut winner = begin("recover");
    winner.wait_for(&["saved"]);
    loser.go_on();
    assert_eq!(loser.wait_for(&["stopped", "resumed"]), "stopped LockLost");
    (0..5).for_each(|_| drop(winner.wait_for(&["saved"])));
    let story = loser.kill();
    assert_eq!(story.of("resumed").count(), 0, "{story:?}");
    let mut after = story.lines.iter().skip_while(|line| !line.starts_with("stopped"));
    assert!(!after.any(|line| line.starts_with("saved")), "{story:?}");
    memory.listen(&story);

    memory.listen(&winner.kill());
    let mut last = begin("recover");
    last.wait_for(&["restored"]);
    memory.listen(&last.kill());
}
