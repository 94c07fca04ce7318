//! The session menu: what it lists, and what comes of its buttons.

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::library::SessionMoved;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReason;
use bevy_session::requests::GuardedRequest;
use bevy_session::slots::SlotDeleted;
use bevy_session_ui::{CloseSessionMenu, OpenSessionMenu, SessionMenu};

use super::kit::*;
use super::layout::{WINDOWS, assert_tidy};
use crate::common::*;

/// Plays sessions that are left cleanly, each for so many seconds, with a slot in each.
pub fn played(sessions: &[(&str, f32)]) -> MemoryDisk {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    for (number, (name, time)) in sessions.iter().enumerate() {
        app.world_mut().spawn(Health(number as u32));
        start(&mut app, name);
        seconds(&mut app, *time);
        request(&mut app, |commands| {
            commands.session().slots().save(SaveSlot::manual(format!("{name} slot")));
        });
        seconds(&mut app, 2.0);
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 4);
    }
    disk.snapshot()
}

pub fn menu_game(disk: &MemoryDisk) -> App {
    let mut app = ui_game_with(disk, |app| {
        listen::<SessionMoved>(app);
        listen::<SlotDeleted>(app);
    });
    app.world_mut().trigger(OpenSessionMenu::default());
    frames(&mut app, 3);
    app
}

pub fn is_open(app: &App) -> bool {
    app.world().resource::<SessionMenu>().is_open()
}

/// The titles of the rows from top to bottom.
pub fn titles(app: &mut App, among: &[&str]) -> Vec<String> {
    texts(app).into_iter().filter(|text| among.contains(&text.as_str())).collect()
}

#[test]
fn sessions_and_slots_are_listed_newest_first_and_sorted_on_request() {
    let mut app = menu_game(&played(&[("Bravo", 20.0), ("Alpha", 3.0), ("Charlie", 9.0)]));
    let names = ["Alpha", "Bravo", "Charlie"];
    assert_eq!(titles(&mut app, &names), ["Charlie", "Alpha", "Bravo"]);
    press(&mut app, "Name");
    assert_eq!(titles(&mut app, &names)[..2], ["Alpha", "Bravo"]);
    press(&mut app, "Play time");
    assert_eq!(titles(&mut app, &names)[..2], ["Bravo", "Charlie"]);
    assert!(is_shown(&mut app, "Alpha slot"));
}

#[test]
fn enter_continues_what_was_played_last() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]));
    assert_eq!(focused(&mut app), ["Continue"]);
    key(&mut app, KeyCode::Enter);
    frames(&mut app, 4);
    assert_eq!(app.world().resource::<CurrentSession>().name(), "Alpha");
    assert!(!is_open(&app));
    assert!(!is_shown(&mut app, "Your games"));
}

#[test]
fn a_slot_is_loaded() {
    let mut app = menu_game(&played(&[("Bravo", 5.0)]));
    press(&mut app, "Bravo slot");
    press(&mut app, "Load");
    frames(&mut app, 4);
    let restored = received::<SessionRestored>(&app);
    assert_eq!(restored[0].reason, RestoreReason::Loaded);
    assert!(!is_open(&app));
}

#[test]
fn another_session_can_be_continued_while_one_is_played() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]));
    press(&mut app, "Continue");
    frames(&mut app, 4);
    app.world_mut().trigger(OpenSessionMenu::default());
    frames(&mut app, 2);
    assert!(is_shown(&mut app, "Being played now"), "{:?}", texts(&mut app));
    press(&mut app, "Bravo");
    press(&mut app, "Continue");
    frames(&mut app, 6);
    assert_eq!(app.world().resource::<CurrentSession>().name(), "Bravo");
    assert!(received::<RequestRejected>(&app).is_empty());
}

#[test]
fn deleting_a_slot_can_be_undone_for_some_seconds() {
    let mut app = menu_game(&played(&[("Bravo", 5.0)]));
    press(&mut app, "Bravo slot");
    press(&mut app, "Delete");
    assert!(is_shown(&mut app, "\"Bravo slot\" will be deleted."), "{:?}", texts(&mut app));
    assert!(button(&mut app, "Bravo slot").is_none());
    seconds(&mut app, 3.0);
    press(&mut app, "Undo (3)");
    assert!(is_shown(&mut app, "Bravo slot"));
    seconds(&mut app, 10.0);
    assert!(received::<SlotDeleted>(&app).is_empty());

    press(&mut app, "Delete");
    seconds(&mut app, 8.0);
    assert_eq!(received::<SlotDeleted>(&app).len(), 1);
    assert!(!is_shown(&mut app, "Undo"));
}

#[test]
fn closing_the_menu_deletes_a_slot_at_once() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]));
    press(&mut app, "Alpha slot");
    press(&mut app, "Delete");
    frames(&mut app, 3);
    assert!(received::<SlotDeleted>(&app).is_empty(), "it can still be undone");
    app.world_mut().trigger(CloseSessionMenu);
    frames(&mut app, 4);
    assert_eq!(received::<SlotDeleted>(&app).len(), 1);
    assert_eq!(app.world().resource::<SessionCatalog>().slots().len(), 1);
}

