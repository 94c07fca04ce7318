//! A recorded run, watched in the game's own app: its runner hands out frames, and what draws it is drawn once a frame.

// Feature: A replay is watched in the game's window, with pause, step, speed, seek and a bar.
// Page: guide/replay.md#watch-it-in-the-games-window

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bevy::app::{AppLabel, SubApp};
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::prelude::*;
use bevy_session::replay::{
    Replay, ReplayManner, ReplayMarkKind, ReplayPaused, ReplayStep, WatchStage, WatchedReplay,
};
use serde::{Deserialize, Serialize};

use super::game::{Farm, Field, Press, app_with, build, build_with, play, play_on, play_seconds};

/// The frames that were drawn.
#[derive(Clone, Default)]
struct Drawn(Arc<AtomicUsize>);

impl Drawn {
    fn take(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

#[derive(AppLabel, Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Screen;

/// Runs of `Update` and of `ReplayPaused`.
#[derive(Resource, Default, Clone, Copy, PartialEq, Eq, Debug)]
struct Runs {
    update: u32,
    paused: u32,
}

/// A game with a screen of which only the frames are counted.
fn with_screen(mut app: App, drawn: &Drawn) -> App {
    let mut screen = SubApp::new();
    let drawn = drawn.clone();
    screen.set_extract(move |world, _| {
        assert!(world.contains_resource::<Farm>(), "the game's world is drawn");
        drawn.0.fetch_add(1, Ordering::Relaxed);
    });
    app.insert_sub_app(Screen, screen);
    app.init_resource::<Runs>()
        .add_systems(Update, |mut runs: ResMut<Runs>| runs.update += 1)
        .add_systems(ReplayPaused, |mut runs: ResMut<Runs>| runs.paused += 1);
    app
}

fn watch(replay: Replay, manner: ReplayManner, drawn: &Drawn) -> App {
    let drawn = drawn.clone();
    watch_build(replay, manner, move |session| with_screen(build(session), &drawn))
}

fn watch_build(
    replay: Replay,
    manner: ReplayManner,
    build: impl Fn(SessionPlugin) -> App + 'static,
) -> App {
    let mut app = replay.watch(build, manner);
    app.finish();
    app.cleanup();
    app.world_mut().resource_mut::<WatchedReplay>().play_without_clock();
    app.update();
    assert!(matches!(view(&app).stage(), WatchStage::Playing), "{:?}", view(&app));
    app
}

fn view(app: &App) -> &WatchedReplay {
    app.world().resource::<WatchedReplay>()
}

fn ask(app: &mut App, ask: impl FnOnce(&mut WatchedReplay)) {
    ask(&mut app.world_mut().resource_mut::<WatchedReplay>());
    app.update();
}

/// Runs to the end, past the pause before the last frame. The number of frames of the window.
fn run_to_the_end(app: &mut App) -> usize {
    for frame in 0..20_000 {
        app.world_mut().resource_mut::<WatchedReplay>().resume();
        app.update();
        if !matches!(view(app).stage(), WatchStage::Playing) {
            return frame + 1;
        }
    }
    panic!("it never ends: {:?}", view(app));
}

#[test]
fn each_recorded_frame_is_a_frame_of_the_window_and_makes_the_same_world() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 1, 5);
    let mut alone =
        Replay::open(directory.path()).unwrap().play(build, ReplayManner::Exact).unwrap();
    let mut recorded = 0;
    alone
        .run_until(|_, step| {
            recorded += usize::from(matches!(step, ReplayStep::Frame));
            false
        })
        .unwrap();
    let expected = alone.world().resource::<Farm>().clone();

    let drawn = Drawn::default();
    let mut app = watch(Replay::open(directory.path()).unwrap(), ReplayManner::Exact, &drawn);
    let updates = app.world().resource::<Runs>().update;
    drawn.take();
    let frames = run_to_the_end(&mut app);

    assert!(matches!(view(&app).stage(), WatchStage::AtEnd), "{:?}", view(&app));
    assert_eq!(view(&app).diverged().len(), 0, "{:?}", view(&app).diverged());
    assert_eq!(app.world().resource::<Farm>(), &expected);
    let runs = *app.world().resource::<Runs>();
    assert_eq!((runs.update - updates) as usize, recorded, "each is played once");
    // One more at the end. After the last checkpoint no frame got onto the tape, so it doesn't pause before one.
    assert_eq!((frames, drawn.take()), (recorded + 1, recorded + 1));
    assert_eq!(view(&app).position(), view(&app).end());
}

