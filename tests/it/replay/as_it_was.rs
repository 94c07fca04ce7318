//! What a recording doesn't show by itself: pauses at a checkpoint, frames that died with their process, and what the game
//! was handed after a crash.

// Feature: A replay begins paused where the game was, and has what a crash handed out again.
// Page: guide/replay.md#play-a-report

use std::path::Path;

use bevy::prelude::*;
use bevy_session::CheckpointKind;
use bevy_session::events::{EventSource, RecordingExt};
use bevy_session::prelude::*;
use bevy_session::replay::{Playback, Replay, ReplayError, ReplayManner, ReplayStep};
use serde::{Deserialize, Serialize};

use super::game::{Farm, Press, app, app_with, build, panics, start_up, take_up};
use super::play_through;
use super::reported::report;
use crate::common::{Phase, frames, request};

fn checkpoint(app: &mut App, label: &'static str) {
    request(app, |commands| commands.session().checkpoint(label));
    frames(app, 2);
}

/// Asserts that each checkpoint that was played to is as it was recorded. Returns how many there were.
fn assert_the_same(playback: &mut Playback) -> usize {
    let mut played_to = 0;
    for step in play_through(playback) {
        if let ReplayStep::Keyframe(reached) = step {
            assert!(reached.divergence.is_none(), "{reached}");
            played_to += usize::from(reached.frames > 0);
        }
    }
    played_to
}

/// As games have it: a pause takes a checkpoint.
fn saves_by_itself(app: &mut App) {
    app.insert_resource(SessionSettings::default());
}

fn pauses(app: &mut App) {
    frames(app, 20);
    request(app, |commands| commands.session().pause());
    frames(app, 20);
    request(app, |commands| commands.session().resume());
    frames(app, 20);
}

#[test]
fn a_pause_that_took_a_checkpoint_is_replayed_as_a_pause() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = app_with(directory.path(), 31, saves_by_itself);
    pauses(&mut game);
    checkpoint(&mut game, "after the pause");
    drop(game);

    let mut playback = exact(Replay::open(directory.path()).unwrap(), build);
    assert!(assert_the_same(&mut playback) >= 2, "the pause and what came after it");
}

/// In the frame of a checkpoint, what comes after it counts from the next frame on.
#[test]
fn a_pause_that_ends_in_the_frame_of_its_checkpoint_has_ended_in_the_replay() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = app_with(directory.path(), 40, saves_by_itself);
    frames(&mut game, 20);
    request(&mut game, |commands| commands.session().pause());
    frames(&mut game, 20);
    request(&mut game, |commands| {
        commands.session().checkpoint("in the menu");
        commands.session().resume();
    });
    frames(&mut game, 20);
    request(&mut game, |commands| {
        commands.session().pause();
        commands.session().resume();
    });
    frames(&mut game, 20);
    checkpoint(&mut game, "after the pauses");
    drop(game);

    let mut playback = exact(Replay::open(directory.path()).unwrap(), build);
    assert!(assert_the_same(&mut playback) >= 3);
}

#[test]
fn a_report_whose_checkpoint_was_taken_at_a_pause_begins_with_the_pause() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = app_with(directory.path(), 32, saves_by_itself);
    pauses(&mut game);
    let farm = game.world().resource::<Farm>().clone();
    panics(game);

    let mut playback = exact(Replay::open(report(directory.path())).unwrap(), build);
    assert_the_same(&mut playback);
    let again = playback.world().resource::<Farm>();
    // The frame that panicked has a few steps more.
    assert!((farm.steps..=farm.steps + 4).contains(&again.steps), "{again:?}, not {farm:?}");
}

/// The inputs lead out of the state, of which a checkpoint is taken before the game does what it does then.
fn leaves(app: &mut App) {
    let leave = |farm: Res<Farm>, mut next: ResMut<NextState<Phase>>| {
        if farm.presses > 10 {
            next.set(Phase::Playing);
        }
    };
    app.checkpoint_session_on_exit(Phase::Menu)
        .add_systems(OnExit(Phase::Menu), |mut farm: ResMut<Farm>| farm.grain += 1_000)
        .add_systems(Update, leave.run_if(in_state(Phase::Menu)));
}

fn with_leave(session: SessionPlugin) -> App {
    let mut app = build(session);
    leaves(&mut app);
    app
}

#[test]
fn a_checkpoint_on_leaving_a_state_is_no_divergence() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = app_with(directory.path(), 43, |app| {
        saves_by_itself(app);
        leaves(app);
    });
    frames(&mut game, 60);
    checkpoint(&mut game, "in the next state");
    frames(&mut game, 20);
    checkpoint(&mut game, "there");
    drop(game);

    let mut playback = exact(Replay::open(directory.path()).unwrap(), with_leave);
    let mut left = None;
    for step in play_through(&mut playback) {
        let ReplayStep::Keyframe(reached) = step else { continue };
        assert!(reached.divergence.is_none(), "{reached}");
        if reached.keyframe.kind == CheckpointKind::State {
            left = Some((reached.frames, reached.after_gap));
        }
    }
    assert_eq!(left, Some((0, true)));
    assert!(playback.world().resource::<Farm>().grain >= 1_000);
}

