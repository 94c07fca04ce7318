//! The bar of a recorded run that is watched.

// Feature: A replay is watched in the game's window, with pause, step, speed, seek and a bar.

use std::path::Path;
use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::events::{RecordInputs, RecordingExt};
use bevy_session::prelude::*;
use bevy_session::replay::{Replay, ReplayManner, WatchedReplay};
use bevy_session_ui::{SessionPanel, SessionUiPlugins};
use serde::{Deserialize, Serialize};

use super::kit::*;
use super::layout::{WINDOWS, assert_tidy};
use crate::common::*;

#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Dig;

#[derive(Resource, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Hole(u32);

fn build(session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, session))
        .add_message::<Dig>()
        .init_resource::<Hole>()
        .register_type::<Hole>()
        .add_systems(
            FixedUpdate,
            (
                (|mut digs: MessageWriter<Dig>| _ = digs.write(Dig)).before(RecordInputs),
                (|mut digs: MessageReader<Dig>, mut hole: ResMut<Hole>| {
                    hole.0 += digs.read().count() as u32;
                    assert!(hole.0 < 200, "the hole is {} deep", hole.0);
                })
                .after(RecordInputs),
            )
                .run_if(session_is_active),
        );
    app.record_inputs::<Dig>(FixedUpdate);
    app
}

fn game(session: SessionPlugin) -> App {
    let mut app = build(session);
    app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(20)));
    app.finish();
    app.cleanup();
    frames(&mut app, 3);
    app
}

/// Digs for some seconds, with a checkpoint in each.
fn record(directory: &Path, seconds: u32) {
    let origin = "2026-01-01T00:00:00Z".parse().unwrap();
    let mut app =
        game(SessionPlugin::new("Tests", "Holes").directory(directory).clock_from(origin));
    start(&mut app, "Hole");
    for second in 0..seconds {
        request(&mut app, |commands| commands.session().checkpoint(format!("{second}")));
        frames(&mut app, 50);
    }
}

/// Digs until the game panics. The writer has its thread, as in a game, so that the inputs of the frame that panics are kept.
fn record_until_it_panics(directory: &Path) {
    let mut app = game(SessionPlugin::new("Tests", "Holes").directory(directory));
    request(&mut app, |commands| commands.session().start(NewSession::named("Hole")));
    while app.world().get_resource::<CurrentSession>().is_none() {
        std::thread::yield_now();
        frames(&mut app, 1);
    }
    loop {
        request(&mut app, |commands| commands.session().checkpoint("dug"));
        frames(&mut app, 50);
    }
}

fn watch(directory: &Path) -> App {
    let build = |session| {
        let mut app = build(session);
        add_ui(&mut app);
        app.add_plugins(SessionUiPlugins);
        resize(&mut app, 1280, 720, 1.0);
        app
    };
    let mut app = Replay::open(directory).unwrap().watch(build, ReplayManner::Exact);
    app.finish();
    app.cleanup();
    app.world_mut().resource_mut::<WatchedReplay>().play_without_clock();
    frames(&mut app, 4);
    app
}

fn replay(app: &App) -> &WatchedReplay {
    app.world().resource::<WatchedReplay>()
}

#[test]
fn the_buttons_of_the_bar_pause_step_and_jump_between_checkpoints() {
    let directory = tempfile::tempdir().unwrap();
    record(directory.path(), 3);
    let mut app = watch(directory.path());
    press(&mut app, "Pause");
    assert!(replay(&app).is_paused());
    let (here, hole) = (replay(&app).position(), app.world().resource::<Hole>().0);
    press(&mut app, "Step");
    assert!(replay(&app).position() > here);
    for _ in 0..2 {
        let next = replay(&app).next_keyframe().unwrap();
        press(&mut app, "Forward");
        assert_eq!(replay(&app).position().as_millis(), next.as_millis());
    }
    assert!(app.world().resource::<Hole>().0 > hole);
    let last = replay(&app).position();
    let is_last = replay(&app).next_keyframe().is_none();
    press(&mut app, "Forward");
    assert_eq!(replay(&app).position() == last, is_last);
    press(&mut app, "Back");
    assert!(replay(&app).position() < last);
    press(&mut app, "Play");
    assert!(!replay(&app).is_paused());
    press(&mut app, "Slower");
    assert_eq!(replay(&app).speed(), Some(0.5));
    frames(&mut app, 1);
    assert!(is_shown(&mut app, "0.5 times"), "{:?}", texts(&mut app));
}

#[test]
fn in_a_pause_the_panel_opens_and_everything_fits_its_window() {
    let directory = tempfile::tempdir().unwrap();
    record(directory.path(), 2);
    let mut app = watch(directory.path());
    press(&mut app, "Pause");
    for (width, height, scale) in WINDOWS {
        resize(&mut app, width, height, scale);
        frames(&mut app, 3);
        assert_tidy(&mut app, &format!("the bar in {width} x {height} at {scale}"));
    }
    resize(&mut app, 1280, 720, 1.0);
    key(&mut app, KeyCode::F9);
    frames(&mut app, 2);
    assert!(app.world().resource::<SessionPanel>().is_open());
    assert!(is_shown(&mut app, "Checkpoint"), "{:?}", texts(&mut app));
}

#[test]
fn the_bar_shows_a_panic_in_place_of_its_buttons() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().to_owned();
    assert!(std::panic::catch_unwind(move || record_until_it_panics(&place)).is_err());
    let mut app = watch(directory.path());
    for _ in 0..2_000 {
        app.world_mut().resource_mut::<WatchedReplay>().resume();
        frames(&mut app, 1);
    }
    assert!(is_shown(&mut app, "the hole is 200 deep"), "{:?}", texts(&mut app));
    assert!(button(&mut app, "Step").is_none() && button(&mut app, "Back").is_none());
}