#[test]
fn a_pause_draws_and_plays_nothing_and_what_follows_is_the_same() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 2, 3);
    let drawn = Drawn::default();
    let mut app = watch(Replay::open(directory.path()).unwrap(), ReplayManner::Exact, &drawn);
    for _ in 0..10 {
        app.update();
    }
    let (farm, runs) = (app.world().resource::<Farm>().clone(), *app.world().resource::<Runs>());
    drawn.take();
    for frame in 1..=7 {
        ask(&mut app, WatchedReplay::pause);
        assert_eq!(drawn.take(), 1);
        assert_eq!(app.world().resource::<Farm>(), &farm);
        let paused = runs.paused + frame;
        assert_eq!(*app.world().resource::<Runs>(), Runs { paused, ..runs });
    }
    ask(&mut app, WatchedReplay::step);
    assert_eq!(app.world().resource::<Runs>().update, runs.update + 1);
    assert_ne!(app.world().resource::<Farm>(), &farm, "a step plays a frame");
    assert!(view(&app).is_paused());
    run_to_the_end(&mut app);
    assert_eq!(view(&app).diverged().len(), 0, "{:?}", view(&app).diverged());
}

#[test]
fn a_watched_replay_pauses_before_the_last_frame() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = super::game::app(directory.path(), 9);
    crate::common::frames(&mut game, 100);
    drop(game);
    let drawn = Drawn::default();
    let mut app = watch(Replay::open(directory.path()).unwrap(), ReplayManner::Exact, &drawn);
    while !view(&app).is_paused() {
        assert!(matches!(view(&app).stage(), WatchStage::Playing), "{:?}", view(&app));
        app.update();
    }
    let updates = app.world().resource::<Runs>().update;
    ask(&mut app, WatchedReplay::pause);
    assert_eq!(app.world().resource::<Runs>().update, updates);
    for _ in 0..2 {
        ask(&mut app, WatchedReplay::resume);
        assert_eq!(app.world().resource::<Runs>().update, updates + 1);
    }
    assert!(matches!(view(&app).stage(), WatchStage::AtEnd), "{:?}", view(&app));
}

#[test]
fn a_watched_replay_seeks_forward_and_back_even_from_the_end() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 3, 4);
    let drawn = Drawn::default();
    let mut app = watch(Replay::open(directory.path()).unwrap(), ReplayManner::Exact, &drawn);
    run_to_the_end(&mut app);
    for share in [0.7, 0.2, 1.0, 0.0, 0.45] {
        let moment = view(&app).begin() + (view(&app).end() - view(&app).begin()).mul_f32(share);
        ask(&mut app, |replay| {
            replay.pause();
            replay.seek(moment);
        });
        let mut alone =
            Replay::open(directory.path()).unwrap().play(build, ReplayManner::Exact).unwrap();
        alone.seek(moment).unwrap();
        assert_eq!(app.world().resource::<Farm>(), alone.world().resource::<Farm>(), "{share}");
        assert_eq!(view(&app).position(), alone.play_time(), "{share}");
    }
    run_to_the_end(&mut app);
    assert_eq!(view(&app).diverged().len(), 0, "{:?}", view(&app).diverged());
}

#[test]
fn keyframes_can_be_watched_with_other_rules_and_have_marks() {
    let directory = tempfile::tempdir().unwrap();
    let recorded = play(directory.path(), 4, 4);
    let build = |session| build_with(session, |rules| rules.harvest = 3);
    let mut app =
        watch_build(Replay::open(directory.path()).unwrap(), ReplayManner::Keyframes, build);
    let keyframes: Vec<_> = view(&app).marks().iter().map(|mark| (mark.kind, mark.at)).collect();
    let (crash, keyframes) = keyframes.split_last().unwrap();
    assert_eq!(*crash, (ReplayMarkKind::Crash, view(&app).end()), "it wasn't closed");
    assert!(keyframes.iter().all(|(kind, _)| *kind == ReplayMarkKind::Keyframe));
    let mut grain = vec![app.world().resource::<Farm>().grain];
    for (_, at) in &keyframes[1..] {
        assert_eq!(view(&app).next_keyframe(), Some(*at));
        app.update();
        assert_eq!(view(&app).position().as_millis(), at.as_millis());
        grain.push(app.world().resource::<Farm>().grain);
    }
    assert_eq!(grain, recorded);
    assert_eq!(view(&app).next_keyframe(), None);
    let before = view(&app).previous_keyframe().unwrap();
    ask(&mut app, |replay| replay.seek(before));
    assert_eq!(app.world().resource::<Farm>().grain, recorded[recorded.len() - 2]);
}

