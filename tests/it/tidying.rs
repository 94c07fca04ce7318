//! One request about many sessions, and rules that let sessions go.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::library::{
    Archived, Keep, LeftAs, Retention, RetentionPreview, SessionEdit, SessionQuery, SessionsEdited,
    ShelfMove, ShelfPlace,
};
use bevy_session::prelude::*;
use bevy_session::rules::SessionRulesExt;
use bevy_session::{MemoryDisk, RequestError, SessionId, SessionPlugin, SessionUpdate, Ticket};

use crate::common::*;

const DAY: u64 = 24 * 60 * 60;
const FEW: usize = 12;

fn listening_game(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    listening_game_of(plugin(disk), add)
}

fn listening_game_of(plugin: SessionPlugin, add: impl FnOnce(&mut App)) -> App {
    let mut app = game_with(plugin, |app| {
        listen::<SessionsEdited>(app);
        listen::<RequestRejected>(app);
        listen::<SessionRestored>(app);
        add(app);
    });
    frames(&mut app, 3);
    app
}

fn leave(app: &mut App, session: NewSession, leave: fn(&mut Commands) -> Ticket) -> SessionId {
    app.world_mut().spawn(Health(7));
    request(app, |commands| commands.session().start(session));
    frames(app, 3);
    let id = app.world().resource::<CurrentSession>().id();
    seconds(app, 2.0);
    request(app, leave);
    frames(app, 4);
    id
}

fn closed(app: &mut App, name: &str) -> SessionId {
    leave(app, NewSession::named(name), |commands| commands.session().close(LeaveCause::Player))
}

/// A few sessions of Ann, and one of Ben that is played.
fn game_of_a_few(disk: &MemoryDisk) -> (App, Vec<SessionId>) {
    let mut app = listening_game(disk, |_| {});
    let ids = (0..FEW).map(|number| {
        let session = NewSession::named(format!("Lamp {number}")).player("Ann");
        leave(&mut app, session, |commands| commands.session().close(LeaveCause::Player))
    });
    let ids = ids.collect();
    request(&mut app, |commands| {
        commands.session().start(NewSession::named("Lamp of Ben").player("Ben"));
    });
    seconds(&mut app, 2.0);
    (app, ids)
}

fn edit_all(app: &mut App, query: SessionQuery, edit: impl Into<SessionEdit>) {
    request(app, |commands| commands.session().library().edit_all(query, edit));
}

/// Waits for what came of it.
fn edited(app: &mut App) -> SessionsEdited {
    let before = received::<SessionsEdited>(app).len();
    for _ in 0..100 {
        frames(app, 1);
        if let Some(edited) = received::<SessionsEdited>(app).into_iter().nth(before) {
            return edited;
        }
    }
    panic!("nothing was said of it");
}

fn place(app: &App, id: SessionId) -> ShelfPlace {
    app.world().resource::<SessionCatalog>().get(id).unwrap().session.place
}

fn in_trash(app: &App, ids: &[SessionId]) -> usize {
    ids.iter().filter(|id| place(app, **id).is_in_trash()).count()
}

fn preview(app: &App, retention: &Retention) -> RetentionPreview {
    app.world().resource::<SessionCatalog>().preview(retention)
}

/// A game that is started so many days after the first one.
fn game_on(disk: &MemoryDisk, day: u64, add: impl FnOnce(&mut App)) -> App {
    let began: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let began = began + Duration::from_secs(day * DAY);
    listening_game_of(plugin(disk).clock_from(began), add)
}

// Feature: One request edits, archives or removes all that a query finds.
// Page: guide/keeping.md#many-at-once
#[test]
fn one_request_tags_all_found_sessions_and_the_played_one() {
    let disk = MemoryDisk::default();
    let (mut app, ids) = game_of_a_few(&disk);
    let query = SessionQuery::default().search("lamp").page(0..3);
    edit_all(&mut app, query, SessionUpdate::default().tag("old"));
    let edited = edited(&mut app);
    assert_eq!((edited.edited, edited.passed_over, edited.refused.len()), (FEW + 1, 0, 0));
    assert!(app.world().resource::<CurrentSession>().tags().contains("old"));
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let app = listening_game(&disk, |_| {});
    let catalog = app.world().resource::<SessionCatalog>();
    assert_eq!(catalog.query(&SessionQuery::default().tag("old")).total, ids.len() + 1);
}

#[test]
fn a_session_that_cannot_be_deleted_does_not_stop_the_others() {
    let disk = MemoryDisk::default();
    let (mut app, ids) = game_of_a_few(&disk);
    let played = app.world().resource::<CurrentSession>().id();
    edit_all(&mut app, SessionQuery::default(), ShelfMove::Delete);
    let edited_all = edited(&mut app);
    let running = RequestError::SessionRunning { current: played };
    assert_eq!(edited_all.edited, FEW);
    assert_eq!(edited_all.refused, [(played, running)]);
    assert_eq!(received::<RequestRejected>(&app).len(), 1);
    assert_eq!(in_trash(&app, &ids), FEW);
    // The trash is emptied.
    edit_all(&mut app, SessionQuery::default().in_trash(), SessionEdit::Purge);
    let emptied = edited(&mut app);
    assert_eq!((emptied.edited, emptied.refused.len()), (FEW, 0));
    assert!(emptied.freed > 0);
    assert_eq!(app.world().resource::<SessionCatalog>().sessions().len(), 1);
    edit_all(&mut app, SessionQuery::default().in_trash(), SessionEdit::Purge);
    assert_eq!(edited(&mut app).edited, 0, "where nothing is found, that is said");
}

