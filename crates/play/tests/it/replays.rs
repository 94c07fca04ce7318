//! Crew and objectives in an exact replay: it is one only if they are what they were, with what they do by themselves.

// Feature: A replay has the crew and the objectives of the recording.
// Page: guide/replay.md#play-a-report

use std::path::{Path, PathBuf};
use std::time::Duration;

use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::SessionStarted;
use bevy_session::events::RecordingExt;
use bevy_session::prelude::*;
use bevy_session::recovery::{RestoreReason, RestoreStarted};
use bevy_session::replay::{Replay, ReplayManner, ReplayStep, Replaying};
use bevy_session::reports::Report;
use bevy_session_play::*;
use serde::{Deserialize, Serialize};

use crate::common::{Water, water_is};

/// A key that the player presses.
#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Pump;

/// The time for which the loading screen is shown.
const LOADING: Duration = Duration::from_millis(150);

/// The time since which the game is loaded.
#[derive(Resource, Default)]
struct LoadedFor(Duration);

/// The reasons of the restores in this process, and what the recorded game had done at that moment.
#[derive(Resource, Default)]
struct Restored(Vec<(RestoreReason, Option<RestoreReason>)>);

fn build(session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins.build().disable::<bevy::app::ScheduleRunnerPlugin>(), session))
        .add_plugins((CrewPlugin, ObjectivesPlugin))
        .add_objectives([Objective::new("cup"), Objective::new("well"), Objective::new("sea")])
        .complete_objective("cup", water_is(2))
        .complete_objective("well", water_is(50))
        .complete_objective("sea", water_is(120))
        .register_type::<Water>()
        .init_resource::<Water>()
        .init_resource::<LoadedFor>()
        .init_resource::<Restored>()
        .add_message::<Pump>()
        .add_systems(First, |time: Res<Time>, mut loaded: ResMut<LoadedFor>| {
            loaded.0 += time.delta();
        })
        .add_systems(FixedUpdate, pump.run_if(session_is_active))
        .restore_session_when(|loaded: Res<LoadedFor>| loaded.0 >= LOADING)
        .add_observer(|_: On<RestoreStarted>, mut loaded: ResMut<LoadedFor>| loaded.0 = default())
        .add_observer(|_: On<SessionStarted>, mut commands: Commands| {
            commands.crew().join("ann");
        })
        .add_observer(|_: On<CrewRestored>, crew: Res<Crew>, mut commands: Commands| {
            for player in crew.iter().filter(|member| !member.is_here()) {
                commands.crew().join(player.player().clone());
            }
        })
        .add_observer(
            |it: On<SessionRestored>,
             replaying: Option<Res<Replaying>>,
             mut restored: ResMut<Restored>| {
                restored.0.push((it.reason, replaying.and_then(|it| it.restored())));
            },
        )
        .record_inputs::<Pump>(FixedUpdate);
    app
}

fn pump(mut water: ResMut<Water>) {
    water.0 += 1;
}

fn frames(app: &mut App, count: u32) {
    for frame in 0..count {
        let length = Duration::from_millis(7 + u64::from(frame % 5) * 11);
        app.insert_resource(TimeUpdateStrategy::ManualDuration(length));
        app.update();
    }
}

fn start_up(directory: &Path) -> App {
    let origin = "2026-01-01T00:00:00Z".parse().unwrap();
    let session = SessionPlugin::new("Tests", "Well").directory(directory).clock_from(origin);
    let mut app = build(session);
    app.insert_resource(SessionSettings { autosave: false, ..default() });
    app.finish();
    app.cleanup();
    frames(&mut app, 3);
    app
}

fn play(app: &mut App, checkpoints: u32) {
    for _ in 0..checkpoints {
        frames(app, 24);
        app.world_mut().commands().session().checkpoint("well");
        frames(app, 3);
    }
}

/// A game in a session of its own, played for so many checkpoints.
fn started(directory: &Path, checkpoints: u32) -> App {
    let mut app = start_up(directory);
    app.world_mut().commands().session().start(NewSession::named("Well"));
    frames(&mut app, 3);
    play(&mut app, checkpoints);
    app
}

/// The differences of an exact replay from what was recorded, and the restores in it.
fn replayed(directory: &Path) -> (Vec<String>, Vec<(RestoreReason, Option<RestoreReason>)>) {
    let replay = Replay::open(directory).unwrap();
    let mut playback = replay.play(build, ReplayManner::Exact).unwrap();
    let (mut differences, mut frames) = (Vec::new(), 0);
    loop {
        match playback.step().unwrap() {
            ReplayStep::Frame => frames += 1,
            ReplayStep::Keyframe(reached) => {
                differences.extend(reached.divergence.map(|it| it.to_string()));
            }
            ReplayStep::End => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(frames > 60, "{frames} frames were on the tape");
    let restored = std::mem::take(&mut playback.world().resource_mut::<Restored>().0);
    (differences, restored)
}

/// A report of the last run, beside the sessions.
fn reported(directory: &Path) -> PathBuf {
    let report = directory.join("crash.report.tar");
    let mut app = start_up(directory);
    app.world_mut().commands().session().library().report(Report::of_last_run(), &report);
    frames(&mut app, 10);
    assert!(report.exists());
    report
}

#[test]
fn a_replay_has_the_crew_and_the_objectives_of_the_recording() {
    let directory = tempfile::tempdir().unwrap();
    let app = started(directory.path(), 3);
    assert!(app.world().resource::<Crew>().host().is_some());
    drop(app);
    let (differences, restored) = replayed(directory.path());
    assert_eq!(differences, Vec::<String>::new());
    assert_eq!(restored, [(RestoreReason::Replayed, None)]);
}

#[test]
fn a_player_who_joined_after_a_crash_joins_in_the_replay() {
    let directory = tempfile::tempdir().unwrap();
    let app = started(directory.path(), 2);
    let session = app.world().resource::<CurrentSession>().id();
    drop(app);
    let mut app = start_up(directory.path());
    app.world_mut().commands().session().recover(session, RestoreFrom::Latest);
    frames(&mut app, 20);
    assert!(app.world().resource::<Crew>().host().is_some_and(|it| it.is_here()));
    play(&mut app, 2);
    drop(app);
    let report = reported(directory.path());
    let (differences, restored) = replayed(directory.path());
    assert_eq!(differences, Vec::<String>::new());
    let recovered = Some(RestoreReason::Recovered);
    let expected = [(RestoreReason::Replayed, None), (RestoreReason::Replayed, recovered)];
    assert_eq!(restored, expected);
    // A report has one checkpoint, which isn't the one after the crash.
    let replay = Replay::open(&report).unwrap();
    assert_eq!(replay.keyframes().len(), 1);
    let mut playback = replay.play(build, ReplayManner::Exact).unwrap();
    let restored = std::mem::take(&mut playback.world().resource_mut::<Restored>().0);
    assert_eq!(restored, [(RestoreReason::Replayed, None)]);
}