#[test]
fn a_divergence_is_reported_and_playback_continues_from_the_recording() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 7, 3);
    let build = |session| build_with(session, |rules| rules.harvest = 3);
    let mut app = watch_build(Replay::open(directory.path()).unwrap(), ReplayManner::Exact, build);
    for _ in 0..2 {
        run_to_the_end(&mut app);
        assert_eq!(view(&app).diverged().len(), 3, "{:?}", view(&app).diverged());
        ask(&mut app, |replay| replay.seek(replay.begin()));
    }
}

#[derive(Resource, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Reaped(u64);

/// Counts what was removed in the frame before.
fn count_reaped(app: &mut App) {
    let count = |mut gone: RemovedComponents<Field>, mut reaped: ResMut<Reaped>| {
        reaped.0 += gone.read().count() as u64;
    };
    app.init_resource::<Reaped>()
        .register_type::<Reaped>()
        .add_systems(First, count.run_if(session_is_active));
}

#[test]
fn removals_of_a_frame_are_seen_in_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let mut app = app_with(directory.path(), 21, count_reaped);
    play_seconds(&mut app, 4);
    let reaped = app.world().resource::<Reaped>().0;
    drop(app);
    assert!(reaped > 10, "{reaped}");
    for speed in [None, Some(64.0)] {
        let build = |session| {
            let mut app = build(session);
            count_reaped(&mut app);
            app
        };
        let replay = Replay::open(directory.path()).unwrap();
        let mut app = watch_build(replay, ReplayManner::Exact, build);
        if let Some(speed) = speed {
            app.world_mut().resource_mut::<WatchedReplay>().set_speed(speed);
        }
        run_to_the_end(&mut app);
        assert_eq!(view(&app).diverged().len(), 0, "{speed:?}: {:?}", view(&app).diverged());
        assert!(app.world().resource::<Reaped>().0 > 10);
    }
}

/// A tape of which only the frame that panicked is behind the last checkpoint.
#[test]
fn a_watched_replay_pauses_before_a_last_frame_right_after_a_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().to_owned();
    let played = std::panic::catch_unwind(move || {
        let mut game = super::game::app(&place, 22);
        crate::common::frames(&mut game, 20);
        crate::common::request(&mut game, |commands| commands.session().checkpoint("here"));
        crate::common::frames(&mut game, 1);
        game.add_systems(Update, |farm: Res<Farm>| assert!(farm.steps == u64::MAX, "it panics"));
        game.update();
    });
    assert!(played.is_err());
    let open = || Replay::open(directory.path()).unwrap();
    let mut alone = open().play(build, ReplayManner::Exact).unwrap();
    let mut after = 0;
    alone
        .run_until(|_, step| {
            match step {
                ReplayStep::Keyframe(_) => after = 0,
                ReplayStep::Frame => after += 1,
                _ => {}
            }
            false
        })
        .unwrap();
    assert_eq!(after, 1, "the test is about one frame");

    let build = |session| with_screen(build(session), &Drawn::default());
    let mut app = watch_build(open(), ReplayManner::Exact, build);
    while !view(&app).is_paused() {
        assert!(matches!(view(&app).stage(), WatchStage::Playing), "{:?}", view(&app));
        app.update();
    }
    let updates = app.world().resource::<Runs>().update;
    assert_eq!(view(&app).next_keyframe(), None);
    ask(&mut app, WatchedReplay::step);
    assert_eq!(app.world().resource::<Runs>().update, updates + 1, "it is still to be played");
}

#[test]
fn slots_saved_by_the_watched_game_are_not_taken_for_checkpoints() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 23, 4);
    let saving = |session| {
        let mut app = build(session);
        app.add_systems(Update, |farm: Res<Farm>, mut commands: Commands| {
            if farm.steps % 40 == 1 {
                commands.session().slots().save(SaveSlot::manual("A"));
            }
        });
        app
    };
    let open = || Replay::open(directory.path()).unwrap();
    let mut app = watch_build(open(), ReplayManner::Exact, saving);
    run_to_the_end(&mut app);
    for share in [0.7, 0.2] {
        let moment = view(&app).begin() + (view(&app).end() - view(&app).begin()).mul_f32(share);
        ask(&mut app, |replay| {
            replay.pause();
            replay.seek(moment);
        });
        let mut alone = open().play(build, ReplayManner::Exact).unwrap();
        alone.seek(moment).unwrap();
        assert_eq!(app.world().resource::<Farm>(), alone.world().resource::<Farm>(), "{share}");
    }
}