#[test]
fn play_continues_during_an_edit_of_many_sessions() {
    let disk = MemoryDisk::default();
    let (mut app, ids) = game_of_a_few(&disk);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    edit_all(&mut app, SessionQuery::default(), ShelfMove::Archive(Archived::WithWorld));
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().continue_session(ids[FEW - 1]));
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert!(received::<SessionsEdited>(&app).is_empty(), "it isn't done yet");
    let edited = edited(&mut app);
    // What is played is refused, or was archived before and brought back.
    assert_eq!(edited.edited + edited.refused.len(), FEW + 1);
    assert!(edited.refused.iter().all(|refused| refused.0 == ids[FEW - 1]), "{edited:?}");
    assert!(place(&app, ids[FEW - 1]).is_open());
    assert!(ids[..FEW - 1].iter().all(|id| place(&app, *id).is_archived()));
}

#[test]
fn a_pruning_interrupted_by_a_crash_is_completed_by_the_next_request() {
    let disk = MemoryDisk::default();
    drop(game_of_a_few(&disk));
    let rules = Retention::default().keep(LeftAs::Closed, Keep::newest_of(2));
    let mut app = game_on(&disk, 2, |_| {});
    let named: Vec<SessionId> =
        preview(&app, &rules).sessions.iter().map(|session| session.session).collect();
    assert!(named.len() > FEW / 2, "{named:?}");
    let first = preview(&app, &rules);
    request(&mut app, |commands| commands.session().library().prune(first));
    frames(&mut app, 3);
    assert!(received::<SessionsEdited>(&app).is_empty(), "it should be on the way");

    let mut app = game_on(&disk.snapshot(), 3, |_| {});
    let gone = in_trash(&app, &named);
    assert!(gone > 0 && gone < named.len(), "{gone} of {}", named.len());
    let rest = preview(&app, &rules);
    request(&mut app, |commands| commands.session().library().prune(rest));
    let edited = edited(&mut app);
    assert_eq!((edited.passed_over, edited.refused.len()), (0, 0));
    assert_eq!(in_trash(&app, &named), named.len());
    assert_eq!(preview(&app, &rules).sessions, []);
}

// Feature: Rules of retention have a preview, and exactly that goes.
// Page: guide/keeping.md#rules
#[test]
fn pruning_removes_previewed_sessions_that_have_not_changed() {
    let disk = MemoryDisk::default();
    let (app, ids) = game_of_a_few(&disk);
    drop(app);
    let mut app = game_on(&disk, 2, |_| {});
    let rules = Retention::default().keep(LeftAs::Closed, Keep::newest_of(1));
    let named = preview(&app, &rules);
    let (pinned, played) = (ids[0], ids[1]);
    request(&mut app, |commands| {
        commands.session().library().update(pinned, SessionUpdate::default().pin(true));
        commands.session().continue_session(played);
    });
    frames(&mut app, 4);
    seconds(&mut app, 2.0);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 4);
    let late = closed(&mut app, "Late");
    let names = |id: SessionId| named.sessions.iter().any(|session| session.session == id);
    assert!(names(pinned) && names(played) && !names(late));
    let others = named.sessions.len() - 2;
    request(&mut app, |commands| commands.session().library().prune(named));
    let edited = edited(&mut app);
    assert_eq!((edited.edited, edited.passed_over, edited.refused.len()), (others, 2, 0));
    assert!([pinned, played, late].into_iter().all(|id| place(&app, id).is_open()));
}

#[test]
fn retention_rules_run_once_after_a_session_is_started() {
    let disk = MemoryDisk::default();
    let (app, ids) = game_of_a_few(&disk);
    drop(app);
    let rules = Retention::default().keep(LeftAs::Closed, Keep::newest_of(3));
    let mut app = game_on(&disk, 2, |app| {
        app.prune_sessions(rules);
    });
    frames(&mut app, 10);
    assert_eq!(in_trash(&app, &ids), 0, "who only looks changes nothing");
    start(&mut app, "Something");
    let edited = edited(&mut app);
    assert_eq!(edited.edited, in_trash(&app, &ids));
    assert!(edited.edited >= FEW - 3, "{edited:?}");
    frames(&mut app, 10);
    assert_eq!(received::<SessionsEdited>(&app).len(), 1);
}

#[test]
fn ended_sessions_are_archived_automatically() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk, |app| {
        app.archive_ended_sessions(Archived::SummaryOnly);
        app.archive_ended_sessions(Archived::WithWorld);
    });
    let open = closed(&mut app, "Goes on");
    let ended = leave(&mut app, NewSession::named("Done"), |commands| {
        commands.session().end(EndReason::Completed, LeaveCause::Player)
    });
    frames(&mut app, 4);
    assert!(place(&app, open).is_open());
    assert!(place(&app, ended).is_archived());
    assert!(!app.world().resource::<SessionCatalog>().get(ended).unwrap().without_world);
}
