//! Guards of the game, which are asked before a request is handled.

// Feature: Roles and guards decide who may ask for what, and a log keeps who did.

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::requests::{CurrentRequest, GuardedRequest, Request, SessionRequest};
use bevy_session::{MemoryDisk, RequestError, SessionPaused};

use crate::common::*;

/// The requests that guards were asked about, and by whom they were made.
#[derive(Resource, Default)]
struct Asked(Vec<(Option<String>, Request)>);

#[derive(Resource)]
struct Host(String);

fn only_the_host_pauses(
    In(asked): In<GuardedRequest>,
    host: Res<Host>,
    mut all: ResMut<Asked>,
) -> Result<(), String> {
    all.0.push((asked.by.clone(), asked.request.clone()));
    let is_pause = matches!(asked.request, Request::Current(CurrentRequest::Pause));
    match asked.by {
        Some(player) if is_pause && player != host.0 => Err(format!("{player} is not the host")),
        _ => Ok(()),
    }
}

fn guarded_game() -> App {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        app.init_resource::<Asked>().insert_resource(Host("Ann".to_owned()));
        app.guard_session_requests(only_the_host_pauses);
        listen::<RequestRejected>(app);
        listen::<SessionPaused>(app);
        listen::<SessionStarted>(app);
        listen::<SessionClosed>(app);
    });
    request(&mut app, |commands| commands.session().start(NewSession::named("Campaign")));
    frames(&mut app, 3);
    app.world_mut().resource_mut::<Asked>().0.clear();
    app
}

fn asked_by(app: &App) -> Vec<Option<&str>> {
    app.world().resource::<Asked>().0.iter().map(|(by, _)| by.as_deref()).collect()
}

#[test]
fn a_player_without_the_right_is_refused_with_the_reason_and_changes_nothing() {
    let mut app = guarded_game();
    request(&mut app, |commands| commands.session().by("Ben").pause());
    frames(&mut app, 2);
    let [rejected] = &*received::<RequestRejected>(&app) else { panic!() };
    assert_eq!(rejected.request, Request::Current(CurrentRequest::Pause));
    assert_eq!(rejected.by.as_deref(), Some("Ben"));
    assert_eq!(rejected.error, RequestError::Refused { reason: "Ben is not the host".to_owned() });
    assert_eq!(rejected.error.to_string(), "refused: Ben is not the host");
    assert_eq!(received::<SessionPaused>(&app).len(), 0);
    request(&mut app, |commands| commands.session().by("Ann").pause());
    frames(&mut app, 2);
    assert_eq!(received::<SessionPaused>(&app).len(), 1);
    request(&mut app, |commands| commands.session().resume());
    request(&mut app, |commands| commands.session().pause());
    frames(&mut app, 2);
    assert_eq!(received::<SessionPaused>(&app).len(), 2, "the game itself may");
    assert_eq!(asked_by(&app), [Some("Ben"), Some("Ann"), None, None]);
}

#[test]
fn a_player_named_for_one_request_is_not_that_of_the_next() {
    let mut app = guarded_game();
    request(&mut app, |commands| {
        commands.session().by("Ben").checkpoint("here");
        commands.session().checkpoint("there");
    });
    frames(&mut app, 2);
    assert_eq!(asked_by(&app), [Some("Ben"), None]);
}

#[test]
fn a_rejection_names_who_asked_whenever_it_comes() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), listen::<RequestRejected>);
    let rejected_by = |app: &App| -> Vec<Option<String>> {
        received::<RequestRejected>(app).into_iter().map(|rejected| rejected.by).collect()
    };
    // At once, since no session is played.
    request(&mut app, |commands| {
        commands.session().by("Ben").pause();
        commands.session().pause();
        commands.session().by("Ann").pause();
    });
    frames(&mut app, 2);
    let (ann, ben) = (Some("Ann".to_owned()), Some("Ben".to_owned()));
    assert_eq!(rejected_by(&app), [ben.clone(), None, ann.clone()]);
    // By the writer, frames later: there is no such slot, and no such file.
    request(&mut app, |commands| commands.session().start(NewSession::named("Campaign")));
    frames(&mut app, 3);
    let missing = bevy_session::slots::SlotId::random();
    request(&mut app, |commands| {
        commands.session().by("Ben").slots().delete(missing);
        commands.session().by("Ann").slots().import("/nowhere/at-all.slot");
        commands.session().library().purge(SessionId::random());
    });
    frames(&mut app, 6);
    let later = &rejected_by(&app)[3..];
    assert_eq!(later.len(), 3, "{:?}", received::<RequestRejected>(&app));
    for by in [ann, ben, None] {
        assert!(later.contains(&by), "{later:?}");
    }
}

#[test]
fn guards_are_asked_once_about_a_request_of_many_steps() {
    let mut app = guarded_game();
    request(&mut app, |commands| {
        commands.session().by("Ben").start(NewSession::named("Next").replacing_current());
    });
    frames(&mut app, 5);
    assert_eq!(received::<SessionStarted>(&app).len(), 2);
    let asked = &app.world().resource::<Asked>().0;
    let [(Some(by), Request::Session(SessionRequest::Start(_)))] = &**asked else {
        panic!("{asked:?}")
    };
    assert_eq!(by, "Ben");
}

#[test]
fn one_refusing_guard_refuses_the_request() {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        listen::<RequestRejected>(app);
        listen::<SessionStarted>(app);
        app.guard_session_requests(|_: In<GuardedRequest>| Ok(()));
        app.guard_session_requests(|_: In<GuardedRequest>| Err("not tonight".to_owned()));
    });
    request(&mut app, |commands| commands.session().start(NewSession::named("Campaign")));
    frames(&mut app, 3);
    let refused = RequestError::Refused { reason: "not tonight".to_owned() };
    assert_eq!(received::<RequestRejected>(&app)[0].error, refused);
    assert_eq!(received::<SessionStarted>(&app).len(), 0);
}

#[test]
fn a_guard_that_cannot_be_asked_refuses() {
    let mut app = guarded_game();
    app.world_mut().remove_resource::<Host>();
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    assert!(matches!(
        received::<RequestRejected>(&app)[0].error,
        RequestError::Refused { ref reason } if reason.contains("can't be found out")
    ));
    assert_eq!(received::<SessionClosed>(&app).len(), 0);
}
