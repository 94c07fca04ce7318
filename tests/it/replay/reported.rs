//! Reports of a run that died long after its newest checkpoint.

use std::fs;
use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session::events::{RecordInputs, RecordingExt};
use bevy_session::prelude::*;
use bevy_session::replay::{Replay, ReplayManner, ReplayStep};
use bevy_session::reports::{Report, ReportWritten};
use serde::{Deserialize, Serialize};

use super::game::{Farm, Press, app_with, build, panics};
use super::play_through;
use crate::common::{frames, game_with, listen, received, request};

const FRAMES: usize = 1_000;
/// So that half a minute has as many inputs as other games have in several.
const PRESSES_IN_EACH_STEP: usize = 8;

/// A game that panics in the first frame after those, and the farm as that found it.
fn dies_late(directory: &Path) -> Farm {
    let mut game = app_with(directory, 7, |app| {
        app.add_systems(FixedUpdate, press_often.before(RecordInputs));
    });
    frames(&mut game, FRAMES);
    let farm = game.world().resource::<Farm>().clone();
    panics(game);
    farm
}

fn press_often(mut presses: MessageWriter<Press>) {
    presses.write_batch((0..PRESSES_IN_EACH_STEP).map(|_| Press { key: 0 }));
}

/// A word that nobody else is to read.
#[derive(Message, TypePath, Clone, Debug, Serialize, Deserialize)]
struct Whisper(String);

fn whisper(mut whispers: MessageWriter<Whisper>) {
    whispers.write(Whisper("the password".to_owned()));
}

/// Has a report of the last run written.
pub fn report(directory: &Path) -> PathBuf {
    let path = directory.join("report.tar");
    let plugin = SessionPlugin::new("Tests", "Farm").directory(directory).manual_writer();
    let mut app = game_with(plugin, listen::<ReportWritten>);
    let to = path.clone();
    request(&mut app, |commands| {
        commands.session().library().report(Report::of_last_run(), to);
    });
    frames(&mut app, 100);
    assert_eq!(received::<ReportWritten>(&app).len(), 1);
    path
}

#[test]
fn a_run_with_many_inputs_after_its_checkpoint_plays_again_to_its_panic() {
    let directory = tempfile::tempdir().unwrap();
    let farm = dies_late(directory.path());
    assert!(farm.presses > 10_000, "{farm:?}");
    let report = report(directory.path());
    let bytes = fs::metadata(&report).unwrap().len();
    assert!(bytes < 1 << 20, "{bytes}");

    let replay = Replay::open(&report).unwrap();
    assert_eq!((replay.keyframes().len(), replay.missing()), (1, 0));
    let mut playback = replay.play(build, ReplayManner::Exact).unwrap();
    let steps = play_through(&mut playback);
    assert!(matches!(steps[..], [ReplayStep::End]), "{steps:?}");
    let again = playback.world().resource::<Farm>();
    // The frame that panicked is played as well, and here nothing panics in it.
    assert!(again.seconds > farm.seconds, "{again:?} {farm:?}");
    assert!(again.presses >= farm.presses, "{again:?} {farm:?}");
}

#[test]
fn personal_and_private_inputs_are_counted_and_left_out_of_a_report() {
    for is_private in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let mut game = app_with(directory.path(), 7, |app| {
            app.add_message::<Whisper>().add_systems(FixedUpdate, whisper.before(RecordInputs));
            let recorded = app.record_inputs::<Whisper>(FixedUpdate);
            let _ = if is_private { recorded.private() } else { recorded.personal() };
        });
        frames(&mut game, 100);
        panics(game);

        let at_home = Replay::open(directory.path()).unwrap();
        let is_whisper = |path: &str| path.ends_with("Whisper");
        let whispers = at_home.events().filter(|it| is_whisper(&it.event_type.path)).count();
        assert!(whispers > 50, "{whispers}");
        let sent = Replay::open(report(directory.path())).unwrap();
        assert!(sent.has_inputs() && sent.missing() > 50, "{} missing", sent.missing());
        assert!(!sent.events().any(|it| is_whisper(&it.event_type.path)));
    }
}
