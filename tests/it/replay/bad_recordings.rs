//! Recordings of another game, damaged, and cut.

// Feature: A replay says where its recording has a gap, and what this build lacks.
// Page: guide/replay.md#what-can-go-wrong

use std::fs;
use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::replay::{KeyframeReached, Playback, Replay, ReplayManner, ReplayStep};
use serde::{Deserialize, Serialize};

use super::game::{app, app_with, build, play_seconds};
use super::play_through;

/// Plays some seconds, with a checkpoint at the end of each, and is killed.
fn recorded(directory: &Path, seconds: u32) {
    let mut game = app(directory, 41);
    play_seconds(&mut game, seconds);
}

fn file_of_events(directory: &Path) -> PathBuf {
    let mut waiting = vec![directory.to_owned()];
    let mut found = Vec::new();
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => waiting.push(path),
                false if path.extension().is_some_and(|it| it == "events") => found.push(path),
                false => {}
            }
        }
    }
    let [file] = &found[..] else { panic!("{found:?}") };
    file.clone()
}

fn keyframes(playback: &mut Playback) -> Vec<KeyframeReached> {
    let steps = play_through(playback).into_iter();
    let reached = steps.filter_map(|step| match step {
        ReplayStep::Keyframe(reached) => Some(*reached),
        _ => None,
    });
    reached.collect()
}

fn exact(directory: &Path) -> Playback {
    Replay::open(directory).unwrap().play(build, ReplayManner::Exact).unwrap()
}

#[test]
fn a_damaged_stretch_is_a_gap_and_all_else_is_played() {
    let directory = tempfile::tempdir().unwrap();
    recorded(directory.path(), 6);
    let whole = keyframes(&mut exact(directory.path()));
    assert!(whole.iter().all(|it| it.frames > 0 && !it.after_gap), "{whole:?}");
    let path = file_of_events(directory.path());
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 8].fill(0xa5);
    fs::write(&path, bytes).unwrap();

    let replay = Replay::open(directory.path()).unwrap();
    assert!(replay.missing() > 0);
    let mut playback = replay.play(build, ReplayManner::Exact).unwrap();
    let reached = keyframes(&mut playback);
    assert_eq!(reached.len(), whole.len());
    let unlike: Vec<_> =
        reached.iter().filter(|it| it.after_gap || it.divergence.is_some()).collect();
    // Where frames are missing it is a gap; where only inputs are, the world says so.
    assert_eq!(unlike.len(), 1, "{reached:#?}");
}

#[test]
fn a_recording_that_was_cut_is_played_as_far_as_it_goes() {
    let directory = tempfile::tempdir().unwrap();
    recorded(directory.path(), 6);
    let whole = keyframes(&mut exact(directory.path()));
    let path = file_of_events(directory.path());
    let length = fs::metadata(&path).unwrap().len();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length / 2).unwrap();

    let mut playback = exact(directory.path());
    let reached = keyframes(&mut playback);
    assert_eq!(reached.len(), whole.len());
    assert!(reached[0].frames > 0 && reached[0].divergence.is_none(), "{reached:#?}");
    let last = reached.last().unwrap();
    assert_eq!((last.frames, last.after_gap), (0, true), "{reached:#?}");
    assert!(last.to_string().contains("gap"), "{last}");
}

/// What other builds don't save.
#[derive(Component, TypePath, Clone, Serialize, Deserialize)]
struct Barn;

#[test]
fn a_recording_of_another_build_names_types_missing_here() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = app_with(directory.path(), 42, |app| {
        app.save_component::<Barn>();
    });
    game.world_mut().spawn((Barn, Saved));
    play_seconds(&mut game, 1);
    drop(game);
    let replay = Replay::open(directory.path()).unwrap();
    let context = replay.context().unwrap();
    assert_eq!(context.game, "Tests/Farm", "{context:?}");
    let mut playback = replay.play(build, ReplayManner::Keyframes).unwrap();
    playback.step().unwrap();
    let [lost] = playback.losses() else { panic!("{:?}", playback.losses()) };
    assert!(lost.type_path.ends_with("::Barn"), "{lost:?}");
}