#[test]
fn watching_a_replay_changes_no_file() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 24, 2);
    let before = super::game::files(directory.path());
    let replay = Replay::open(directory.path()).unwrap();
    let mut app = watch_build(replay, ReplayManner::Exact, build);
    run_to_the_end(&mut app);
    ask(&mut app, |replay| replay.seek(replay.begin()));
    app.world_mut().write_message(AppExit::Success);
    app.update();
    drop(app);
    assert!(before.len() >= 3);
    assert_eq!(super::game::files(directory.path()), before);
}

/// The files are damaged while they are watched, and come back.
#[test]
fn a_watched_replay_can_seek_away_from_an_unreadable_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 25, 3);
    let files = super::game::files(directory.path());
    let replay = Replay::open(directory.path()).unwrap();
    let mut app = watch_build(replay, ReplayManner::Exact, build);
    run_to_the_end(&mut app);
    files.keys().for_each(|path| std::fs::write(path, []).unwrap());
    let middle = view(&app).begin() + (view(&app).end() - view(&app).begin()) / 2;
    ask(&mut app, |replay| replay.seek(middle));
    for _ in 0..3 {
        assert!(matches!(view(&app).stage(), WatchStage::Failed { .. }), "{:?}", view(&app));
        assert!(!view(&app).stage().is_over());
        ask(&mut app, WatchedReplay::step);
    }
    files.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
    ask(&mut app, |replay| replay.seek(middle));
    assert!(matches!(view(&app).stage(), WatchStage::Playing), "{:?}", view(&app));
    run_to_the_end(&mut app);
    assert_eq!(view(&app).diverged().len(), 0, "{:?}", view(&app).diverged());
}

#[test]
fn a_panic_in_a_restore_is_final() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 26, 1);
    let build = |session| {
        let mut app = build(session);
        app.add_observer(|_: On<SessionRestored>| panic!("no such level"));
        app
    };
    let mut app = Replay::open(directory.path()).unwrap().watch(build, ReplayManner::Exact);
    app.finish();
    app.cleanup();
    for _ in 0..3 {
        app.update();
        assert!(matches!(view(&app).stage(), WatchStage::Failed { .. }), "{:?}", view(&app));
        assert!(view(&app).stage().is_over());
        app.world_mut().resource_mut::<WatchedReplay>().seek(Duration::ZERO);
    }
}

/// A second has to pass, and a frame of the window counts for a tenth of it at most.
#[test]
fn a_checkpoint_that_is_not_due_is_not_shown_also_where_no_frames_were_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = game_without_inputs(directory.path());
    play_seconds(&mut game, 2);
    drop(game);
    for manner in [ReplayManner::Keyframes, ReplayManner::Exact] {
        let build = |session| {
            let rules = |rules: &mut super::game::Rules| rules.records = false;
            with_screen(build_with(session, rules), &Drawn::default())
        };
        let mut app = watch_build(Replay::open(directory.path()).unwrap(), manner, build);
        assert!(!view(&app).has_inputs());
        let second = view(&app).next_keyframe().unwrap();
        let paused = app.world().resource::<Runs>().paused;
        ask(&mut app, |replay| replay.set_speed(1.0));
        assert!(view(&app).position() < second, "{manner:?}");
        assert_eq!(app.world().resource::<Runs>().paused, paused + 1, "{manner:?}");
        ask(&mut app, WatchedReplay::play_without_clock);
        assert_eq!(view(&app).position().as_millis(), second.as_millis(), "{manner:?}");
    }
}

/// A farm whose presses nobody records.
fn game_without_inputs(directory: &std::path::Path) -> App {
    let origin = "2026-01-01T00:00:00Z".parse().unwrap();
    let plugin = SessionPlugin::new("Tests", "Farm").directory(directory).clock_from(origin);
    let mut app = build_with(plugin, |rules| rules.records = false);
    app.insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(30)))
        .insert_resource(SessionSettings { autosave: false, ..default() });
    app.finish();
    app.cleanup();
    crate::common::frames(&mut app, 2);
    crate::common::request(&mut app, |commands| {
        commands.session().start(NewSession::named("Farm"));
    });
    crate::common::frames(&mut app, 3);
    app
}