#[test]
fn inputs_of_frames_that_died_with_their_process_are_not_played() {
    for seed in 33..36 {
        let directory = tempfile::tempdir().unwrap();
        let mut game = app(directory.path(), seed);
        frames(&mut game, 20);
        checkpoint(&mut game, "here");
        // Frames are written once a second, and inputs each frame.
        frames(&mut game, 57);
        drop(game);

        let replay = Replay::open(directory.path()).unwrap();
        let inputs = replay.events().filter(|it| it.event_type.source == EventSource::Input);
        let in_frames: Vec<u64> = inputs.map(|input| input.moment.frame).collect();
        let mut playback = exact(replay, build);
        play_through(&mut playback);
        let last = playback.frame().unwrap();
        let expected = in_frames.iter().filter(|frame| **frame <= last).count();
        assert!(expected < in_frames.len(), "some frames are missing");
        assert_eq!(playback.world().resource::<Farm>().presses, expected as u64);
    }
}

/// Grain that somebody gives.
#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Gift(i64);

fn gifts(app: &mut App) {
    app.add_message::<Gift>().add_systems(
        Update,
        |mut gifts: MessageReader<Gift>, mut farm: ResMut<Farm>| {
            farm.grain += gifts.read().map(|gift| gift.0).sum::<i64>();
        },
    );
    app.record_messages::<Gift>().replay_after_restore();
    app.record_inputs::<Press>(FixedUpdate).replay_after_restore();
}

fn with_gifts(session: SessionPlugin) -> App {
    let mut app = build(session);
    gifts(&mut app);
    app
}

/// A game that crashed after a gift that no checkpoint held, and was taken up again.
fn given_after_a_crash(directory: &Path, seed: u64) -> App {
    let mut game = app_with(directory, seed, gifts);
    checkpoint(&mut game, "before the gift");
    game.world_mut().write_message(Gift(100_000));
    frames(&mut game, 3);
    panics(game);
    let mut game = start_up(directory, seed + 1, gifts);
    take_up(&mut game);
    game
}

#[test]
fn events_handed_out_after_a_crash_are_handed_out_in_the_replay() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = given_after_a_crash(directory.path(), 36);
    assert!(game.world().resource::<Farm>().grain >= 100_000);
    frames(&mut game, 20);
    checkpoint(&mut game, "after the gift");
    frames(&mut game, 20);
    panics(game);

    let mut playback = exact(Replay::open(directory.path()).unwrap(), with_gifts);
    assert!(assert_the_same(&mut playback) >= 1);
    assert!(playback.world().resource::<Farm>().grain >= 100_000);
}

/// Somebody falls.
#[derive(Event, TypePath, Clone, Serialize, Deserialize)]
struct Fall;

/// A build that dies of each fall.
fn deadly(session: SessionPlugin) -> App {
    let mut app = build(session);
    app.record_events::<Fall>().replay_after_restore();
    app.add_observer(|_: On<Fall>| panic!("too deep"));
    app
}

#[test]
fn a_panic_of_what_is_handed_out_ends_the_replay_with_an_error() {
    let falls = |app: &mut App| {
        app.record_events::<Fall>().replay_after_restore();
    };
    let directory = tempfile::tempdir().unwrap();
    let mut game = app_with(directory.path(), 41, falls);
    checkpoint(&mut game, "before the fall");
    game.world_mut().trigger(Fall);
    frames(&mut game, 3);
    panics(game);
    let mut game = start_up(directory.path(), 42, falls);
    take_up(&mut game);
    frames(&mut game, 20);
    checkpoint(&mut game, "after the fall");
    drop(game);

    let mut playback = exact(Replay::open(directory.path()).unwrap(), deadly);
    let error = loop {
        match playback.step() {
            Ok(step) => assert!(!matches!(step, ReplayStep::End), "it should panic"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ReplayError::PanickedInRestore { .. }), "{error}");
    assert_eq!(playback.panicked(), Some("too deep"));
}

#[test]
fn a_report_has_what_was_handed_out_after_the_crash_before() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = given_after_a_crash(directory.path(), 38);
    frames(&mut game, 20);
    panics(game);

    let mut playback = exact(Replay::open(report(directory.path())).unwrap(), with_gifts);
    play_through(&mut playback);
    assert!(playback.world().resource::<Farm>().grain >= 100_000);
}

fn exact(replay: Replay, build: fn(SessionPlugin) -> App) -> Playback {
    replay.play(build, ReplayManner::Exact).unwrap()
}
