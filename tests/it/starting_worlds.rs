//! Sessions whose world is that of a file.

// Feature: The world of this moment becomes a scenario, in which sessions begin.

use std::path::Path;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::chapters::NewChapter;
use bevy_session::library::{SessionExported, StartingWorld};
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReason;
use bevy_session::reports::ReportError;
use bevy_session::slots::SlotError;
use bevy_session::{MemoryDisk, RequestError, SessionId};

use crate::common::*;

const FILE: &str = "sessions/ruins.world";

fn listening_game(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), |app| {
        listen::<SessionExported>(app);
        listen::<RequestRejected>(app);
        listen::<SessionRestored>(app);
        listen::<SessionClosed>(app);
    });
    frames(&mut app, 2);
    app
}

/// A world that an author made: health 5, in a session that says much about them.
fn ruins() -> (SessionId, StartingWorld) {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    app.world_mut().spawn(Health(5));
    let new = NewSession::named("Alice's secret").player("Alice").tag("private");
    let new = new.link("see", "Alice's page").field("diary", "I am Alice").unwrap();
    request(&mut app, |commands| commands.session().start(new));
    seconds(&mut app, 20.0);
    request(&mut app, |commands| {
        commands.session().chapters().begin(NewChapter::named("Alice's chapter"));
    });
    frames(&mut app, 3);
    let session = app.world().resource::<CurrentSession>().id();
    request(&mut app, move |commands| commands.session().library().export(session, FILE));
    frames(&mut app, 4);
    assert_eq!(received::<SessionExported>(&app).len(), 1);
    (session, StartingWorld::new("ruins.world", disk.content(Path::new(FILE)).unwrap()))
}

fn start_in(app: &mut App, session: NewSession, world: &StartingWorld) {
    let world = world.clone();
    request(app, |commands| commands.session().library().start_in(session, world));
    frames(app, 4);
}

fn health(app: &mut App) -> Option<u32> {
    app.world_mut().query::<&Health>().iter(app.world()).map(|health| health.0).next()
}

fn rejected(app: &App) -> Vec<RequestError> {
    received::<RequestRejected>(app).into_iter().map(|it| it.error).collect()
}

#[test]
fn a_session_begins_with_the_world_of_a_file_and_no_other_data() {
    let (author, ruins) = ruins();
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let new = NewSession::named("Ruins").player("Ann").field("lamps", &3).unwrap();
    start_in(&mut app, new, &ruins);
    assert_eq!(rejected(&app), []);
    let restored = received::<SessionRestored>(&app);
    assert_eq!(restored[0].reason, RestoreReason::BranchedOff);
    assert_ne!(restored[0].session, author);
    assert_eq!(health(&mut app), Some(5));
    let current = app.world().resource::<CurrentSession>();
    assert_eq!((current.name(), current.player()), ("Ruins", Some("Ann")));
    assert_eq!((current.get("lamps"), current.get::<String>("diary")), (Some(3), None));
    assert!(current.play_time() < Duration::from_secs(5) && current.chapters().current().is_none());
    // It is a session like any other from then on.
    let session = current.id();
    app.world_mut().spawn(Health(9));
    seconds(&mut app, 6.0);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    drop(app);
    let mut app = listening_game(&disk);
    let sessions = app.world().resource::<SessionCatalog>().sessions();
    assert_eq!(sessions.iter().map(|entry| entry.session.id).collect::<Vec<_>>(), [session]);
    let entry = sessions[0].clone();
    assert!(entry.session.tags.is_empty() && entry.session.links.is_empty());
    assert!(entry.summary.fields.get::<String>("diary").is_none());
    request(&mut app, move |commands| commands.session().continue_session(session));
    frames(&mut app, 4);
    let mut query = app.world_mut().query::<&Health>();
    let mut all: Vec<u32> = query.iter(app.world()).map(|health| health.0).collect();
    all.sort_unstable();
    assert_eq!(all, [5, 9]);
    assert_eq!(app.world().resource::<CurrentSession>().get("lamps"), Some(3));
}

#[test]
fn each_start_from_a_file_is_a_new_session() {
    let (_, ruins) = ruins();
    let mut app = listening_game(&MemoryDisk::default());
    start_in(&mut app, NewSession::named("First"), &ruins);
    let first = app.world().resource::<CurrentSession>().id();
    start_in(&mut app, NewSession::named("Second"), &ruins);
    assert_eq!(rejected(&app), [RequestError::SessionRunning { current: first }]);
    start_in(&mut app, NewSession::named("Second").replacing_current(), &ruins);
    frames(&mut app, 4);
    let current = app.world().resource::<CurrentSession>();
    assert_eq!(current.name(), "Second");
    assert_ne!(current.id(), first);
    assert_eq!(received::<SessionClosed>(&app)[0].session, first);
    assert_eq!(app.world().resource::<SessionCatalog>().sessions().len(), 2);
}

#[test]
fn a_file_that_is_cut_damaged_or_something_else_changes_nothing_and_is_named() {
    let (_, ruins) = ruins();
    let mut app = listening_game(&MemoryDisk::default());
    let mut flipped = ruins.bytes().to_vec();
    let middle = flipped.len() / 2;
    flipped[middle..middle + 64].fill(0x55);
    let cut = ruins.bytes()[..ruins.bytes().len() / 2].to_vec();
    let text = b"(name: \"Ruins\")".to_vec();
    for bytes in [flipped, cut, text, Vec::new()] {
        start_in(&mut app, NewSession::named("Ruins"), &StartingWorld::new("bad.world", bytes));
        assert!(app.world().get_resource::<CurrentSession>().is_none());
    }
    let rejected = rejected(&app);
    assert_eq!(rejected.len(), 4);
    for error in &rejected {
        let RequestError::Slot(SlotError::Report(report)) = error else { panic!("{error:?}") };
        assert!(report.to_string().contains("bad.world"), "{report}");
    }
    let is_cut = |error: &RequestError| {
        matches!(error, RequestError::Slot(SlotError::Report(ReportError::Cut { .. })))
    };
    assert!(is_cut(&rejected[1]), "{:?}", rejected[1]);
    assert!(app.world().resource::<SessionCatalog>().sessions().is_empty());
    // The game can start a session all the same.
    start(&mut app, "Plain");
    assert_eq!(app.world().resource::<CurrentSession>().name(), "Plain");
}
