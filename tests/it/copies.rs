//! Sessions of which a second one is made.

// Feature: A session is copied, or planned as a draft.
// Page: guide/keeping.md#copies

use bevy::prelude::*;
use bevy_session::library::{Archived, SessionCopied, SessionMoved};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RequestError, SessionId, limits};

use crate::common::*;

fn listening_game(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), |app| {
        listen::<SessionCopied>(app);
        listen::<SessionMoved>(app);
        listen::<SessionRestored>(app);
        listen::<RequestRejected>(app);
    });
    frames(&mut app, 2);
    app
}

/// A session that was played and closed, with this much health in it.
fn closed(disk: &MemoryDisk, health: u32) -> SessionId {
    let mut app = listening_game(disk);
    let session = NewSession::named("Campaign").player("Ann").tag("co-op");
    request(&mut app, |commands| commands.session().start(session));
    app.world_mut().spawn(Health(health));
    seconds(&mut app, 3.0);
    let session = app.world().resource::<CurrentSession>().id();
    close(&mut app);
    session
}

fn copy(app: &mut App, session: SessionId, name: &str) {
    request(app, |commands| commands.session().library().copy(session, name));
    frames(app, 6);
}

fn health(app: &mut App) -> Vec<u32> {
    app.world_mut().query::<&Health>().iter(app.world()).map(|health| health.0).collect()
}

fn rejected(app: &App) -> Vec<RequestError> {
    received::<RequestRejected>(app).into_iter().map(|it| it.error).collect()
}

#[test]
fn playing_a_copy_does_not_change_the_original() {
    let disk = MemoryDisk::default();
    let session = closed(&disk, 7);
    let mut app = listening_game(&disk);
    copy(&mut app, session, "Another try");
    let [copied] = &*received::<SessionCopied>(&app) else { panic!("{:?}", rejected(&app)) };
    assert_eq!(copied.from, session);
    let (first, second) = (entry(&app, session), entry(&app, copied.session));
    assert_eq!(second.session.name, "Another try");
    assert_eq!(second.session.player.as_deref(), Some("Ann"));
    assert!(second.session.tags.contains("co-op") && second.can_go_on());
    assert_eq!((second.play_time, second.status), (first.play_time, first.status));

    let copy = copied.session;
    request(&mut app, |commands| commands.session().continue_session(copy));
    frames(&mut app, 4);
    assert_eq!(health(&mut app), [7]);
    let mut query = app.world_mut().query::<&mut Health>();
    query.single_mut(app.world_mut()).unwrap().0 = 1;
    seconds(&mut app, 3.0);
    close(&mut app);

    let mut app = listening_game(&disk);
    assert_eq!(entry(&app, copy).session.name, "Another try", "a later process lists it");
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 4);
    assert_eq!(health(&mut app), [7]);
}

#[test]
fn a_session_can_be_copied_during_play_except_the_played_one() {
    let disk = MemoryDisk::default();
    let session = closed(&disk, 7);
    let mut app = listening_game(&disk);
    request(&mut app, |commands| commands.session().start(NewSession::named("Other")));
    seconds(&mut app, 1.0);
    let current = app.world().resource::<CurrentSession>().id();
    copy(&mut app, session, "Another try");
    assert_eq!(received::<SessionCopied>(&app).len(), 1);
    copy(&mut app, current, "Mine");
    assert_eq!(rejected(&app), [RequestError::SessionRunning { current }]);
    assert_eq!(app.world().resource::<CurrentSession>().id(), current);
}

#[test]
fn a_copy_that_is_impossible_is_rejected_with_the_reason() {
    let disk = MemoryDisk::default();
    let session = closed(&disk, 7);
    let mut app = listening_game(&disk);
    let long = "x".repeat(limits::STRING_BYTES + 1);
    copy(&mut app, session, &long);
    copy(&mut app, SessionId::random(), "Nothing");
    request(&mut app, |commands| {
        commands.session().library().archive(session, Archived::SummaryOnly)
    });
    frames(&mut app, 3);
    copy(&mut app, session, "Nothing");
    let expected = [
        RequestError::TextTooLong { bytes: long.len(), limit: limits::STRING_BYTES },
        RequestError::UnknownSession,
        RequestError::ArchivedWithoutWorld,
    ];
    assert_eq!(rejected(&app), expected);
    assert_eq!(received::<SessionCopied>(&app).len(), 0);
    assert_eq!(app.world().resource::<SessionCatalog>().sessions().len(), 1);
}