#[test]
fn a_declined_crash_can_be_recovered_from_the_menu() {
    let mut app = ui_game(&killed("Campaign", 2));
    press(&mut app, "Start fresh");
    frames(&mut app, 3);
    app.world_mut().trigger(OpenSessionMenu::default());
    frames(&mut app, 3);
    assert!(is_shown(&mut app, "Closed unexpectedly"), "{:?}", texts(&mut app));
    press(&mut app, "Recover");
    frames(&mut app, 4);
    assert_eq!(health(&mut app), [2]);
    assert!(!is_open(&app));
}

#[test]
fn a_slot_that_cannot_be_loaded_is_reported_and_nothing_changes() {
    let disk = played(&[("Bravo", 5.0)]);
    let mut app = menu_game(&disk);
    press(&mut app, "Bravo slot");
    let slot = app.world().resource::<SessionCatalog>().slots()[0].path.clone();
    disk.corrupt(&slot, disk.content(&slot).unwrap().len() / 2, 0xff);
    press(&mut app, "Load");
    frames(&mut app, 4);
    assert!(is_shown(&mut app, "That did not work"), "{:?}", texts(&mut app));
    assert!(is_open(&app));
    assert!(app.world().get_resource::<CurrentSession>().is_none());
}

#[test]
fn an_empty_menu_says_so_and_escape_closes_it() {
    let mut app = menu_game(&MemoryDisk::default());
    assert!(is_shown(&mut app, "Nothing has been saved yet."));
    assert_eq!(focused(&mut app), ["Close"]);
    key(&mut app, KeyCode::Escape);
    frames(&mut app, 2);
    assert!(!is_open(&app));
    assert!(texts(&mut app).is_empty());
}

#[test]
fn the_menu_is_tidy_in_every_window() {
    let long = "Long name ".repeat(30);
    let sessions = [("One", 1.0), ("Two", 1.0), ("Three", 1.0), ("Four", 1.0), (&*long, 1.0)];
    let mut app = menu_game(&played(&sessions));
    press(&mut app, "Delete");
    for (width, height, scale) in WINDOWS {
        resize(&mut app, width, height, scale);
        frames(&mut app, 3);
        assert_tidy(&mut app, &format!("{width} x {height} at {scale}"));
        key(&mut app, KeyCode::Tab);
        assert!(!focused(&mut app).is_empty() || is_typing(&app));
    }
}

#[test]
fn a_long_list_is_walked_through_to_its_end() {
    let names: Vec<String> = (0..30).map(|number| format!("Game {number}")).collect();
    let sessions: Vec<(&str, f32)> = names.iter().map(|name| (name.as_str(), 0.5)).collect();
    let mut app = menu_game(&played(&sessions));
    press(&mut app, "Name");
    press(&mut app, "Newest");
    // From the buttons up into the list, and down to its end.
    for _ in 0..40 {
        key(&mut app, KeyCode::ArrowUp);
    }
    for _ in 0..100 {
        key(&mut app, KeyCode::ArrowDown);
    }
    assert!(is_shown(&mut app, "Game 0"), "{:?}", texts(&mut app));
}

/// Lets only Ann load, delete and rename.
fn only_ann_may(app: &mut App) {
    app.guard_session_requests(|In(asked): In<GuardedRequest>| match asked.by.as_deref() {
        None | Some("Ann") => Ok(()),
        Some(other) => Err(format!("{other}, only Ann may do that")),
    });
}

#[test]
fn requests_of_the_menu_are_made_by_the_player_who_opened_it() {
    let mut app = ui_game_with(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]), |app| {
        listen::<SlotDeleted>(app);
        only_ann_may(app);
    });
    app.world_mut().trigger(OpenSessionMenu::by("Ben"));
    frames(&mut app, 3);
    press(&mut app, "Continue");
    frames(&mut app, 3);
    assert!(
        is_open(&app) && is_shown(&mut app, "Ben, only Ann may do that"),
        "{:?}",
        texts(&mut app)
    );
    press(&mut app, "Favourite");
    frames(&mut app, 3);
    press(&mut app, "Bravo slot");
    press(&mut app, "Delete");
    // The deletion is asked for as the menu closes.
    app.world_mut().trigger(CloseSessionMenu);
    frames(&mut app, 3);
    let rejected = received::<RequestRejected>(&app);
    let names: Vec<&str> = rejected.iter().map(|rejected| rejected.request.name()).collect();
    assert_eq!(names, ["continue_session", "update_session", "delete_slot"]);
    assert!(rejected.iter().all(|it| it.by.as_deref() == Some("Ben")), "{rejected:?}");
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    assert!(received::<SlotDeleted>(&app).is_empty());

    app.world_mut().trigger(OpenSessionMenu::by("Ann"));
    frames(&mut app, 3);
    press(&mut app, "Continue");
    frames(&mut app, 4);
    assert_eq!(app.world().resource::<CurrentSession>().name(), "Alpha");
    assert_eq!(received::<RequestRejected>(&app).len(), 3);
}
