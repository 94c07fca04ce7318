//! Cleanups: when they come, by which rules, and what they tell.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::library::{
    Archived, CleanupChange, CleanupFinished, CleanupReason, ProfileChanged, ShelfPlace,
};
use bevy_session::prelude::*;
use bevy_session::rules::SessionRulesExt;
use bevy_session::{LeaveCause, MemoryDisk, SessionId};

use crate::common::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn listening(disk: &MemoryDisk, day: u32, add: impl FnOnce(&mut App)) -> App {
    let began: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut app = game_with(plugin(disk).clock_from(began + DAY * day), |app| {
        listen::<CleanupFinished>(app);
        listen::<ProfileChanged>(app);
        listen::<RequestRejected>(app);
        add(app);
    });
    frames(&mut app, 2);
    app
}

fn play(app: &mut App, name: &str) -> SessionId {
    app.world_mut().spawn(Health(7));
    let session = begin(app, NewSession::named(name));
    seconds(app, 2.0);
    close(app);
    frames(app, 3);
    session
}

/// A disk with a session that ended in a process that died before it could archive it.
fn ended() -> (MemoryDisk, SessionId) {
    let disk = MemoryDisk::default();
    let mut app = listening(&disk, 0, |_| {});
    app.world_mut().spawn(Health(7));
    let session = begin(&mut app, NewSession::named("Garden"));
    seconds(&mut app, 2.0);
    request(&mut app, |commands| commands.session().end(EndReason::Completed, LeaveCause::Player));
    frames(&mut app, 6);
    (disk.snapshot(), session)
}

// Feature: Sessions that ended in a process that died are archived.
// Page: guide/cleanup.md#steps
#[test]
fn a_cleanup_archives_what_ended_in_a_process_that_died() {
    let (died, session) = ended();
    let mut app = listening(&died, 1, |app| {
        app.archive_ended_sessions(Archived::WithWorld);
    });
    frames(&mut app, 20);
    assert_eq!(received::<CleanupFinished>(&app).len(), 0, "nothing is played");
    play(&mut app, "Harbour");
    frames(&mut app, 40);
    let finished = received::<CleanupFinished>(&app);
    let done = &finished.first().expect("the first one comes once something is played").outcome;
    let [cleaned] = &*done.sessions else { panic!("{done:?}") };
    assert_eq!(cleaned.session, session);
    assert_eq!((cleaned.change, cleaned.reason), (CleanupChange::Archived, CleanupReason::Ended));
    let place = entry(&app, session).session.place;
    assert!(matches!(place, ShelfPlace::Archive { .. }), "{place:?}");
    assert_eq!(received::<RequestRejected>(&app).len(), 0, "the game has made no request");
}

// Feature: A cleanup runs at the first play, every hour and on request.
// Page: guide/cleanup.md
#[test]
fn a_cleanup_runs_every_hour_of_play_and_on_request() {
    let (disk, session) = ended();
    let mut app = listening(&disk, 0, |_| {});
    long(&mut app, 7_300);
    assert_eq!(
        received::<CleanupFinished>(&app).len(),
        0,
        "nothing was played, so nothing changes"
    );
    play(&mut app, "Harbour");
    long(&mut app, 10);
    let first = received::<CleanupFinished>(&app).len();
    assert_eq!(first, 1, "it is due by the clock, and something was played");
    long(&mut app, 3_500);
    assert_eq!(received::<CleanupFinished>(&app).len(), 1);
    long(&mut app, 120);
    assert_eq!(received::<CleanupFinished>(&app).len(), 2);
    request(&mut app, |commands| commands.session().library().clean_up());
    frames(&mut app, 20);
    let asked = received::<CleanupFinished>(&app).pop().unwrap();
    assert!(asked.ticket.is_some() && asked.outcome.is_complete);
    assert_eq!(received::<RequestRejected>(&app).len(), 0);
    assert_eq!(asked.outcome.sessions, [], "without a rule nothing goes");
    assert!(entry(&app, session).session.place.is_open());
}

#[test]
fn a_cleanup_runs_after_a_change_of_profile() {
    let (disk, session) = ended();
    let mut app = listening(&disk, 1, |app| {
        app.archive_ended_sessions(Archived::WithWorld);
    });
    app.world_mut().spawn(Health(7));
    begin(&mut app, NewSession::named("Harbour"));
    // The first one has hardly begun.
    request(&mut app, |commands| commands.session().library().use_profile("guest"));
    frames(&mut app, 20);
    request(&mut app, |commands| commands.session().library().use_profile("default"));
    frames(&mut app, 20);
    assert_eq!(received::<ProfileChanged>(&app).len(), 2);
    play(&mut app, "Marsh");
    frames(&mut app, 40);
    let place = entry(&app, session).session.place;
    assert!(matches!(place, ShelfPlace::Archive { .. }), "{place:?}");
    let before = received::<CleanupFinished>(&app).len();
    long(&mut app, 3_620);
    assert!(received::<CleanupFinished>(&app).len() > before, "and the next one an hour later");
}
