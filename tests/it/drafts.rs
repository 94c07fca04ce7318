//! Sessions that are planned, and begin later.

// Feature: A session says when it was created, first played and ended.
// Page: guide/keeping.md
// Feature: A session is copied, or planned as a draft.

use bevy::prelude::*;
use bevy_session::library::{Archived, LinkTarget, SessionDrafted, SessionMoved, SessionQuery};
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreStarted;
use bevy_session::{
    MemoryDisk, RequestError, RewindTo, SessionCommands, SessionId, SessionStatus, SessionUpdate,
    Ticket,
};

use crate::common::*;

fn listening_game(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), |app| {
        listen::<SessionDrafted>(app);
        listen::<SessionStarted>(app);
        listen::<SessionClosed>(app);
        listen::<SessionMoved>(app);
        listen::<SessionRestored>(app);
        listen::<RestoreStarted>(app);
        listen::<RequestRejected>(app);
    });
    frames(&mut app, 2);
    app
}

fn friday() -> NewSession {
    let friday = NewSession::named("Friday").player("Ann").tag("co-op");
    friday.link("guide", "page 7").field("map", &"harbour").unwrap()
}

fn plan(app: &mut App, session: NewSession) -> SessionId {
    request(app, |commands| commands.session().library().draft(session));
    frames(app, 3);
    received::<SessionDrafted>(app).last().unwrap().session
}

fn continue_session(app: &mut App, session: SessionId) {
    request(app, |commands| commands.session().continue_session(session));
    frames(app, 4);
}

fn rejected(app: &App) -> Vec<RequestError> {
    received::<RequestRejected>(app).into_iter().map(|it| it.error).collect()
}

#[test]
fn a_draft_is_listed_by_a_later_process_and_begins_in_the_current_world() {
    let disk = MemoryDisk::default();
    let planned = plan(&mut listening_game(&disk), friday());

    let mut app = listening_game(&disk);
    let before = entry(&app, planned);
    assert!(before.session.draft && before.can_go_on() && !before.has_crashed());
    app.world_mut().spawn(Health(3));
    continue_session(&mut app, planned);
    let current = app.world().resource::<CurrentSession>();
    assert_eq!((current.id(), current.name(), current.player()), (planned, "Friday", Some("Ann")));
    assert_eq!(current.get("map"), Some("harbour".to_owned()));
    assert!(current.tags().contains("co-op"));
    let guide = current.metadata().links.of("guide").next();
    assert_eq!(guide, Some(&LinkTarget::Text("page 7".to_owned())));
    assert_eq!(received::<SessionStarted>(&app).len(), 1);
    assert_eq!(received::<RestoreStarted>(&app).len(), 0, "there is nothing to restore");
    assert!(!entry(&app, planned).session.draft);
    let health: Vec<u32> =
        app.world_mut().query::<&Health>().iter(app.world()).map(|health| health.0).collect();
    assert_eq!(health, [3]);
    seconds(&mut app, 3.0);
    close(&mut app);

    let mut app = listening_game(&disk);
    assert!(!entry(&app, planned).session.draft);
    continue_session(&mut app, planned);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    let timeline = app.world().resource::<CurrentSession>().timeline().clone();
    assert_eq!(timeline.lines.len(), 1, "{timeline:?}");
    request(&mut app, |commands| {
        commands.session().rewind(RewindTo::Ago(std::time::Duration::MAX));
    });
    frames(&mut app, 4);
    assert_eq!(app.world_mut().query::<&Health>().iter(app.world()).count(), 1);
    assert_eq!(rejected(&app), []);
}

