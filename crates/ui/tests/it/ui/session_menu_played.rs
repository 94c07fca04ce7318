//! The session menu's actions on the session that is played.

// Feature: The menu pauses, resumes and ends the played session.
// Page: guide/ready-made-ui.md#new-sessions-pause-and-end

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::requests::GuardedRequest;
use bevy_session::{SessionPaused, SessionResumed, SessionStatus};
use bevy_session_ui::OpenSessionMenu;

use super::kit::*;
use super::layout::{WINDOWS, assert_tidy};
use super::session_menu::played;
use crate::common::*;

/// A game that plays "Alpha", with the menu open.
fn playing_game(menu: OpenSessionMenu, add: impl FnOnce(&mut App)) -> App {
    let mut app = ui_game_with(&played(&[("Bravo", 2.0)]), |app| {
        listen::<SessionPaused>(app);
        listen::<SessionResumed>(app);
        add(app);
    });
    start(&mut app, "Alpha");
    app.world_mut().trigger(menu);
    frames(&mut app, 3);
    press(&mut app, "Alpha");
    app
}

fn current(app: &App) -> &CurrentSession {
    app.world().get_resource::<CurrentSession>().expect("a session should be played")
}

#[test]
fn the_session_that_is_played_is_paused_and_resumed_from_the_list() {
    let mut app = playing_game(OpenSessionMenu::default(), |_| {});
    assert!(is_shown(&mut app, "Being played now"), "{:?}", texts(&mut app));
    press(&mut app, "Pause");
    frames(&mut app, 3);
    assert_eq!(current(&app).status(), SessionStatus::Paused);
    assert_eq!(received::<SessionPaused>(&app).len(), 1);
    assert!(is_shown(&mut app, "Paused"), "{:?}", texts(&mut app));
    assert!(!is_shown(&mut app, "Being played now"));
    assert!(button(&mut app, "Pause").is_none());
    let play_time = current(&app).play_time();
    seconds(&mut app, 3.0);
    assert_eq!(current(&app).play_time(), play_time, "nothing is played meanwhile");

    press(&mut app, "Resume");
    frames(&mut app, 3);
    assert_eq!(current(&app).status(), SessionStatus::Active);
    assert_eq!(received::<SessionResumed>(&app).len(), 1);
    assert!(is_shown(&mut app, "Being played now"), "{:?}", texts(&mut app));
    assert!(button(&mut app, "Resume").is_none());
}

#[test]
fn only_the_session_that_is_played_can_be_paused() {
    let mut app = playing_game(OpenSessionMenu::default(), |_| {});
    assert!(button(&mut app, "Pause").is_some(), "{:?}", texts(&mut app));
    press(&mut app, "Bravo");
    assert!(button(&mut app, "Pause").is_none() && button(&mut app, "End it").is_none());
}

#[test]
fn a_paused_session_is_ended_after_a_question() {
    let mut app = playing_game(OpenSessionMenu::default(), |_| {});
    let alpha = current(&app).id();
    press(&mut app, "Pause");
    frames(&mut app, 3);
    press(&mut app, "End it");
    assert!(is_shown(&mut app, "It can't be continued after that."));
    press(&mut app, "Back");
    frames(&mut app, 3);
    assert_eq!(current(&app).status(), SessionStatus::Paused, "it is only asked");
    press(&mut app, "Alpha");
    press(&mut app, "End it");
    press(&mut app, "End it");
    frames(&mut app, 4);
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    assert_eq!(entry(&app, alpha).status, SessionStatus::Abandoned);
    assert!(is_shown(&mut app, "Given up"), "{:?}", texts(&mut app));
}

#[test]
fn a_refusal_is_shown_with_its_reason() {
    let mut app = playing_game(OpenSessionMenu::by("Ben"), |app| {
        app.guard_session_requests(|In(asked): In<GuardedRequest>| match asked.by {
            None => Ok(()),
            Some(player) => Err(format!("{player}, only the host may do that")),
        });
    });
    let all: [(&[&str], &str); 2] = [(&["Pause"], "pause"), (&["End it", "End it"], "end")];
    for (pressed, asked) in all {
        pressed.iter().for_each(|label| press(&mut app, label));
        frames(&mut app, 3);
        let said = "That did not work: Ben, only the host may do that";
        assert!(is_shown(&mut app, said), "{:?}", texts(&mut app));
        assert_eq!(current(&app).status(), SessionStatus::Active);
        let rejected = received::<RequestRejected>(&app);
        assert_eq!(rejected.last().map(|it| it.request.name()), Some(asked));
        press(&mut app, "Alpha");
    }
}

#[test]
fn actions_of_the_played_session_are_tidy_in_every_window() {
    let mut app = playing_game(OpenSessionMenu::default(), |_| {});
    for (width, height, scale) in WINDOWS {
        resize(&mut app, width, height, scale);
        frames(&mut app, 3);
        let window = format!("{width} x {height} at {scale}");
        assert_tidy(&mut app, &format!("{window}, the list"));
        let is_tiny = button(&mut app, "More").is_some();
        if is_tiny {
            press(&mut app, "More");
            assert_tidy(&mut app, &format!("{window}, more"));
        }
        assert!(button(&mut app, "Pause").is_some(), "{window}: {:?}", texts(&mut app));
        if is_tiny {
            press(&mut app, "Back");
        }
    }
}
