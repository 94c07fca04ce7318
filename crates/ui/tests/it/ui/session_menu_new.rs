//! The session menu's form for a new session.

// Feature: The menu starts sessions by a form with name and scenario.
// Page: guide/ready-made-ui.md#new-sessions-pause-and-end

use std::time::{Duration, Instant};

use bevy::input::keyboard::Key;
use bevy::prelude::*;
use bevy::ui::InteractionDisabled;
use bevy::ui_widgets::Activate;
use bevy_session::library::SessionQuery;
use bevy_session::prelude::*;
use bevy_session::requests::GuardedRequest;
use bevy_session::scenarios::{ScenarioAsset, ScenarioPlugin};
use bevy_session::{MemoryDisk, SessionStatus};
use bevy_session_ui::{
    OpenSessionMenu, SessionMenuPlugin, SessionStrings, SessionUiPlugins, StringsFile,
};

use super::kit::*;
use super::layout::{WINDOWS, assert_tidy};
use super::session_menu::{is_open, played, titles};
use crate::common::*;

/// A game whose menu starts sessions.
fn starting_game(disk: &MemoryDisk, add: impl FnOnce(&mut App)) -> App {
    let ui = SessionUiPlugins.set(SessionMenuPlugin::default().new_sessions(true));
    ui_game_of(disk, ui, |app| {
        app.add_plugins(ScenarioPlugin);
        listen::<SessionStarted>(app);
        listen::<SessionClosed>(app);
        add(app);
    })
}

/// The scenarios that the game keeps.
#[derive(Resource, Default)]
struct Kept(Vec<Handle<ScenarioAsset>>);

/// Loads three scenarios, the hardest first.
fn load_scenarios(app: &mut App) {
    load(app, &["moonless", "over-the-marsh", "first-night"]);
}

/// Loads scenarios, beside those that are loaded. Files are read by other threads, so frames pass until they are there.
fn load(app: &mut App, keys: &[&str]) {
    let server = app.world().resource::<AssetServer>().clone();
    let load = |key: &&str| server.load(format!("scenarios/{key}.scenario.ron"));
    let kept: Vec<Handle<ScenarioAsset>> = keys.iter().map(load).collect();
    let begun = Instant::now();
    while !kept.iter().all(|handle| server.is_loaded(handle)) {
        assert!(begun.elapsed() < Duration::from_secs(300), "they are never loaded");
        app.update();
        std::thread::yield_now();
    }
    app.world_mut().get_resource_or_init::<Kept>().0.extend(kept);
    frames(app, 2);
}

fn game_with_scenarios(disk: &MemoryDisk) -> App {
    let mut app = starting_game(disk, |_| {});
    load_scenarios(&mut app);
    app
}

fn open(app: &mut App, menu: OpenSessionMenu) {
    app.world_mut().trigger(menu);
    frames(app, 3);
}

/// Opens the form for a new session.
fn open_form(app: &mut App) {
    open(app, OpenSessionMenu::default());
    press(app, "New");
}

fn current(app: &App) -> &CurrentSession {
    app.world().get_resource::<CurrentSession>().expect("a session should be played")
}

#[track_caller]
fn is_disabled(app: &mut App, label: &str) -> bool {
    let button = button(app, label).expect("there should be a button");
    app.world().get::<InteractionDisabled>(button).is_some()
}

