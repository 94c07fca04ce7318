//! Inputs are played in the steps in which they were recorded, and each system reads each of them once.

use std::path::Path;
use std::time::Duration;

use bevy::app::FixedMainScheduleOrder;
use bevy::ecs::schedule::ScheduleLabel;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy::time::TimeUpdateStrategy;
use bevy_session::events::{RecordInputs, RecordingExt};
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreStarted;
use bevy_session::replay::{Playback, Replay, ReplayManner, ReplayStep};
use serde::{Deserialize, Serialize};

use super::play_through;
use crate::common::{Dice, Phase, frames, game_with, request};

/// A turn of the player. Turns are numbered in the order in which they are taken.
#[derive(Message, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Turn {
    number: i64,
}

/// Where the turns lead, which depends on the step of each.
#[derive(Resource, Reflect, Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Track {
    place: i64,
    turns: u64,
}

/// What was read by systems that don't run in the step of a turn. It isn't saved.
#[derive(Resource, Default, Clone, PartialEq, Debug)]
struct Heard {
    once_a_frame: Vec<i64>,
    /// In the step after that of the turn.
    late: Vec<i64>,
}

/// Frames that a loading screen still takes.
#[derive(Resource, Default)]
struct Loading(u32);

/// A schedule of the game's own.
#[derive(ScheduleLabel, Clone, PartialEq, Eq, Hash, Debug)]
struct Driving;

fn drive_in(app: &mut App, schedule: impl ScheduleLabel) {
    let schedule = schedule.intern();
    app.add_message::<Turn>()
        .init_resource::<Track>()
        .register_type::<Track>()
        .init_resource::<Heard>()
        .add_systems(
            schedule,
            drive.after(RecordInputs).run_if(session_is_active).run_if(not(session_is_restoring)),
        )
        .add_systems(FixedFirst, |mut turns: MessageReader<Turn>, mut heard: ResMut<Heard>| {
            heard.late.extend(turns.read().map(|turn| turn.number));
        })
        .add_systems(Update, |mut turns: MessageReader<Turn>, mut heard: ResMut<Heard>| {
            heard.once_a_frame.extend(turns.read().map(|turn| turn.number));
        });
    app.record_inputs::<Turn>(schedule);
}

fn drive(mut turns: MessageReader<Turn>, mut track: ResMut<Track>) {
    for turn in turns.read() {
        track.turns += 1;
        track.place = track.place.wrapping_mul(3).wrapping_add(turn.number);
    }
    track.place = track.place.wrapping_mul(5).wrapping_add(1);
}

fn drive_in_fixed_update(app: &mut App) {
    drive_in(app, FixedUpdate);
}

/// Only when its inputs are declared does the schedule become one of the fixed ones.
fn drive_among_the_fixed_schedules(app: &mut App) {
    drive_in(app, Driving);
    let mut order = app.world_mut().resource_mut::<FixedMainScheduleOrder>();
    order.insert_after(FixedUpdate, Driving);
}

/// A system of the fixed schedule runs another schedule.
fn drive_within_the_fixed_schedule(app: &mut App) {
    drive_in(app, Driving);
    app.add_systems(FixedUpdate, |world: &mut World| world.run_schedule(Driving));
}

/// The restore waits for a loading screen of some frames, in which the fixed clock goes on.
fn drive_with_a_loading_screen(app: &mut App) {
    drive_in_fixed_update(app);
    app.init_resource::<Loading>()
        .add_observer(|_: On<RestoreStarted>, mut loading: ResMut<Loading>| loading.0 = 12)
        .add_systems(Last, |mut loading: ResMut<Loading>| {
            loading.0 = loading.0.saturating_sub(1);
        })
        .restore_session_when(|loading: Res<Loading>| loading.0 == 0);
}

/// Plays some seconds in frames of up to four steps, with `fewest` turns in each step or up to two more.
fn record(directory: &Path, fewest: u64, schedule: impl ScheduleLabel, add: impl FnOnce(&mut App)) {
    let (mut dice, mut number) = (Dice(5), 0);
    let player = move |mut turns: MessageWriter<Turn>| {
        for _ in 0..fewest + dice.roll(3) {
            number += 1;
            turns.write(Turn { number });
        }
    };
    let mut dice = Dice(51);
    let length = move |mut next: ResMut<TimeUpdateStrategy>| {
        *next = TimeUpdateStrategy::ManualDuration(Duration::from_micros(1 + dice.roll(60_000)));
    };
    let origin = "2026-01-01T00:00:00Z".parse().unwrap();
    let plugin = SessionPlugin::new("Tests", "Track").directory(directory).clock_from(origin);
    let mut app = game_with(plugin, |app| {
        add(app);
        app.insert_resource(SessionSettings { autosave: false, ..default() })
            .add_systems(First, length)
            .add_systems(schedule, player.before(RecordInputs).run_if(session_is_active));
    });
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().start(NewSession::named("Track")));
    frames(&mut app, 3);
    for _ in 0..4 {
        frames(&mut app, 33);
        request(&mut app, |commands| commands.session().checkpoint("here"));
        frames(&mut app, 3);
    }
}

fn replay(directory: &Path, add: impl Fn(&mut App) + 'static) -> Playback {
    let build = move |session: SessionPlugin| {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, StatesPlugin, session))
            .init_state::<Phase>()
            .save_state::<Phase>();
        add(&mut app);
        app
    };
    Replay::open(directory).unwrap().play(build, ReplayManner::Exact).unwrap()
}

