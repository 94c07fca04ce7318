//! The timeline: what it lists, and what comes of its buttons.

// Feature: A timeline rewinds to a checkpoint or branch.
// Page: guide/rewind.md#the-timeline

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::external::Operation;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReason;
use bevy_session::requests::GuardedRequest;
use bevy_session_ui::{
    OpenSessionMenu, OpenSessionTimeline, SessionMenu, SessionTimeline, ToggleSessionPanel,
    session_ui_is_open,
};

use super::kit::*;
use super::layout::{WINDOWS, assert_tidy};
use crate::common::*;

/// A session with a named checkpoint every ten seconds, each with its number as the health, and none
/// beside them.
fn played(disk: &MemoryDisk, checkpoints: u32) -> App {
    played_in(ui_game(disk), checkpoints)
}

fn played_in(mut app: App, checkpoints: u32) -> App {
    app.world_mut().resource_mut::<SessionSettings>().interval = Duration::MAX;
    app.world_mut().spawn(Health(0));
    start(&mut app, "Campaign");
    for number in 1..=checkpoints {
        set_health(&mut app, number);
        request(&mut app, |commands| commands.session().checkpoint(format!("Place {number}")));
        frames(&mut app, 3);
        seconds(&mut app, if checkpoints > 20 { 0.1 } else { 10.0 });
    }
    app
}

fn set_health(app: &mut App, value: u32) {
    let world = app.world_mut();
    let entity = world.query_filtered::<Entity, With<Health>>().single(world).unwrap();
    world.entity_mut(entity).insert(Health(value));
}

fn open(app: &mut App) {
    app.world_mut().trigger(OpenSessionTimeline::default());
    frames(app, 3);
}

fn is_open(app: &App) -> bool {
    app.world().resource::<SessionTimeline>().is_open()
}

fn reasons(app: &App) -> Vec<RestoreReason> {
    received::<SessionRestored>(app).into_iter().map(|restored| restored.reason).collect()
}

#[test]
fn a_click_chooses_a_checkpoint_and_a_button_rewinds_to_it() {
    let mut app = played(&MemoryDisk::default(), 3);
    open(&mut app);
    assert!(is_shown(&mut app, "10 seconds back"), "{:?}", texts(&mut app));
    press(&mut app, "Place 2");
    assert!(is_open(&app) && reasons(&app).is_empty(), "choosing alone changes nothing");
    press(&mut app, "Go back here");
    frames(&mut app, 4);
    assert_eq!(health(&mut app), [2]);
    assert_eq!(reasons(&app), [RestoreReason::Rewound]);
    assert!(!is_open(&app));
    seconds(&mut app, 2.0);
    assert_eq!(texts(&mut app), Vec::<String>::new(), "nothing should be left on the screen");
}

#[test]
fn a_rewind_leaves_a_branch_and_can_be_undone_with_one_button() {
    let mut app = played(&MemoryDisk::default(), 3);
    set_health(&mut app, 33);
    seconds(&mut app, 1.0);
    open(&mut app);
    assert!(!is_shown(&mut app, "Undo going back"));
    press(&mut app, "Place 1");
    press(&mut app, "Go back here");
    frames(&mut app, 4);
    open(&mut app);
    assert!(is_shown(&mut app, "the end of a branch"), "{:?}", texts(&mut app));
    press(&mut app, "Undo going back");
    frames(&mut app, 4);
    assert_eq!(health(&mut app), [33], "to the very moment");
    assert_eq!(reasons(&app), [RestoreReason::Rewound, RestoreReason::Undone]);

    open(&mut app);
    press(&mut app, "Place 1");
    press(&mut app, "Go back here");
    frames(&mut app, 4);
    open(&mut app);
    press(&mut app, "What you left just now");
    press(&mut app, "Go on from here");
    frames(&mut app, 4);
    assert_eq!(health(&mut app), [33]);
}

