//! The intervals of checkpoints in one state and in another, and while something holds.

// Feature: Interval, write rate and capture budget follow states and conditions.
// Page: guide/states-and-gates.md#paces

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::checkpoints::{
    AutosaveStretched, CaptureBudget, CaptureOverBudget, CurrentPace, PaceChanged, SessionPace,
    SessionPaces,
};
use bevy_session::prelude::*;
use bevy_session::{CheckpointCaptured, CheckpointKind, MemoryDisk};

use crate::common::*;

const SECOND: Duration = Duration::from_secs(1);

#[derive(States, Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
enum Place {
    #[default]
    Road,
    Town,
    Boss,
}

#[derive(Resource, Default)]
struct Storm(bool);

/// A game in which something changes in each frame, every 10 s on the road.
fn game(add: impl FnOnce(&mut App)) -> App {
    // How long a capture takes hangs on the machine.
    let settings = SessionSettings { capture_budget: None, ..default() };
    let plugin = plugin(&MemoryDisk::default()).settings(settings).interval(10 * SECOND);
    let mut app = game_with(plugin, |app| {
        app.init_state::<Place>()
            .init_resource::<Storm>()
            .add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
        app.pace_session_in(Place::Town, SessionPace::every(30 * SECOND))
            .pace_session_in(Place::Boss, SessionPace::every(SECOND))
            .pace_session_while(
                "storm",
                |storm: Res<Storm>| storm.0,
                SessionPace::every(2 * SECOND),
            );
        listen::<PaceChanged>(app);
        listen::<CheckpointCaptured>(app);
        add(app);
    });
    start(&mut app, "Journey");
    app
}

fn enter(app: &mut App, place: Place) {
    app.world_mut().resource_mut::<NextState<Place>>().set(place);
    frames(app, 2);
}

/// The number of automatic checkpoints in a minute.
fn in_a_minute(app: &mut App) -> usize {
    let automatic = |app: &App| {
        let captured = received::<CheckpointCaptured>(app).into_iter();
        captured.filter(|captured| captured.kind == CheckpointKind::Auto).count()
    };
    let before = automatic(app);
    seconds(app, 60.0);
    automatic(app) - before
}

fn pace(app: &App) -> CurrentPace {
    app.world().resource::<CurrentPace>().clone()
}

#[test]
fn each_state_has_its_pace_and_the_settings_are_for_all_others() {
    let mut app = game(|_| {});
    assert_eq!(in_a_minute(&mut app), 6);
    enter(&mut app, Place::Boss);
    assert!((58..=60).contains(&in_a_minute(&mut app)));
    assert_eq!(pace(&app).by, ["Place::Boss"]);
    enter(&mut app, Place::Town);
    assert_eq!(in_a_minute(&mut app), 2);
    enter(&mut app, Place::Road);
    assert_eq!(in_a_minute(&mut app), 6);
    let changes = received::<PaceChanged>(&app).into_iter();
    let changes: Vec<_> = changes.map(|change| (change.interval, change.by)).collect();
    let named = |name: &str| vec![name.to_owned()];
    assert_eq!(
        changes,
        [
            (SECOND, named("Place::Boss")),
            (30 * SECOND, named("Place::Town")),
            (10 * SECOND, vec![]),
        ]
    );
}

#[test]
fn of_active_paces_the_last_named_overrides_what_it_sets() {
    let budget = CaptureBudget { share: 0.5, ..default() };
    let cheap = SessionPace { max_bytes_per_second: Some(5), ..default() };
    let mut app = game(|app| {
        let boss = SessionPace { capture_budget: Some(budget), ..SessionPace::every(SECOND) };
        app.pace_session_in(Place::Boss, boss).pace_session_while("always", || true, cheap);
    });
    enter(&mut app, Place::Boss);
    app.world_mut().resource_mut::<Storm>().0 = true;
    frames(&mut app, 2);
    let now = pace(&app);
    assert_eq!(now.by, ["storm", "Place::Boss", "always"], "a pace that is named again comes last");
    assert_eq!((now.interval, now.max_bytes_per_second), (SECOND, 5));
    assert_eq!(now.capture_budget, Some(budget));
    enter(&mut app, Place::Road);
    assert_eq!(pace(&app).interval, 2 * SECOND);
    let settings = app.world().resource::<SessionSettings>();
    assert_eq!(pace(&app).capture_budget, settings.capture_budget);
}

#[test]
fn a_pace_is_data_that_is_changed_while_the_game_runs() {
    let mut app = game(|_| {});
    enter(&mut app, Place::Boss);
    let mut paces = app.world_mut().resource_mut::<SessionPaces>();
    let names: Vec<_> = paces.iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, ["Place::Town", "Place::Boss", "storm"]);
    assert_eq!(paces.get("Place::Road"), None);
    *paces.get_mut("Place::Boss").unwrap() = SessionPace::every(5 * SECOND);
    frames(&mut app, 1);
    assert_eq!(pace(&app).interval, 5 * SECOND);
    assert_eq!(in_a_minute(&mut app), 12);
    app.world_mut().resource_mut::<SessionSettings>().interval = 3 * SECOND;
    enter(&mut app, Place::Road);
    assert_eq!(pace(&app).interval, 3 * SECOND);
}

#[test]
fn the_write_rate_of_a_state_applies_when_it_is_entered() {
    let slow = SessionPace { max_bytes_per_second: Some(10), ..default() };
    let mut app = game(|app| {
        app.pace_session_in(Place::Town, slow);
        listen::<AutosaveStretched>(app);
    });
    seconds(&mut app, 25.0);
    assert_eq!(received::<AutosaveStretched>(&app).len(), 0);
    enter(&mut app, Place::Town);
    let stretched = received::<AutosaveStretched>(&app);
    assert_eq!(stretched.len(), 1);
    assert!(stretched[0].interval > 10 * SECOND, "{stretched:?}");
    enter(&mut app, Place::Road);
    assert_eq!(received::<AutosaveStretched>(&app)[1].interval, 10 * SECOND);
    seconds(&mut app, 11.0);
    let last = received::<CheckpointCaptured>(&app).pop().unwrap();
    assert_eq!(last.kind, CheckpointKind::Auto, "what was stretched isn't any more");
}

#[test]
fn the_budget_of_a_capture_is_that_of_the_state() {
    let none = CaptureBudget { share: 0.0, ..default() };
    let mut app = game(|app| {
        let strict = SessionPace { capture_budget: Some(none), ..SessionPace::every(SECOND) };
        app.pace_session_in(Place::Boss, strict);
        listen::<CaptureOverBudget>(app);
    });
    seconds(&mut app, 12.0);
    assert_eq!(received::<CaptureOverBudget>(&app).len(), 0);
    enter(&mut app, Place::Boss);
    seconds(&mut app, 3.0);
    assert!(received::<CaptureOverBudget>(&app).len() >= 2);
}

#[test]
fn a_pace_added_too_late_gives_a_hint() {
    let mut app = game(|_| {});
    app.pace_session_in(Place::Road, SessionPace::every(SECOND));
    seconds(&mut app, 3.0);
    assert_eq!(pace(&app).interval, 10 * SECOND);
    let hints = app.world().resource::<bevy_session::hints::SessionHints>();
    let said = hints.iter().any(|hint| hint.to_string().contains("pace_session_in(Road)"));
    assert!(said, "{hints:?}");
}
