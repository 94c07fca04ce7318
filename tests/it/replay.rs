//! Replays of recorded sessions: exact, from checkpoint to checkpoint, and refused where they can't be.

// Feature: Replays are exact, frame by frame, or go from checkpoint to checkpoint.
// Page: guide/replay.md#play-a-report

mod as_it_was;
mod bad_recordings;
mod game;
mod generated;
mod inputs;
mod reported;
mod watching;

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::replay::{
    Playback, Replay, ReplayError, ReplayManner, ReplayStep, assert_deterministic,
};
use bevy_session::testing::DifferenceKind;

use crate::common::{Dice, frames, request};
use game::{Farm, Press, build, build_with, play};

/// All that a playback came to.
fn play_through(playback: &mut Playback) -> Vec<ReplayStep> {
    let mut steps = Vec::new();
    loop {
        let step = playback.step().unwrap();
        let is_over = matches!(step, ReplayStep::End | ReplayStep::Panicked { .. });
        if !matches!(step, ReplayStep::Frame) {
            steps.push(step);
        }
        if is_over {
            return steps;
        }
    }
}

#[test]
fn the_same_inputs_make_the_same_world_again() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 1, 5);
    let replay = Replay::open(directory.path()).unwrap();
    assert!(replay.has_inputs() && replay.missing() == 0);
    assert_eq!(replay.keyframes().len(), 6, "{:?}", replay.keyframes());

    let mut playback = replay.play(build, ReplayManner::Exact).unwrap();
    let steps = play_through(&mut playback);

    assert_eq!(steps.len(), 6, "{steps:#?}");
    for step in &steps[..5] {
        let ReplayStep::Keyframe(reached) = step else { panic!("{step:?}") };
        assert!(reached.divergence.is_none(), "{reached}");
        assert!(reached.frames >= 10, "{reached}");
    }
    assert!(playback.world().resource::<Farm>().presses > 20);
    assert_eq!(playback.unreadable_inputs(), []);
}

#[test]
fn frames_of_any_length_are_played_as_they_were() {
    for seed in 2..6 {
        let directory = tempfile::tempdir().unwrap();
        play(directory.path(), seed, 3);
        let mut playback =
            Replay::open(directory.path()).unwrap().play(build, ReplayManner::Exact).unwrap();
        for step in play_through(&mut playback) {
            if let ReplayStep::Keyframe(reached) = step {
                assert!(reached.divergence.is_none(), "seed {seed}: {reached}");
            }
        }
    }
}

#[test]
fn a_divergence_is_reported_with_type_field_and_both_values() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 7, 3);
    let build = |session| build_with(session, |rules| rules.harvest = 3);
    let mut playback =
        Replay::open(directory.path()).unwrap().play(build, ReplayManner::Exact).unwrap();

    let mut diverged = 0;
    for step in play_through(&mut playback) {
        let ReplayStep::Keyframe(reached) = step else { continue };
        let Some(divergence) = &reached.divergence else { continue };
        diverged += 1;
        let farm = divergence.differences.iter().find(|it| {
            it.type_path.as_deref().is_some_and(|path| path.ends_with("Farm"))
                && it.field == ".grain"
        });
        let farm = farm.unwrap_or_else(|| panic!("{divergence}"));
        assert!(matches!(&farm.kind, DifferenceKind::Value { before, after } if before != after));
        let text = divergence.to_string();
        assert!(text.contains("field `grain`: recorded as"), "{text}");
        assert!(divergence.frames.start() <= divergence.frames.end());
        assert!(divergence.ticks.start() < divergence.ticks.end());
    }
    assert_eq!(
        diverged, 3,
        "each second has some harvest, and none takes the error of the one before along"
    );
}