/// Plays to the end. The fields of the track that differ from what was recorded.
fn different_fields(playback: &mut Playback) -> Vec<String> {
    let (mut fields, mut compared) = (Vec::new(), 0);
    for step in play_through(playback) {
        let ReplayStep::Keyframe(reached) = step else { continue };
        compared += u32::from(reached.frames > 0);
        let differences = reached.divergence.iter().flat_map(|it| &it.differences);
        let of_track = differences
            .filter(|it| it.type_path.as_deref().is_some_and(|path| path.ends_with("::Track")));
        fields.extend(of_track.map(|it| it.field.clone()));
    }
    assert!(compared >= 2, "{compared} checkpoints were played to");
    fields
}

/// Without the correction, the loading screen's steps take turns of what was played before, and the first step after it
/// reads the last of them.
#[test]
fn inputs_before_a_loading_screen_are_not_read_after_it() {
    let directory = tempfile::tempdir().unwrap();
    record(directory.path(), 1, FixedUpdate, drive_in_fixed_update);
    let mut playback = replay(directory.path(), drive_with_a_loading_screen);
    for moment in [2_500, 1_200] {
        playback.seek(Duration::from_millis(moment)).unwrap();
    }
    let fields = different_fields(&mut playback);
    assert!(fields.is_empty(), "{fields:?}");
}

/// Without the correction, the recorded world of a checkpoint gets the first turns after it while it waits for the
/// loading screen, and once more when they are due.
#[test]
fn after_a_divergence_the_next_inputs_come_once() {
    let directory = tempfile::tempdir().unwrap();
    record(directory.path(), 1, FixedUpdate, drive_in_fixed_update);
    let mut playback = replay(directory.path(), |app| {
        drive_with_a_loading_screen(app);
        let drift = |mut track: ResMut<Track>| track.place = track.place.wrapping_add(1);
        app.add_systems(FixedUpdate, drift.run_if(session_is_active));
    });
    let fields = different_fields(&mut playback);
    assert!(fields.len() >= 2, "{fields:?}");
    assert!(fields.iter().all(|field| field == ".place"), "{fields:?}");
}

/// Without the correction, the turns of the last step before the restore are still there, and are read in the first
/// step after it.
#[test]
fn unread_inputs_before_a_restore_are_dropped() {
    let directory = tempfile::tempdir().unwrap();
    record(directory.path(), 1, FixedUpdate, drive_in_fixed_update);
    let mut playback = replay(directory.path(), drive_in_fixed_update);
    let mut played = 0;
    let step = playback.run_until(|world, step| {
        let is_frame = matches!(step, ReplayStep::Frame);
        played += u32::from(is_frame);
        let messages = world.resource::<Messages<Turn>>();
        is_frame && played > 20 && messages.iter_current_update_messages().len() > 0
    });
    assert!(matches!(step.unwrap(), ReplayStep::Frame));
    let begin = playback.replay().keyframes()[0].play_time;
    playback.seek(begin).unwrap();
    assert!(playback.world().resource::<Messages<Turn>>().is_empty());
    playback.world().resource_mut::<Heard>().late.clear();
    for _ in 0..10 {
        assert!(matches!(playback.step().unwrap(), ReplayStep::Frame));
    }
    let late = &playback.world().resource::<Heard>().late;
    assert!(late.len() > 1 && late.is_sorted(), "{late:?}");
}

/// Plays with something added to the build. What is read in other steps, and that it changes nothing of the track.
fn heard(directory: &Path, add: impl Fn(&mut App) + 'static) -> Heard {
    let mut playback = replay(directory, move |app| {
        drive_in_fixed_update(app);
        add(app);
    });
    let fields = different_fields(&mut playback);
    assert!(fields.is_empty(), "{fields:?}");
    playback.world().resource::<Heard>().clone()
}

/// A system that still takes turns in a replay, which the tape overrules.
fn take_turns(app: &mut App, schedule: impl ScheduleLabel, count: usize) {
    let take = move |mut turns: MessageWriter<Turn>| {
        turns.write_batch((0..count).map(|_| Turn { number: -1 }));
    };
    app.add_systems(schedule, take.before(RecordInputs));
}

fn follow_each_other(numbers: &[i64]) -> bool {
    numbers.len() > 50 && numbers.windows(2).all(|pair| pair[1] == pair[0] + 1)
}

/// Without the correction, a frame's second step drops the turns of its first one, with those of the system that still
/// takes some, before they are read once a frame.
#[test]
fn inputs_of_all_steps_of_a_frame_are_read_once_a_frame_also_if_the_game_writes_its_own() {
    let directory = tempfile::tempdir().unwrap();
    record(directory.path(), 1, FixedUpdate, drive_in_fixed_update);
    let expected = heard(directory.path(), |_| {});
    assert!(follow_each_other(&expected.once_a_frame), "{expected:?}");
    assert!(follow_each_other(&expected.late), "a checkpoint drops none: {expected:?}");
    // No more than are due in each step.
    let played = heard(directory.path(), |app| take_turns(app, FixedUpdate, 1));
    assert_eq!(played, expected);
    // More, which other systems have read already, but none of the step.
    heard(directory.path(), |app| take_turns(app, Last, 2));
}

/// Without the correction, the schedule counts as one that runs once a frame, and all turns of a frame come in its
/// first step.
#[test]
fn a_schedule_that_the_game_runs_in_each_step_gets_each_input_in_its_step() {
    let ways: [fn(&mut App); 2] =
        [drive_among_the_fixed_schedules, drive_within_the_fixed_schedule];
    for add in ways {
        let directory = tempfile::tempdir().unwrap();
        record(directory.path(), 0, Driving, add);
        let fields = different_fields(&mut replay(directory.path(), add));
        assert!(fields.is_empty(), "{fields:?}");
    }
}