#[test]
fn a_session_is_started_with_the_name_and_the_scenario_that_were_chosen() {
    let mut app = game_with_scenarios(&played(&[("Alpha", 3.0)]));
    open_form(&mut app);
    assert!(is_typing(&app), "one can type at once");
    assert!(is_shown(&mut app, "Scenario: The first night (1 of 3)"), "{:?}", texts(&mut app));
    assert!(is_shown(&mut app, "Difficulty: easy"));
    fill_in(&mut app, &"x".repeat(4097));
    assert!(is_shown(&mut app, "4097 of at most 4096 bytes"), "{:?}", texts(&mut app));
    assert!(is_disabled(&mut app, "Start"));
    named_key(&mut app, KeyCode::Enter, Key::Enter);
    frames(&mut app, 3);
    assert!(received::<SessionStarted>(&app).is_empty(), "Enter starts nothing that is wrong");

    fill_in(&mut app, "");
    type_text(&mut app, "Ann at night");
    assert!(!is_shown(&mut app, "of at most"));
    press(&mut app, ">");
    press(&mut app, ">");
    assert!(is_shown(&mut app, "Scenario: Moonless (3 of 3)"), "{:?}", texts(&mut app));
    assert!(is_shown(&mut app, "Difficulty: hard"));
    assert_eq!(fields(&mut app), ["Ann at night"], "what was typed stays");
    press(&mut app, "Start");
    frames(&mut app, 4);
    assert!(!is_open(&app));
    assert_eq!(current(&app).name(), "Ann at night");
    assert_eq!(current(&app).session_type(), "moonless");
    assert_eq!(current(&app).get::<f64>("setting.shades"), Some(1.5));

    close(&mut app);
    let found = SessionQuery::default().session_type("moonless");
    let found = app.world().resource::<SessionCatalog>().query(&found);
    let names: Vec<&str> = found.entries.iter().map(|entry| &*entry.session.name).collect();
    assert_eq!(names, ["Ann at night"]);
    open(&mut app, OpenSessionMenu::default());
    assert_eq!(titles(&mut app, &["Ann at night", "Alpha"]), ["Ann at night", "Alpha"]);
}

#[test]
fn keys_choose_a_scenario_and_an_unnamed_session_gets_its_name() {
    let mut app = game_with_scenarios(&MemoryDisk::default());
    open_form(&mut app);
    assert!(texts(&mut app).contains(&"The first night".to_owned()), "{:?}", texts(&mut app));
    key(&mut app, KeyCode::Tab);
    assert_eq!(focused(&mut app), ["<"]);
    key(&mut app, KeyCode::Tab);
    key(&mut app, KeyCode::Enter);
    frames(&mut app, 2);
    assert_eq!(focused(&mut app), [">"], "the focus stays where it is");
    assert!(is_shown(&mut app, "Over the marsh (2 of 3)"), "{:?}", texts(&mut app));
    key(&mut app, KeyCode::Tab);
    assert_eq!(focused(&mut app), ["Back"]);
    key(&mut app, KeyCode::Tab);
    assert_eq!(focused(&mut app), ["Start"]);
    key(&mut app, KeyCode::Enter);
    frames(&mut app, 5);
    assert_eq!(current(&app).name(), "Over the marsh");
    assert_eq!(current(&app).session_type(), "over-the-marsh");
}

#[test]
fn a_gamepad_can_leave_the_form_and_start_a_session() {
    let mut app = game_with_scenarios(&played(&[("Alpha", 3.0)]));
    open_form(&mut app);
    gamepad(&mut app, GamepadButton::East);
    frames(&mut app, 2);
    assert_eq!(focused(&mut app), ["New"], "the form is left, and the menu isn't");
    gamepad(&mut app, GamepadButton::South);
    frames(&mut app, 2);
    assert!(is_typing(&app));
    gamepad(&mut app, GamepadButton::South);
    frames(&mut app, 5);
    assert_eq!(current(&app).name(), "The first night");
    assert!(!is_open(&app));
}

#[test]
fn leaving_the_form_starts_nothing_and_keeps_the_played_session() {
    let mut app = game_with_scenarios(&MemoryDisk::default());
    start(&mut app, "Alpha");
    let alpha = current(&app).id();
    open_form(&mut app);
    assert!(is_shown(&mut app, "\"Alpha\" is saved and closed first."), "{:?}", texts(&mut app));
    type_text(&mut app, "Bravo");
    named_key(&mut app, KeyCode::Escape, Key::Escape);
    frames(&mut app, 4);
    assert!(is_open(&app), "Escape leaves the form alone");
    assert!(button(&mut app, "Start").is_none());
    press(&mut app, "New");
    assert_eq!(fields(&mut app), [""], "it begins empty again");
    press(&mut app, "Back");
    frames(&mut app, 4);
    assert_eq!(current(&app).id(), alpha);
    assert_eq!(current(&app).status(), SessionStatus::Active);
    assert!(received::<SessionClosed>(&app).is_empty());
    assert_eq!(received::<SessionStarted>(&app).len(), 1);
}