#[test]
fn keyframes_are_shown_as_recorded_under_other_rules() {
    let directory = tempfile::tempdir().unwrap();
    let recorded = play(directory.path(), 8, 4);
    let build = |session| build_with(session, |rules| rules.harvest = 3);
    let replay = Replay::open(directory.path()).unwrap();
    assert!(replay.events().count() > 10);
    let mut playback = replay.play(build, ReplayManner::Keyframes).unwrap();

    let mut grain = vec![playback.world().resource::<Farm>().grain];
    while let ReplayStep::Keyframe(reached) = playback.step().unwrap() {
        assert!(reached.divergence.is_none() && reached.frames == 0);
        grain.push(playback.world().resource::<Farm>().grain);
        let alone = playback.checkpoint_alone().unwrap().resource::<Farm>().grain;
        assert_eq!(grain.last(), Some(&alone));
    }
    assert_eq!(grain, recorded);
}

#[test]
fn a_replay_can_seek_to_a_moment_and_play_from_there() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 9, 4);
    let mut playback =
        Replay::open(directory.path()).unwrap().play(build, ReplayManner::Exact).unwrap();
    playback.seek(Duration::from_millis(2_500)).unwrap();
    let presses = playback.world().resource::<Farm>().presses;
    assert!(
        playback.play_time() >= Duration::from_millis(2_500),
        "{:?} of {playback:?}",
        playback.play_time()
    );
    assert!(playback.play_time() < Duration::from_millis(2_900));
    playback.seek(Duration::from_millis(500)).unwrap();
    assert!(playback.world().resource::<Farm>().presses < presses, "it went back");
    let step = playback.run_until(|world, _| world.resource::<Farm>().presses >= presses).unwrap();
    assert!(matches!(step, ReplayStep::Frame | ReplayStep::Keyframe(_)), "{step:?}");
    assert_eq!(playback.world().resource::<Farm>().presses, presses);
}

#[test]
fn a_replay_changes_no_file() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 10, 2);
    let before = game::files(directory.path());
    let mut playback =
        Replay::open(directory.path()).unwrap().play(build, ReplayManner::Exact).unwrap();
    play_through(&mut playback);
    assert!(before.len() >= 3);
    assert_eq!(game::files(directory.path()), before);
}

#[test]
fn a_replay_continues_after_a_restore() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 11, 2);
    game::play_on(directory.path(), 12, 2);
    let mut playback =
        Replay::open(directory.path()).unwrap().play(build, ReplayManner::Exact).unwrap();
    let mut jumps = 0;
    for step in play_through(&mut playback) {
        if let ReplayStep::Keyframe(reached) = step {
            jumps += u32::from(reached.frames == 0);
            assert!(reached.divergence.is_none(), "{reached}");
        }
    }
    assert_eq!(jumps, 1, "the run that follows opens with what was restored");
}

#[test]
fn an_empty_directory_and_an_invalid_file_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let error = Replay::open(directory.path()).unwrap_err();
    assert!(
        matches!(&error, ReplayError::NoSession { path } if path == directory.path()),
        "{error}"
    );
    let file = directory.path().join("report.tar");
    std::fs::write(&file, "no report").unwrap();
    let error = Replay::open(&file).unwrap_err();
    assert!(matches!(error, ReplayError::File(_)), "{error}");
    let error = Replay::open(directory.path().join("nowhere.tar")).unwrap_err();
    assert!(matches!(error, ReplayError::File(_)), "{error}");
}

#[test]
fn frames_of_the_tape_are_not_among_the_events_that_people_read() {
    let directory = tempfile::tempdir().unwrap();
    let mut app = game::app(directory.path(), 13);
    frames(&mut app, 100);
    request(&mut app, |commands| commands.session().checkpoint("here"));
    frames(&mut app, 3);
    let id = app.world().resource::<CurrentSession>().id();
    let read = game::read_events(&mut app, id);
    assert!(read.iter().any(|path| path.ends_with("Press")), "{read:?}");
    assert!(read.iter().all(|path| !path.contains("Frames")), "{read:?}");
}

