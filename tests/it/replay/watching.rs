//! A recorded run, watched in the game's own app: its runner hands out frames, and what draws it is drawn once a frame.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bevy::app::{AppLabel, SubApp};
use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::replay::{
    Replay, ReplayManner, ReplayMarkKind, ReplayPaused, WatchStage, WatchedReplay,
};

use super::game::{Farm, Press, build, build_with, play};

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
        app.world_mut().resource_mut::<WatchedReplay>().pause(false);
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
            recorded += usize::from(matches!(step, bevy_session::replay::ReplayStep::Frame));
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
        ask(&mut app, |replay| replay.pause(true));
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
fn it_pauses_before_the_last_frame_of_the_tape() {
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
    for (paused, expected) in [(true, updates), (false, updates + 1), (false, updates + 1)] {
        ask(&mut app, |replay| replay.pause(paused));
        assert_eq!(app.world().resource::<Runs>().update, expected);
    }
    assert!(matches!(view(&app).stage(), WatchStage::AtEnd), "{:?}", view(&app));
}

#[test]
fn a_moment_is_gone_to_forward_and_back_also_from_the_end() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 3, 4);
    let drawn = Drawn::default();
    let mut app = watch(Replay::open(directory.path()).unwrap(), ReplayManner::Exact, &drawn);
    run_to_the_end(&mut app);
    for share in [0.7, 0.2, 1.0, 0.0, 0.45] {
        let moment = view(&app).begin() + (view(&app).end() - view(&app).begin()).mul_f32(share);
        ask(&mut app, |replay| {
            replay.pause(true);
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
fn keyframes_are_watched_with_other_rules_and_marks_say_where_they_are() {
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
        assert_eq!(view(&app).keyframe_beside(true), Some(*at));
        app.update();
        assert_eq!(view(&app).position().as_millis(), at.as_millis());
        grain.push(app.world().resource::<Farm>().grain);
    }
    assert_eq!(grain, recorded);
    let before = view(&app).keyframe_beside(false).unwrap();
    ask(&mut app, |replay| replay.seek(before));
    assert_eq!(app.world().resource::<Farm>().grain, recorded[recorded.len() - 2]);
}

#[test]
fn another_rule_shows_in_the_window_and_the_rest_goes_on_from_what_was_recorded() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 7, 3);
    let build = |session| build_with(session, |rules| rules.harvest = 3);
    let mut app = watch_build(Replay::open(directory.path()).unwrap(), ReplayManner::Exact, build);
    run_to_the_end(&mut app);
    assert_eq!(view(&app).diverged().len(), 3, "{:?}", view(&app).diverged());
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
fn a_panic_is_shown_and_its_world_can_be_looked_at_for_as_long_as_one_likes() {
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
fn by_the_clock_it_comes_to_the_same_end() {
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