#[test]
fn a_session_says_when_it_was_planned_first_played_and_completed() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let planned = plan(&mut app, friday());
    let draft = entry(&app, planned);
    let created = draft.session.created();
    assert_eq!((draft.session.first_played(), draft.ended()), (None, None));
    long(&mut app, 60);
    continue_session(&mut app, planned);
    let begun = app.world().resource::<CurrentSession>().metadata().clone();
    let started = begun.first_played().unwrap();
    assert_eq!(begun.created(), created);
    assert!(started.duration_since(created).as_secs() >= 60, "{begun:?}");
    seconds(&mut app, 2.0);
    close(&mut app);
    assert_eq!(entry(&app, planned).ended(), None, "it is only closed");
    long(&mut app, 60);
    continue_session(&mut app, planned);
    request(&mut app, |commands| commands.session().end(EndReason::Completed, LeaveCause::Player));
    frames(&mut app, 4);
    assert!(entry(&app, planned).ended().is_some());

    let app = listening_game(&disk.snapshot());
    let completed = entry(&app, planned);
    assert_eq!(completed.status, SessionStatus::Completed);
    assert_eq!(completed.session.created(), created);
    assert_eq!(completed.session.first_played(), Some(started));
    let ended = completed.ended().unwrap();
    assert!(ended.duration_since(started).as_secs() >= 62, "{completed:?}");
}

#[test]
fn a_draft_does_not_disturb_play_and_beginning_it_closes_the_played_session() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let played = begin(&mut app, NewSession::named("Tonight"));
    let planned = plan(&mut app, friday());
    assert_eq!(app.world().resource::<CurrentSession>().id(), played);
    seconds(&mut app, 2.0);
    continue_session(&mut app, planned);
    assert_eq!(app.world().resource::<CurrentSession>().id(), planned);
    assert_eq!(received::<SessionClosed>(&app).len(), 1);
    assert!(entry(&app, played).can_go_on());
}

#[test]
fn start_or_continue_begins_the_draft_of_that_name() {
    let disk = MemoryDisk::default();
    let planned = plan(&mut listening_game(&disk), friday());
    let mut app = listening_game(&disk);
    let asked = NewSession::named("Friday").player("Ann");
    request(&mut app, |commands| commands.session().start_or_continue(asked));
    frames(&mut app, 4);
    assert_eq!(app.world().resource::<CurrentSession>().id(), planned);
    assert_eq!(received::<SessionStarted>(&app).len(), 1);
}

#[test]
fn a_draft_is_changed_deleted_and_brought_back() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let planned = plan(&mut app, friday());
    let update = SessionUpdate::default().name("Saturday").field("map", &"cellar").unwrap();
    request(&mut app, |commands| commands.session().library().update(planned, update));
    request(&mut app, |commands| commands.session().library().delete(planned));
    frames(&mut app, 4);
    assert!(!entry(&app, planned).can_go_on());
    request(&mut app, |commands| commands.session().library().undelete(planned));
    frames(&mut app, 4);
    assert!(entry(&app, planned).session.place.is_open());
    let catalog = app.world().resource::<SessionCatalog>();
    assert_eq!(catalog.query(&SessionQuery::default().drafts(true)).entries.len(), 1);
    continue_session(&mut app, planned);
    let current = app.world().resource::<CurrentSession>();
    assert_eq!((current.name(), current.get("map")), ("Saturday", Some("cellar".to_owned())));
}

#[test]
fn invalid_requests_on_a_draft_are_refused() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let planned = plan(&mut app, friday());
    let ask = |app: &mut App, ask: fn(&mut SessionCommands, SessionId) -> Ticket| {
        let before = rejected(app).len();
        request(app, move |commands| ask(&mut commands.session(), planned));
        frames(app, 4);
        rejected(app).split_off(before)
    };
    let recovered = ask(&mut app, |commands, id| commands.recover(id, RestoreFrom::Latest));
    assert_eq!(recovered, [RequestError::NotBegun]);
    let archived =
        ask(&mut app, |commands, id| commands.library().archive(id, Archived::WithWorld));
    assert_eq!(archived, [RequestError::NotBegun]);
    let exported =
        ask(&mut app, |commands, id| commands.library().export(id, "sessions/friday.tar"));
    assert_eq!(exported, [RequestError::NothingToRestore]);
    let declined = ask(&mut app, |commands, id| commands.decline(id));
    assert_eq!(declined, [RequestError::NothingToDecline]);
    let long =
        ask(&mut app, |commands, _| commands.library().draft(NewSession::named("x".repeat(5_000))));
    assert!(matches!(*long, [RequestError::TextTooLong { .. }]), "{long:?}");
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    assert!(entry(&app, planned).can_go_on());
}