#[test]
fn steps_of_another_length_are_found_at_the_first_frame_that_shows_them() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 14, 3);
    for (speed, is_out) in [(1.0, false), (0.5, true)] {
        let build = move |session| {
            let mut app = build(session);
            app.world_mut().resource_mut::<Time<Virtual>>().set_relative_speed(speed);
            app
        };
        let mut playback =
            Replay::open(directory.path()).unwrap().play(build, ReplayManner::Exact).unwrap();
        play_through(&mut playback);
        let found = playback.out_of_step();
        assert_eq!(found.is_some(), is_out, "{found:?}");
        assert!(found.is_none_or(|found| found.played < found.recorded), "{found:?}");
    }
}

/// The pause comes from outside, as from a menu that the replay's build doesn't have.
#[test]
fn a_pause_is_played_from_the_frame_in_which_it_came() {
    let directory = tempfile::tempdir().unwrap();
    let mut app = game::app(directory.path(), 15);
    for _ in 0..3 {
        frames(&mut app, 10);
        request(&mut app, |commands| commands.session().pause());
        frames(&mut app, 7);
        request(&mut app, |commands| commands.session().resume());
        frames(&mut app, 10);
        request(&mut app, |commands| commands.session().checkpoint("here"));
        frames(&mut app, 2);
    }
    drop(app);
    let mut playback =
        Replay::open(directory.path()).unwrap().play(build, ReplayManner::Exact).unwrap();
    let steps = play_through(&mut playback);
    assert!(steps.len() > 3, "{steps:?}");
    for step in steps {
        if let ReplayStep::Keyframe(reached) = step {
            assert!(reached.divergence.is_none(), "{reached}");
        }
    }
}

#[test]
fn a_game_that_panics_in_a_restore_ends_the_replay_with_an_error() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 16, 1);
    let build = |session| {
        let mut app = build(session);
        app.add_observer(|_: On<SessionRestored>| panic!("no such level"));
        app
    };
    let replay = Replay::open(directory.path()).unwrap();
    let error = replay.play(build, ReplayManner::Exact).unwrap_err();
    let ReplayError::PanickedInRestore { message, .. } = &error else { panic!("{error}") };
    assert_eq!(message, "no such level");
}

/// A loading screen that fades for a second.
#[test]
fn time_passes_for_a_restore_gate_during_a_replay() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 17, 1);
    let build = |session| {
        let mut app = build(session);
        app.restore_session_when(|time: Res<Time<Real>>| time.elapsed_secs() > 1.0);
        app
    };
    let replay = Replay::open(directory.path()).unwrap();
    let begin = replay.keyframes()[0].play_time;
    let mut playback = replay.play(build, ReplayManner::Keyframes).unwrap();
    assert_eq!(playback.play_time().as_millis(), begin.as_millis());
    assert!(matches!(playback.step().unwrap(), ReplayStep::Keyframe(_)));
}

#[test]
fn a_deterministic_game_passes_the_assertion() {
    assert_deterministic(|session| build_with(session, |rules| rules.plays_itself = true), 3.0);
}

// Feature: `assert_deterministic` finds a game that doesn't do the same again.
// Page: guide/replay.md#a-deterministic-game
#[test]
#[should_panic(expected = "Farm")]
fn the_assertion_finds_a_nondeterministic_game() {
    let build = |session| {
        let mut app = build_with(session, |rules| rules.plays_itself = true);
        let mut dice = Dice(1);
        app.add_systems(FixedUpdate, move |mut farm: ResMut<Farm>| {
            // Not saved, so that it goes on where the replay starts again.
            farm.grain += i64::try_from(dice.roll(3)).unwrap();
        });
        app
    };
    assert_deterministic(build, 2.0);
}

#[test]
fn an_input_of_a_type_that_is_gone_is_named() {
    let directory = tempfile::tempdir().unwrap();
    play(directory.path(), 14, 1);
    let build = |session| build_with(session, |rules| rules.records = false);
    let mut playback =
        Replay::open(directory.path()).unwrap().play(build, ReplayManner::Exact).unwrap();
    play_through(&mut playback);
    let [(path, why)] = playback.unreadable_inputs() else { panic!("one type is unknown") };
    assert!(path.ends_with("Press") && why.contains("record"), "{path}: {why}");
    let _ = Press { key: 0 };
}