#[test]
fn keys_and_a_gamepad_navigate_the_timeline() {
    let mut app = played(&MemoryDisk::default(), 4);
    open(&mut app);
    let row = |app: &mut App| focused(app).join(" ");
    assert!(row(&mut app).contains("Place 4"), "{}", row(&mut app));
    key(&mut app, KeyCode::ArrowDown);
    key(&mut app, KeyCode::ArrowDown);
    assert!(row(&mut app).contains("Place 2"), "{}", row(&mut app));
    key(&mut app, KeyCode::Enter);
    assert!(row(&mut app).contains("Place 2"), "the focus should stay: {}", row(&mut app));
    gamepad(&mut app, GamepadButton::South);
    assert_eq!(focused(&mut app), ["Go back here"], "who chooses it twice wants to go back");
    gamepad(&mut app, GamepadButton::South);
    frames(&mut app, 4);
    assert_eq!(health(&mut app), [2]);
}

#[test]
fn many_checkpoints_are_walked_through_to_the_oldest() {
    let mut app = played(&MemoryDisk::default(), 120);
    open(&mut app);
    for _ in 0..30 {
        key(&mut app, KeyCode::PageDown);
    }
    assert!(is_shown(&mut app, "Place 1"), "{:?}", texts(&mut app));
    assert!(focused(&mut app).join(" ").contains("0:00"), "{:?}", focused(&mut app));
    assert!(texts(&mut app).len() < 40, "{:?}", texts(&mut app));
    for _ in 0..30 {
        key(&mut app, KeyCode::PageUp);
    }
    assert!(focused(&mut app).join(" ").contains("Place 120"), "{:?}", focused(&mut app));
}

#[test]
fn autosaves_are_thinned() {
    let mut app = ui_game(&MemoryDisk::default());
    app.world_mut().resource_mut::<SessionSettings>().interval = Duration::from_secs(2);
    app.world_mut().spawn(Health(0));
    app.add_systems(Update, |mut all: Query<&mut Health>| {
        all.iter_mut().for_each(|mut health| health.0 += 1);
    });
    start(&mut app, "Campaign");
    long(&mut app, 90);
    let kept = app.world().resource::<CurrentSession>().timeline().checkpoints.len();
    resize(&mut app, 1080, 1920, 1.0);
    open(&mut app);
    let mut rows: Vec<String> = Vec::new();
    for _ in 0..40 {
        let row = focused(&mut app).join(", ");
        if !rows.contains(&row) {
            rows.push(row);
        }
        key(&mut app, KeyCode::ArrowDown);
    }
    rows.retain(|row| row.contains("Autosave") || row.contains("Start of play"));
    assert!(kept > 20 && (8..=12).contains(&rows.len()), "{kept} kept, {rows:?}");
}

#[test]
fn the_timeline_opens_from_the_menu_and_the_panel() {
    let mut app = played(&MemoryDisk::default(), 2);
    app.world_mut().trigger(OpenSessionMenu::default());
    frames(&mut app, 3);
    press(&mut app, "Timeline");
    let menu_is_open = |app: &App| app.world().resource::<SessionMenu>().is_open();
    assert!(is_open(&app) && !menu_is_open(&app));
    key(&mut app, KeyCode::Escape);
    frames(&mut app, 2);
    assert!(!is_open(&app) && menu_is_open(&app));
    key(&mut app, KeyCode::Escape);
    frames(&mut app, 2);
    assert!(!menu_is_open(&app));
    app.world_mut().trigger(ToggleSessionPanel);
    frames(&mut app, 3);
    press(&mut app, "Timeline");
    assert!(is_open(&app));
    press(&mut app, "Place 1");
    press(&mut app, "Go back here");
    frames(&mut app, 4);
    assert_eq!(health(&mut app), [1]);
    assert!(!is_open(&app) && !menu_is_open(&app));
}

