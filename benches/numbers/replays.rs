//! The speed of an exact replay, of a seek, and of the start of the next build.

use std::path::Path;
use std::time::{Duration, Instant};

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::SessionStatus;
use bevy_session::events::{RecordInputs, RecordingExt};
use bevy_session::prelude::*;
use bevy_session::replay::{Playback, Replay, ReplayManner, ReplayStep};
use serde::{Deserialize, Serialize};

use crate::game::{request, start};
use crate::measure::{median, row};

/// A step of Bevy's fixed schedule.
const FRAME: Duration = Duration::from_nanos(15_625_000);
const COLONY: u32 = 2_000;
/// Steps between two checkpoints: half a minute.
const BETWEEN_CHECKPOINTS: u32 = 1_920;

/// A member of the colony, who digs and walks in each step.
#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Member {
    number: u32,
    at: [f32; 2],
    mined: u32,
}

/// Where the colony is sent.
#[derive(Message, TypePath, Clone, Serialize, Deserialize)]
struct Send {
    to: [f32; 2],
}

#[derive(Resource, Reflect, Clone, Default, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Goal {
    at: [f32; 2],
    steps: u32,
}

pub fn replays() {
    let directory = tempfile::tempdir().expect("a directory for a moment");
    let played = record(plugin(directory.path()), 120);
    let times: Vec<Duration> = (0..5)
        .map(|_| {
            let mut playback = open(directory.path());
            let begun = Instant::now();
            play_through(&mut playback);
            begun.elapsed()
        })
        .collect();
    let times_real = played.as_secs_f64() / median(times).as_secs_f64();
    row(
        "exact replay of a colony of 2,000 that all move, a checkpoint every 30 s (aim ≥ 20 × real time)",
        format!("{times_real:.0} × real time"),
    );
}

/// Takes a minute or more, so it is measured where it is named.
pub fn hour() {
    let directory = tempfile::tempdir().expect("a directory for a moment");
    let played = record(plugin(directory.path()), 3_600);
    let mut playback = open(directory.path());
    let keyframes = playback.replay().keyframes().len();
    let mut times = Vec::new();
    for place in 1..20 {
        let moment = played * (place * 7 % 20) / 20 + Duration::from_secs(29);
        let begun = Instant::now();
        playback.seek(moment).expect("it can be gone to");
        times.push(begun.elapsed());
    }
    times.sort();
    let slowest = times.last().copied().unwrap_or_default().as_secs_f64() * 1_000.0;
    let median = median(times).as_secs_f64() * 1_000.0;
    row(
        "a seek in an hour of that, to just before a checkpoint (aim ≤ 1,000 ms)",
        format!("{median:.0} ms, the slowest {slowest:.0} ms; {keyframes} checkpoints"),
    );
}

/// A developer rebuilds, and the game starts where it was.
pub fn rebuild() {
    let directory = tempfile::tempdir().expect("a directory for a moment");
    let plugin = || plugin(directory.path()).development(true).resume_in_development(true);
    record(plugin(), 60);
    let times: Vec<Duration> = (0..9)
        .map(|_| {
            let begun = Instant::now();
            let mut app = build(plugin());
            app.finish();
            app.cleanup();
            let is_played = |app: &App| {
                let current = app.world().get_resource::<CurrentSession>();
                current.is_some_and(|current| current.status() == SessionStatus::Active)
            };
            while !is_played(&app) {
                app.update();
            }
            let world = app.world_mut();
            let members = world.query::<&Member>().iter(world).count();
            assert_eq!(members, COLONY as usize);
            begun.elapsed()
        })
        .collect();
    row(
        "from the start of a rebuilt game to the world of 2,000 that the last build left (aim ≤ 1,000 ms)",
        format!("{:.0} ms", median(times).as_secs_f64() * 1_000.0),
    );
}

fn plugin(directory: &Path) -> SessionPlugin {
    SessionPlugin::new("Bench", "Numbers").directory(directory)
}

fn build(session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), session))
        .init_resource::<Goal>()
        .add_message::<Send>()
        .add_systems(
            FixedUpdate,
            (
                (|goal: Res<Goal>, mut sends: MessageWriter<Send>| {
                    if goal.steps.is_multiple_of(8) {
                        let turn = (goal.steps as f32 / 100.0).sin();
                        sends.write(Send { to: [turn * 500.0, turn * turn * 300.0] });
                    }
                })
                .before(RecordInputs),
                walk.after(RecordInputs),
            )
                .run_if(session_is_active),
        );
    app.record_inputs::<Send>(FixedUpdate);
    app
}

fn walk(
    mut sends: MessageReader<Send>,
    mut goal: ResMut<Goal>,
    time: Res<Time>,
    mut members: Query<&mut Member>,
) {
    goal.steps += 1;
    if let Some(send) = sends.read().last() {
        goal.at = send.to;
    }
    for mut member in &mut members {
        let [x, y] = member.at;
        let [to_x, to_y] = goal.at;
        let speed = time.delta_secs() * (1.0 + (member.number % 7) as f32 * 0.1);
        member.at = [x + (to_x - x) * speed, y + (to_y - y) * speed];
        member.mined += u32::from((x - to_x).abs() < 10.0);
    }
}

/// Plays so many seconds. Returns the play time.
fn record(plugin: SessionPlugin, seconds: u32) -> Duration {
    let mut app = build(plugin);
    app.insert_resource(TimeUpdateStrategy::ManualDuration(FRAME));
    app.finish();
    app.cleanup();
    app.update();
    app.world_mut().resource_mut::<SessionSettings>().autosave = false;
    let members = (0..COLONY).map(|number| Member { number, at: [number as f32, 0.0], mined: 0 });
    app.world_mut().spawn_batch(members.collect::<Vec<_>>());
    start(&mut app);
    for step in 1..=seconds * 64 {
        app.update();
        if step.is_multiple_of(BETWEEN_CHECKPOINTS) {
            request(&mut app, |commands| commands.session().checkpoint("half a minute"));
            until_saved(&mut app);
        }
    }
    app.world().resource::<CurrentSession>().play_time()
}

fn until_saved(app: &mut App) {
    let newest = |app: &App| {
        app.world().resource::<CurrentSession>().last_checkpoint().map(|newest| newest.id)
    };
    let before = newest(app);
    while newest(app) == before {
        app.update();
    }
}

fn open(directory: &Path) -> Playback {
    let replay = Replay::open(directory).expect("it can be opened");
    replay.play(build, ReplayManner::Exact).expect("it can be played")
}

fn play_through(playback: &mut Playback) {
    let step = playback
        .run_until(|_, step| {
            if let ReplayStep::Keyframe(reached) = step {
                assert!(reached.divergence.is_none(), "{reached}");
            }
            false
        })
        .expect("it can be played");
    assert!(matches!(step, ReplayStep::End), "{step:?}");
}