#[test]
fn a_recovered_run_has_a_mark_at_the_crash_before_it() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 27, 2);
    play_on(directory.path(), 28, 2);
    let replay = Replay::open(directory.path()).unwrap();
    let app = watch_build(replay, ReplayManner::Exact, build);
    let crashes = view(&app).marks().iter().filter(|mark| mark.kind == ReplayMarkKind::Crash);
    let crashes: Vec<_> = crashes.map(|mark| mark.at).collect();
    let [first, last] = crashes[..] else { panic!("{crashes:?}") };
    assert!(first < last && last == view(&app).end(), "{crashes:?}");
}

#[test]
fn the_previous_keyframe_depends_on_play_and_pause() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 29, 4);
    let mut app = watch_build(Replay::open(directory.path()).unwrap(), ReplayManner::Exact, build);
    let keyframes = view(&app).marks().iter().filter(|it| it.kind == ReplayMarkKind::Keyframe);
    let keyframes: Vec<_> = keyframes.map(|mark| mark.at).collect();
    let third = keyframes[2];
    ask(&mut app, |replay| replay.seek(third + Duration::from_millis(300)));
    assert!(view(&app).position() > third);
    assert_eq!(view(&app).previous_keyframe(), Some(keyframes[1]));
    ask(&mut app, WatchedReplay::pause);
    assert_eq!(view(&app).previous_keyframe(), Some(third));
    ask(&mut app, |replay| replay.seek(replay.begin()));
    assert_eq!(view(&app).previous_keyframe(), None);
}

#[test]
fn finished_apps_and_apps_that_clear_resources_can_be_watched() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 30, 1);
    let build = |session| {
        let mut app = with_screen(build(session), &Drawn::default());
        app.finish();
        app.cleanup();
        app
    };
    let mut app = Replay::open(directory.path()).unwrap().watch(build, ReplayManner::Exact);
    app.world_mut().resource_mut::<WatchedReplay>().play_without_clock();
    for _ in 0..5 {
        app.update();
    }
    app.world_mut().remove_resource::<WatchedReplay>();
    app.update();
    assert!(matches!(view(&app).stage(), WatchStage::Playing), "{:?}", view(&app));
    app.world_mut().resource_mut::<WatchedReplay>().play_without_clock();
    run_to_the_end(&mut app);
    assert!(matches!(view(&app).stage(), WatchStage::AtEnd), "{:?}", view(&app));
}

/// Panics once enough was pressed.
fn with_bug(session: SessionPlugin) -> App {
    let mut app = build(session);
    app.add_systems(Update, |farm: Res<Farm>, mut presses: MessageReader<Press>| {
        if farm.presses > 20 && presses.read().next().is_some() {
            panic!("{} presses", farm.presses);
        }
    });
    app
}

#[test]
fn after_a_panic_the_watched_world_is_still_drawn() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 5, 4);
    let drawn = Drawn::default();
    let screen = drawn.clone();
    let build = move |session| with_screen(with_bug(session), &screen);
    let mut app = watch_build(Replay::open(directory.path()).unwrap(), ReplayManner::Exact, build);
    run_to_the_end(&mut app);
    let WatchStage::Panicked { message } = view(&app).stage() else { panic!("{:?}", view(&app)) };
    assert!(message.ends_with(" presses"), "{message}");
    let farm = app.world().resource::<Farm>().clone();
    assert!(farm.presses > 20);
    drawn.take();
    for _ in 0..5 {
        ask(&mut app, |replay| replay.seek(replay.begin()));
    }
    assert!(matches!(view(&app).stage(), WatchStage::Panicked { .. }), "{:?}", view(&app));
    assert_eq!(app.world().resource::<Farm>(), &farm, "nothing is played any more");
    assert_eq!(drawn.take(), 5);
    assert!(app.should_exit().is_none());
}

#[test]
fn a_watched_replay_by_the_clock_has_the_same_end() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 6, 2);
    let drawn = Drawn::default();
    let mut app = watch(Replay::open(directory.path()).unwrap(), ReplayManner::Exact, &drawn);
    ask(&mut app, |replay| replay.set_speed(64.0));
    assert_eq!(view(&app).speed(), Some(64.0));
    run_to_the_end(&mut app);
    assert!(matches!(view(&app).stage(), WatchStage::AtEnd), "{:?}", view(&app));
    assert_eq!(view(&app).diverged().len(), 0, "{:?}", view(&app).diverged());
}