#[test]
fn the_timeline_opens_only_while_a_session_is_played() {
    let mut app = ui_game(&MemoryDisk::default());
    open(&mut app);
    assert!(!is_open(&app));
    app.world_mut().trigger(OpenSessionMenu::default());
    frames(&mut app, 3);
    assert!(!is_shown(&mut app, "Timeline"));
    key(&mut app, KeyCode::Escape);

    let mut app = played(&MemoryDisk::default(), 1);
    open(&mut app);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 4);
    assert!(!is_open(&app));
    seconds(&mut app, 2.0);
    assert_eq!(texts(&mut app), Vec::<String>::new());
}

#[test]
fn virtual_time_is_paused_while_the_timeline_is_open() {
    let mut app = played(&MemoryDisk::default(), 1);
    let is_paused = |app: &App| app.world().resource::<Time<Virtual>>().is_paused();
    let keeps_keys = |app: &mut App| app.world_mut().run_system_cached(session_ui_is_open).unwrap();
    assert!(!is_paused(&app) && !keeps_keys(&mut app));
    open(&mut app);
    assert!(is_paused(&app) && keeps_keys(&mut app));
    key(&mut app, KeyCode::Escape);
    frames(&mut app, 2);
    assert!(!is_paused(&app) && !is_open(&app));
}

#[test]
fn a_rewind_that_fails_is_reported_and_changes_nothing() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk, 3);
    open(&mut app);
    press(&mut app, "Place 1");
    disk.fail_always(Operation::Read, std::io::ErrorKind::Other);
    press(&mut app, "Go back here");
    frames(&mut app, 6);
    assert!(is_shown(&mut app, "That did not work"), "{:?}", texts(&mut app));
    assert!(is_open(&app));
    assert_eq!(health(&mut app), [3]);
}

#[test]
fn the_timeline_is_tidy_in_every_window() {
    let mut app = played(&MemoryDisk::default(), 9);
    for place in ["Place 7", "Place 5"] {
        open(&mut app);
        press(&mut app, place);
        press(&mut app, "Go back here");
        frames(&mut app, 4);
        let label = "a lot of words ".repeat(20);
        request(&mut app, |commands| commands.session().checkpoint(label));
        seconds(&mut app, 5.0);
    }
    open(&mut app);
    for (width, height, scale) in WINDOWS {
        resize(&mut app, width, height, scale);
        frames(&mut app, 3);
        assert_tidy(&mut app, &format!("{width} x {height} at {scale}"));
        key(&mut app, KeyCode::Tab);
        assert!(!focused(&mut app).is_empty());
    }
}

#[test]
fn rewinds_are_requested_by_the_player_who_opened_the_timeline() {
    let app = ui_game_with(&MemoryDisk::default(), |app| {
        app.guard_session_requests(|In(asked): In<GuardedRequest>| match asked.by {
            Some(by) => Err(format!("{by} may not")),
            None => Ok(()),
        });
    });
    let mut app = played_in(app, 2);
    app.world_mut().trigger(OpenSessionTimeline::by("Ben"));
    frames(&mut app, 3);
    press(&mut app, "Place 1");
    press(&mut app, "Go back here");
    frames(&mut app, 3);
    assert!(is_shown(&mut app, "Ben may not"), "{:?}", texts(&mut app));
    key(&mut app, KeyCode::Escape);
    frames(&mut app, 2);
    // From the menu to the timeline and back it stays the same player.
    app.world_mut().trigger(OpenSessionMenu::by("Cia"));
    frames(&mut app, 3);
    press(&mut app, "Timeline");
    press(&mut app, "Place 1");
    press(&mut app, "Go back here");
    frames(&mut app, 3);
    assert!(is_shown(&mut app, "Cia may not"), "{:?}", texts(&mut app));
    key(&mut app, KeyCode::Escape);
    frames(&mut app, 2);
    press(&mut app, "Favourite");
    frames(&mut app, 3);
    let by: Vec<_> = received::<RequestRejected>(&app).into_iter().map(|it| it.by).collect();
    assert_eq!(by, ["Ben", "Cia", "Cia"].map(|by| Some(by.to_owned())));
    assert_eq!(health(&mut app), [2]);
}
