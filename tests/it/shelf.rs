//! One session among many: which ends by itself, and which is idle.

// Feature: A session ends by itself at its goal, and pauses, closes or ends when it is idle.
// Page: guide/ends-and-lists.md#sessions-that-end-by-themselves

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::hints::{SessionHint, SessionHints};
use bevy_session::prelude::*;
use bevy_session::rules::{Idle, IdleAction, SessionIdle, SessionIdleWarning, SessionRulesExt};
use bevy_session::{LeaveCause, MemoryDisk, SessionEnded, SessionId, SessionStatus};

use crate::common::*;

#[derive(Resource, Default)]
struct Goal(bool);

#[derive(Resource, Default)]
struct Pressed(bool);

fn game_of(add: impl FnOnce(&mut App)) -> App {
    game_with(plugin(&MemoryDisk::default()), |app| {
        listen::<SessionEnded>(app);
        listen::<SessionClosed>(app);
        listen::<RequestRejected>(app);
        add(app);
    })
}

fn idle_game(idle: Idle) -> App {
    let mut app = game_of(|app| {
        app.init_resource::<Pressed>();
        app.pause_idle_session(idle, |pressed: Res<Pressed>| pressed.0);
        listen::<SessionIdle>(app);
        listen::<SessionIdleWarning>(app);
    });
    start(&mut app, "Idle");
    app
}

fn session(app: &App) -> SessionId {
    app.world().resource::<CurrentSession>().id()
}

fn press(app: &mut App) {
    app.world_mut().resource_mut::<Pressed>().0 = true;
    app.update();
    app.world_mut().resource_mut::<Pressed>().0 = false;
}

#[test]
fn a_session_is_completed_once_at_its_goal_with_a_last_checkpoint() {
    let mut app = game_of(|app| {
        app.init_resource::<Goal>().complete_session_when(|goal: Res<Goal>| goal.0);
    });
    start(&mut app, "To the well");
    let first = session(&app);
    frames(&mut app, 5);
    assert!(received::<SessionEnded>(&app).is_empty());
    app.world_mut().resource_mut::<Goal>().0 = true;
    frames(&mut app, 5);
    let ended = received::<SessionEnded>(&app);
    assert_eq!(ended.len(), 1);
    assert_eq!((ended[0].session, ended[0].reason), (first, EndReason::Completed));
    let entry = app.world().resource::<SessionCatalog>().get(first).unwrap().clone();
    assert_eq!(entry.status, SessionStatus::Completed);
    assert!(entry.newest.is_some());
    // The next one is completed as well, since the goal is still reached.
    request(&mut app, |commands| commands.session().start(NewSession::named("Once more")));
    frames(&mut app, 8);
    assert_eq!(received::<SessionEnded>(&app).len(), 2);
    assert!(received::<RequestRejected>(&app).is_empty());
}

#[test]
fn a_goal_that_cant_be_asked_is_not_reached_and_a_hint_says_why() {
    let mut app = game_of(|app| {
        app.complete_session_when(|goal: Res<Goal>| goal.0);
    });
    start(&mut app, "To the well");
    frames(&mut app, 5);
    assert!(app.world().get_resource::<CurrentSession>().is_some());
    let hints = app.world().resource::<SessionHints>();
    assert!(hints.iter().any(|hint| matches!(hint, SessionHint::ConditionFailed { .. })));
}

#[test]
fn an_idle_session_gives_warnings_is_paused_and_can_be_resumed() {
    let warnings = [Duration::from_secs(10), Duration::from_secs(60)];
    let rule = Idle::after(Duration::from_secs(100)).warn_before(warnings);
    let mut app = idle_game(rule);
    seconds(&mut app, 39.0);
    assert!(received::<SessionIdleWarning>(&app).is_empty());
    seconds(&mut app, 3.0);
    let warned = received::<SessionIdleWarning>(&app);
    assert_eq!(warned.len(), 1);
    assert!(warned[0].left <= Duration::from_secs(60) && warned[0].left > Duration::from_secs(57));
    // A player who does something is not idle any more.
    press(&mut app);
    seconds(&mut app, 95.0);
    assert_eq!(received::<SessionIdleWarning>(&app).len(), 3);
    assert!(received::<SessionIdle>(&app).is_empty());
    seconds(&mut app, 6.0);
    assert_eq!(received::<SessionIdle>(&app).len(), 1);
    assert_eq!(app.world().resource::<CurrentSession>().status(), SessionStatus::Paused);
    seconds(&mut app, 300.0);
    assert_eq!(received::<SessionIdle>(&app).len(), 1, "time stands still");
    request(&mut app, |commands| commands.session().resume());
    seconds(&mut app, 30.0);
    assert_eq!(app.world().resource::<CurrentSession>().status(), SessionStatus::Active);
}

#[test]
fn an_idle_session_can_be_closed_or_abandoned() {
    let mut app = idle_game(Idle::after(Duration::from_secs(5)).then(IdleAction::Close));
    let closed = session(&app);
    seconds(&mut app, 7.0);
    assert_eq!(received::<SessionClosed>(&app)[0].leaving.cause, LeaveCause::Idle);
    request(&mut app, |commands| commands.session().continue_session(closed));
    frames(&mut app, 4);
    assert_eq!(session(&app), closed);

    let mut app = idle_game(Idle::after(Duration::from_secs(5)).then(IdleAction::Abandon));
    seconds(&mut app, 7.0);
    let ended = received::<SessionEnded>(&app);
    assert_eq!((ended[0].reason, ended[0].leaving.cause), (EndReason::Abandoned, LeaveCause::Idle));
}

#[test]
fn a_measure_that_never_answers_leaves_no_session_idle() {
    let mut app = game_of(|app| {
        app.pause_idle_session(Idle::after(Duration::from_secs(5)), |pressed: Res<Pressed>| {
            pressed.0
        });
    });
    start(&mut app, "Unmeasured");
    seconds(&mut app, 60.0);
    assert_eq!(app.world().resource::<CurrentSession>().status(), SessionStatus::Active);
    assert!(!app.world().resource::<SessionHints>().is_empty());
}

#[test]
fn a_computer_that_slept_has_not_been_idle() {
    let mut app = idle_game(Idle::after(Duration::from_secs(5)));
    slow_frames(&mut app, 2, Duration::from_secs(3600));
    assert_eq!(app.world().resource::<CurrentSession>().status(), SessionStatus::Active);
}
