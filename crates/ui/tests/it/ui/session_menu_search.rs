//! The session menu's search field, and its list of very many sessions.

// Feature: A menu searches, groups, continues, ends, archives, copies and deletes sessions.

use bevy::input::keyboard::Key;
use bevy::input_focus::{FocusCause, InputFocus};
use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;

use super::kit::*;
use super::session_menu::{is_open, menu_game, played, titles};
use crate::common::*;

fn escape(app: &mut App) {
    named_key(app, KeyCode::Escape, Key::Escape);
}

#[test]
fn the_list_is_filtered_while_typing() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Élan", 3.0), ("Alpha", 3.0)]));
    focus_field(&mut app);
    type_text(&mut app, "ela");
    let all = ["Bravo", "Bravo slot", "Élan", "Élan slot", "Alpha", "Alpha slot"];
    let mut found = titles(&mut app, &all);
    found.sort();
    assert_eq!(found, ["Élan", "Élan slot"]);
    assert!(is_typing(&app), "one goes on typing");
    assert_eq!(fields(&mut app), ["ela"]);
    type_text(&mut app, "n sl");
    assert_eq!(titles(&mut app, &all), ["Élan slot"]);
}

#[test]
fn a_search_without_matches_says_so_and_can_be_cleared() {
    let mut app = menu_game(&played(&[("Bravo", 5.0)]));
    focus_field(&mut app);
    type_text(&mut app, "xyz");
    assert!(is_shown(&mut app, "Nothing matches \"xyz\"."), "{:?}", texts(&mut app));
    press(&mut app, "Clear the search");
    assert_eq!(fields(&mut app), [""]);
    assert!(button(&mut app, "Bravo").is_some());
}

#[test]
fn escape_clears_the_search_before_it_closes_the_menu() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]));
    focus_field(&mut app);
    type_text(&mut app, "alp");
    assert!(button(&mut app, "Bravo").is_none());
    escape(&mut app);
    assert!(is_open(&app));
    assert_eq!(fields(&mut app), [""]);
    assert!(button(&mut app, "Bravo").is_some());
    escape(&mut app);
    assert!(!is_open(&app));
}

#[test]
fn enter_in_the_search_field_leads_to_what_was_found_first() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]));
    focus_field(&mut app);
    type_text(&mut app, "bravo");
    press(&mut app, "Name");
    focus_field(&mut app);
    named_key(&mut app, KeyCode::Enter, Key::Enter);
    assert_eq!(focused(&mut app), ["Continue"]);
    named_key(&mut app, KeyCode::Enter, Key::Enter);
    frames(&mut app, 4);
    assert_eq!(app.world().resource::<CurrentSession>().name(), "Bravo");
}

#[test]
fn the_cursor_of_the_search_field_is_kept_when_the_list_changes() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]));
    focus_field(&mut app);
    type_text(&mut app, "bro");
    named_key(&mut app, KeyCode::ArrowLeft, Key::ArrowLeft);
    type_text(&mut app, "av");
    assert_eq!(fields(&mut app), ["bravo"]);
    assert!(button(&mut app, "Bravo").is_some(), "{:?}", texts(&mut app));
}

#[test]
fn keys_and_gamepad_pass_the_field_and_reach_every_view() {
    let mut app = menu_game(&played(&[("Bravo", 5.0)]));
    let mut reached = Vec::new();
    let mut was_typing = false;
    for _ in 0..20 {
        named_key(&mut app, KeyCode::Tab, Key::Tab);
        reached.extend(focused(&mut app));
        was_typing |= is_typing(&app);
    }
    assert!(was_typing);
    let stops = ["Games", "Favourites", "Archive", "Trash", "Newest", "Rename", "Close"];
    for stop in stops {
        assert!(reached.iter().any(|label| label == stop), "{stop} is missing in {reached:?}");
    }
    focus_field(&mut app);
    gamepad(&mut app, GamepadButton::DPadDown);
    assert!(!is_typing(&app), "down leaves the field");
    focus_field(&mut app);
    named_key(&mut app, KeyCode::ArrowDown, Key::ArrowDown);
    assert!(!is_typing(&app));
    let mut reached = Vec::new();
    for button in [GamepadButton::DPadUp, GamepadButton::DPadLeft, GamepadButton::DPadRight] {
        for _ in 0..6 {
            gamepad(&mut app, button);
            reached.extend(focused(&mut app));
        }
    }
    assert!(reached.iter().any(|label| label == "Trash"), "{reached:?}");
}

#[test]
fn the_focus_returns_after_the_game_takes_it() {
    let mut app = menu_game(&played(&[("Bravo", 5.0), ("Alpha", 3.0)]));
    let close = button(&mut app, "Close").expect("it should be there");
    let other = app.world_mut().spawn(Node::default()).id();
    for taker in [close, other] {
        app.world_mut().resource_mut::<InputFocus>().set(taker, FocusCause::Navigated);
        app.update();
    }
    assert_eq!(focused(&mut app), ["Close"]);
}

/// So many sessions that were closed.
fn many(count: usize) -> MemoryDisk {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    for number in 0..count {
        let new = NewSession::named(format!("Game {number:04}"));
        request(&mut app, |commands| commands.session().start(new));
        frames(&mut app, 2);
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 2);
    }
    disk.snapshot()
}

fn nodes(app: &mut App) -> usize {
    let world = app.world_mut();
    world.query_filtered::<(), With<Node>>().iter(world).count()
}

#[test]
fn only_visible_rows_of_a_thousand_sessions_are_built() {
    let mut few = menu_game(&many(8));
    let mut app = menu_game(&many(1000));
    let (of_few, of_many) = (nodes(&mut few), nodes(&mut app));
    assert!(of_many <= of_few, "{of_many} nodes, and {of_few} for a list that has just more rows");
    assert!(is_shown(&mut app, "Game 0999"), "{:?}", texts(&mut app));
    focus_field(&mut app);
    type_text(&mut app, "0042");
    assert!(button(&mut app, "Game 0042").is_some(), "{:?}", texts(&mut app));
    assert!(nodes(&mut app) < of_many);
    escape(&mut app);
    press(&mut app, "Name");
    for _ in 0..40 {
        key(&mut app, KeyCode::ArrowUp);
    }
    key(&mut app, KeyCode::ArrowDown);
    key(&mut app, KeyCode::ArrowDown);
    for _ in 0..300 {
        key(&mut app, KeyCode::PageDown);
    }
    assert!(is_shown(&mut app, "Game 0999"), "{:?}", texts(&mut app));
}
