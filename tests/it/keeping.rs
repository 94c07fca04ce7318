//! Sessions that are deleted, archived and brought back.

// Feature: A deleted session is in the trash, and can be brought back.
// Page: guide/keeping.md#the-trash

use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session::library::{Archived, SessionMoved, SessionPurged, ShelfPlace};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RequestError, SessionId, SessionStatus, Ticket};

use crate::common::*;

const DAY: u64 = 24 * 60 * 60;

fn listening_game(disk: &MemoryDisk) -> App {
    listening_game_on(disk, 0)
}

/// A game that is started so many days after the first one.
fn listening_game_on(disk: &MemoryDisk, day: u64) -> App {
    let began: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let began = began + std::time::Duration::from_secs(day * DAY);
    let mut app = game_with(plugin(disk).clock_from(began), |app| {
        listen::<SessionMoved>(app);
        listen::<SessionPurged>(app);
        listen::<RequestRejected>(app);
        listen::<RecoveryAvailable>(app);
        listen::<SessionRestored>(app);
    });
    frames(&mut app, 2);
    app
}

/// Plays a session of this name and closes it.
fn play(app: &mut App, name: &str) -> SessionId {
    app.world_mut().spawn(Health(7));
    start(app, name);
    let id = app.world().resource::<CurrentSession>().id();
    seconds(app, 2.0);
    request(app, |commands| commands.session().close(LeaveCause::Player));
    frames(app, 3);
    id
}

fn place(app: &App, id: SessionId) -> ShelfPlace {
    app.world().resource::<SessionCatalog>().get(id).unwrap().session.place
}

fn last_move(app: &App) -> (SessionId, ShelfPlace, ShelfPlace) {
    let moved = received::<SessionMoved>(app).pop().expect("it should be told");
    (moved.session, moved.from, moved.to)
}

fn last_refusal(app: &App) -> RequestError {
    received::<RequestRejected>(app).pop().expect("it should be told").error
}

fn files(disk: &MemoryDisk, id: SessionId) -> Vec<PathBuf> {
    let directory = Path::new("sessions/data/profiles/default/sessions").join(id.to_string());
    let is_card =
        |path: &PathBuf| path.ends_with("session.ron") || path.ends_with("session.manifest");
    let files = disk.paths().into_iter().filter(|path| path.starts_with(&directory));
    files.filter(|path| !is_card(path)).collect()
}

#[test]
fn a_deleted_session_is_in_the_trash_and_can_be_undeleted() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let id = play(&mut app, "Spring");
    request(&mut app, |commands| commands.session().library().delete(id));
    frames(&mut app, 3);
    let (moved, from, to) = last_move(&app);
    assert_eq!((moved, from), (id, ShelfPlace::Open));
    assert!(to.is_in_trash() && place(&app, id) == to);
    assert!(app.world().resource::<SessionCatalog>().newest_to_continue().is_none());
    drop(app);

    let mut app = listening_game(&disk);
    assert_eq!(place(&app, id), to);
    request(&mut app, |commands| commands.session().library().undelete(id));
    frames(&mut app, 3);
    assert_eq!(last_move(&app), (id, to, ShelfPlace::Open));
    assert!(app.world().resource::<SessionCatalog>().newest_to_continue().is_some());
    request(&mut app, |commands| commands.session().library().undelete(id));
    frames(&mut app, 3);
    assert_eq!(last_refusal(&app), RequestError::NotInTrash);
}

#[test]
fn resuming_a_session_brings_it_back_from_trash_and_archive() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let id = play(&mut app, "Spring");
    for put_away in [
        (|commands, id| commands.session().library().delete(id))
            as fn(&mut Commands, SessionId) -> Ticket,
        |commands, id| commands.session().library().archive(id, Archived::WithWorld),
    ] {
        request(&mut app, |commands| put_away(commands, id));
        frames(&mut app, 3);
        assert!(!place(&app, id).is_open());
        request(&mut app, |commands| commands.session().continue_session(id));
        frames(&mut app, 4);
        assert!(place(&app, id).is_open());
        assert_eq!(app.world().resource::<CurrentSession>().id(), id);
        let world = app.world_mut();
        assert_eq!(world.query::<&Health>().iter(world).count(), 1);
        request(&mut app, |commands| put_away(commands, id));
        frames(&mut app, 3);
        assert_eq!(last_refusal(&app), RequestError::SessionRunning { current: id });
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 3);
        app = listening_game(&disk);
        assert!(place(&app, id).is_open());
    }
}

