//! Starts that meet another process, or what the plugin has done by itself.

// Feature: One process plays a session; another waits or is refused, and a lost lock is noticed.

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RequestError};

use crate::common::*;

fn game_of(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), |app| {
        listen::<SessionStarted>(app);
        listen::<SessionRestored>(app);
        listen::<SessionsFound>(app);
        listen::<RequestRejected>(app);
    });
    frames(&mut app, 2);
    app
}

fn start_or_continue(app: &mut App) {
    request(app, |commands| commands.session().start_or_continue(NewSession::named("World")));
}

#[test]
fn a_start_waits_for_another_process_that_is_about_to_end() {
    let disk = MemoryDisk::default();
    let mut before = game_of(&disk);
    start(&mut before, "World");
    before.world_mut().resource_mut::<Score>().0 = 5;
    let mut app = game_of(&disk);
    start_or_continue(&mut app);
    seconds(&mut app, 1.0);
    assert!(!app.world().contains_resource::<CurrentSession>());
    request(&mut before, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut before, 3);
    seconds(&mut app, 1.0);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert_eq!(app.world().resource::<Score>().0, 5);
    assert!(received::<RequestRejected>(&app).is_empty());
    assert_eq!(received::<SessionsFound>(&app).len(), 1, "the game isn't bothered with it");
}

#[test]
fn a_start_is_rejected_after_two_seconds_if_another_process_plays() {
    let disk = MemoryDisk::default();
    let mut before = game_of(&disk);
    start(&mut before, "World");
    let mut app = game_of(&disk);
    start_or_continue(&mut app);
    seconds(&mut app, 1.5);
    assert!(received::<RequestRejected>(&app).is_empty());
    seconds(&mut app, 1.5);
    let rejected = received::<RequestRejected>(&app);
    assert_eq!(rejected.len(), 1);
    assert_eq!(rejected[0].error, RequestError::SessionInUse);
    // A second request waits again.
    start_or_continue(&mut app);
    request(&mut before, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut before, 3);
    seconds(&mut app, 1.0);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
}

#[test]
fn a_start_after_an_automatic_recovery_accepts_that_session() {
    let disk = MemoryDisk::default();
    let mut before = game_of(&disk);
    start(&mut before, "World");
    let mut app = game_with(plugin(&disk.snapshot()).recovery(RecoveryPolicy::Automatic), |app| {
        listen::<SessionRestored>(app);
        listen::<RequestRejected>(app);
    });
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    start_or_continue(&mut app);
    frames(&mut app, 3);
    assert!(received::<RequestRejected>(&app).is_empty());
    assert_eq!(app.world().resource::<CurrentSession>().name(), "World");
}