#[test]
fn the_played_session_is_saved_and_closed_before_another_is_started() {
    let mut app = game_with_scenarios(&MemoryDisk::default());
    start(&mut app, "Alpha");
    let alpha = current(&app).id();
    open_form(&mut app);
    type_text(&mut app, "Bravo");
    named_key(&mut app, KeyCode::Enter, Key::Enter);
    frames(&mut app, 8);
    assert_eq!(current(&app).name(), "Bravo");
    let before = entry(&app, alpha);
    assert_eq!(before.status, SessionStatus::Closed);
    assert!(before.newest.is_some(), "it can be continued");
    assert!(received::<RequestRejected>(&app).is_empty());
    assert!(!is_open(&app));
}

/// Lets only Ann and the game itself ask for anything.
fn only_ann_may(app: &mut App) {
    app.guard_session_requests(|In(asked): In<GuardedRequest>| match asked.by.as_deref() {
        None | Some("Ann") => Ok(()),
        Some(other) => Err(format!("{other}, only Ann may do that")),
    });
}

#[test]
fn a_refused_start_is_shown_in_the_form_and_changes_nothing() {
    let mut app = starting_game(&MemoryDisk::default(), only_ann_may);
    load_scenarios(&mut app);
    start(&mut app, "Alpha");
    open(&mut app, OpenSessionMenu::by("Ben"));
    press(&mut app, "New");
    type_text(&mut app, "Bravo");
    press(&mut app, ">");
    press(&mut app, "Start");
    frames(&mut app, 4);
    assert!(is_shown(&mut app, "Ben, only Ann may do that"), "{:?}", texts(&mut app));
    assert_eq!(fields(&mut app), ["Bravo"], "the form is still there, with what was typed");
    assert!(is_shown(&mut app, "Over the marsh (2 of 3)"));
    assert!(!is_disabled(&mut app, "Start"), "it can be tried again");
    assert_eq!(current(&app).name(), "Alpha");
    assert!(received::<SessionClosed>(&app).is_empty());
    let rejected = received::<RequestRejected>(&app);
    assert_eq!(rejected.len(), 1);
    assert_eq!((rejected[0].request.name(), rejected[0].by.as_deref()), ("start", Some("Ben")));

    press(&mut app, "Back");
    assert!(!is_shown(&mut app, "only Ann may do that"), "the reason goes with the form");
    key(&mut app, KeyCode::Escape);
    open(&mut app, OpenSessionMenu::by("Ann"));
    press(&mut app, "New");
    press(&mut app, "Start");
    frames(&mut app, 8);
    assert_eq!(current(&app).name(), "The first night");
}

#[test]
fn refusals_of_other_players_are_not_shown_in_the_form() {
    let mut app = starting_game(&MemoryDisk::default(), only_ann_may);
    start(&mut app, "Alpha");
    open_form(&mut app);
    type_text(&mut app, "Bravo");
    // Both are asked for in one frame, and Ben is refused before the start begins.
    request(&mut app, |commands| commands.session().by("Ben").resume());
    let entity = button(&mut app, "Start").unwrap();
    app.world_mut().trigger(Activate { entity });
    for _ in 0..8 {
        app.update();
        assert!(!is_shown(&mut app, "only Ann may do that"), "{:?}", texts(&mut app));
        let button = button(&mut app, "Start");
        let is_enabled =
            button.is_some_and(|it| app.world().get::<InteractionDisabled>(it).is_none());
        assert!(!is_enabled, "it can't be confirmed again");
    }
    frames(&mut app, 8);
    let rejected = received::<RequestRejected>(&app);
    assert_eq!(rejected.len(), 1);
    assert_eq!((rejected[0].request.name(), rejected[0].by.as_deref()), ("resume", Some("Ben")));
    assert_eq!(current(&app).name(), "Bravo");
    assert!(!is_open(&app));
}

#[test]
fn a_scenario_loaded_later_does_not_change_the_choice() {
    let mut app = starting_game(&MemoryDisk::default(), |_| {});
    open_form(&mut app);
    assert!(!is_shown(&mut app, "Scenario"), "{:?}", texts(&mut app));
    load(&mut app, &["moonless"]);
    assert!(is_shown(&mut app, "Scenario: Moonless (1 of 1)"), "{:?}", texts(&mut app));
    load(&mut app, &["first-night"]);
    assert!(is_shown(&mut app, "Scenario: Moonless (2 of 2)"), "{:?}", texts(&mut app));
    press(&mut app, "Start");
    frames(&mut app, 5);
    assert_eq!(current(&app).session_type(), "moonless");
}