#[test]
fn a_crash_in_the_trash_is_not_offered() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    app.world_mut().spawn(Health(7));
    start(&mut app, "Spring");
    let id = app.world().resource::<CurrentSession>().id();
    let disk = disk.snapshot();
    let mut app = listening_game(&disk);
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1);
    request(&mut app, |commands| commands.session().library().archive(id, Archived::WithWorld));
    frames(&mut app, 3);
    assert_eq!(last_refusal(&app), RequestError::CrashUndecided);
    request(&mut app, |commands| commands.session().library().delete(id));
    frames(&mut app, 3);
    assert!(app.world().resource::<RecoveryOffers>().is_empty());
    let mut app = listening_game(&disk.snapshot());
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 0);
    request(&mut app, |commands| commands.session().library().undelete(id));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 3);
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1);
}

#[test]
fn start_or_continue_passes_over_what_is_in_the_trash() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let id = play(&mut app, "World");
    request(&mut app, |commands| commands.session().library().delete(id));
    frames(&mut app, 3);
    request(&mut app, |commands| {
        commands.session().start_or_continue(NewSession::named("World"));
    });
    frames(&mut app, 4);
    assert_ne!(app.world().resource::<CurrentSession>().id(), id);
}

// Feature: The trash is emptied by proven time, so a wrong clock removes nothing.
// Page: guide/keeping.md#the-trash
#[test]
fn the_trash_is_emptied_after_a_month_that_a_run_has_seen() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let id = play(&mut app, "Spring");
    request(&mut app, |commands| commands.session().library().delete(id));
    frames(&mut app, 3);
    drop(app);
    for (day, is_there) in [(29, true), (40, true), (41, false)] {
        let mut app = listening_game_on(&disk, day);
        frames(&mut app, 20);
        assert!(!files(&disk, id).is_empty(), "who only looks removes nothing");
        play(&mut app, "Another");
        frames(&mut app, 20);
        assert_eq!(!files(&disk, id).is_empty(), is_there, "on day {day}");
        assert_eq!(received::<SessionPurged>(&app).len(), usize::from(!is_there));
        let listed = app.world().resource::<SessionCatalog>().get(id).is_some();
        assert_eq!(listed, is_there);
    }
}

#[test]
fn the_summary_of_a_session_can_be_all_that_is_kept() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let id = play(&mut app, "Spring");
    let before = app.world().resource::<SessionCatalog>().get(id).unwrap().clone();
    request(&mut app, |commands| commands.session().library().archive(id, Archived::SummaryOnly));
    frames(&mut app, 3);
    assert_eq!(files(&disk, id).len(), 1);
    let mut app = listening_game(&disk);
    let entry = app.world().resource::<SessionCatalog>().get(id).unwrap().clone();
    assert!(entry.session.place.is_archived() && entry.without_world && !entry.can_go_on());
    assert_eq!(entry.status, SessionStatus::Closed);
    assert_eq!((entry.play_time, entry.updated), (before.play_time, before.updated));
    assert!(entry.bytes < before.bytes || before.bytes == 0, "{entry:?}");
    request(&mut app, |commands| commands.session().continue_session(id));
    frames(&mut app, 4);
    assert_eq!(last_refusal(&app), RequestError::ArchivedWithoutWorld);
    assert!(received::<SessionRestored>(&app).is_empty());
    request(&mut app, |commands| commands.session().library().unarchive(id));
    frames(&mut app, 4);
    assert_eq!(last_refusal(&app), RequestError::ArchivedWithoutWorld);
}