#[test]
fn a_chosen_scenario_that_is_removed_is_reported() {
    let mut app = game_with_scenarios(&MemoryDisk::default());
    open_form(&mut app);
    press(&mut app, ">");
    assert!(is_shown(&mut app, "Over the marsh (2 of 3)"), "{:?}", texts(&mut app));
    app.world_mut().resource_mut::<Kept>().0.remove(1);
    frames(&mut app, 5);
    assert!(is_shown(&mut app, "This scenario is not there any more."), "{:?}", texts(&mut app));
    assert!(is_disabled(&mut app, "Start"));
    press(&mut app, ">");
    assert!(is_shown(&mut app, "The first night (1 of 2)"), "{:?}", texts(&mut app));
    press(&mut app, "<");
    assert!(is_shown(&mut app, "Moonless (2 of 2)"), "before the first comes the last");
    press(&mut app, "Start");
    frames(&mut app, 5);
    assert_eq!(current(&app).session_type(), "moonless");
}

#[test]
fn without_scenarios_the_empty_list_offers_a_session_that_has_only_a_name() {
    let mut app = starting_game(&MemoryDisk::default(), |_| {});
    open(&mut app, OpenSessionMenu::default());
    assert!(is_shown(&mut app, "Nothing has been saved yet."));
    let offers = texts(&mut app).iter().filter(|text| *text == "New").count();
    assert_eq!(offers, 1, "it is offered once: {:?}", texts(&mut app));
    press(&mut app, "New");
    assert!(!is_shown(&mut app, "Scenario"), "{:?}", texts(&mut app));
    assert!(button(&mut app, ">").is_none());
    press(&mut app, "Start");
    frames(&mut app, 5);
    assert_eq!((current(&app).name(), current(&app).session_type()), ("", ""));
    open(&mut app, OpenSessionMenu::default());
    assert!(is_shown(&mut app, "Game in progress"), "{:?}", texts(&mut app));
}

#[test]
fn without_the_option_there_is_no_button_for_a_new_session() {
    let mut app = ui_game(&MemoryDisk::default());
    open(&mut app, OpenSessionMenu::default());
    assert!(button(&mut app, "Close").is_some());
    assert!(button(&mut app, "New").is_none(), "{:?}", texts(&mut app));
}

/// Speaks German from now on.
fn speak_german(app: &mut App) {
    let file = app.world().resource::<AssetServer>().load("strings/de.ron");
    app.insert_resource(StringsFile(file));
    let begun = Instant::now();
    while app.world().resource::<SessionStrings>().new_it != "Neu" {
        assert!(begun.elapsed() < Duration::from_secs(300), "it is never loaded");
        app.update();
        std::thread::yield_now();
    }
    frames(app, 3);
}

/// Looks at the list, and at the form with a name that is too long.
fn assert_all_tidy(app: &mut App, language: &str) {
    let words = app.world().resource::<SessionStrings>().clone();
    for (width, height, scale) in WINDOWS {
        resize(app, width, height, scale);
        frames(app, 3);
        let window = format!("{language}, {width} x {height} at {scale}");
        assert_tidy(app, &format!("{window}, the list"));
        press(app, &words.new_it);
        assert_tidy(app, &format!("{window}, the form"));
        fill_in(app, &"x".repeat(4097));
        press(app, ">");
        assert_tidy(app, &format!("{window}, a form with an error"));
        press(app, &words.back);
    }
}

#[test]
fn list_and_form_are_tidy_in_every_window_and_language() {
    let mut app = game_with_scenarios(&played(&[("Alpha", 1.0), ("Bravo", 1.0)]));
    start(&mut app, &"Long name ".repeat(30));
    open(&mut app, OpenSessionMenu::default());
    assert_all_tidy(&mut app, "English");
    speak_german(&mut app);
    assert_all_tidy(&mut app, "German");
}

#[test]
fn an_empty_list_that_offers_a_session_is_tidy_in_every_window() {
    let mut app = game_with_scenarios(&MemoryDisk::default());
    open(&mut app, OpenSessionMenu::default());
    assert_all_tidy(&mut app, "empty");
}
