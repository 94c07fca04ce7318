//! A pipe, a directory, or a link to itself in the place of each file: nothing waits, nothing of it is
//! touched, and the session beside it is what it was.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::CorruptionDetected;
use bevy_session::slots::SlotFailed;
use bevy_session::{RecoveryFailed, SessionId};

use crate::common::*;

/// Things that can be in the place of a file.
const KINDS: [&str; 3] = ["pipe", "directory", "link to itself"];

fn lay(kind: &str, path: &Path) {
    let _ = fs::remove_file(path);
    match kind {
        "pipe" => assert!(Command::new("mkfifo").arg(path).status().unwrap().success()),
        "directory" => fs::create_dir(path).unwrap(),
        _ => symlink(path.file_name().unwrap(), path).unwrap(),
    }
}

fn is_still_there(kind: &str, path: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(path) else { return false };
    match kind {
        "pipe" => metadata.file_type().is_fifo(),
        "directory" => metadata.is_dir(),
        _ => metadata.is_symlink(),
    }
}

fn real_game(root: &Path) -> App {
    let plugin =
        SessionPlugin::new("Tests", "Game").version("1.2.3").directory(root).manual_writer();
    game_with(plugin, |app| {
        listen::<CorruptionDetected>(app);
        listen::<RecoveryAvailable>(app);
        listen::<RecoveryFailed>(app);
        listen::<SessionRestored>(app);
        listen::<CheckpointSaved>(app);
        listen::<CheckpointFailed>(app);
        listen::<SlotSaved>(app);
        listen::<SlotFailed>(app);
    })
}

/// A session that was closed, with health 7 and a slot.
fn closed_session(root: &Path) -> SessionId {
    let mut app = real_game(root);
    app.world_mut().spawn(Health(7));
    start(&mut app, "Among pipes");
    let session = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Slot")));
    frames(&mut app, 6);
    assert_eq!(received::<SlotSaved>(&app).len(), 1);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 4);
    session
}

fn find(root: &Path, ending: &str) -> PathBuf {
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                waiting.push(entry.path());
            } else if entry.file_name().to_string_lossy().ends_with(ending) {
                return entry.path();
            }
        }
    }
    panic!("there should be a file that ends with {ending}")
}

/// Goes on with the session, and takes a checkpoint in it.
fn goes_on(app: &mut App, session: SessionId, what: &str) {
    frames(app, 2);
    request(app, |commands| commands.session().continue_session(session));
    frames(app, 8);
    assert_eq!(
        received::<SessionRestored>(app).len(),
        1,
        "{what}: {:?}",
        received::<RecoveryFailed>(app)
    );
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().single(world).unwrap().0, 7, "{what}");
    assert!(!received::<CheckpointSaved>(app).is_empty(), "{what}");
}

#[test]
fn a_non_file_beside_the_journal_is_reported_and_kept() {
    for kind in KINDS {
        let root = tempfile::tempdir().unwrap();
        let session = closed_session(root.path());
        let path = find(root.path(), ".journal").with_file_name("0-extra.journal");
        lay(kind, &path);
        let mut app = real_game(root.path());
        goes_on(&mut app, session, kind);
        let files: Vec<PathBuf> = received::<CorruptionDetected>(&app)
            .into_iter()
            .flat_map(|detected| detected.files)
            .collect();
        assert!(files.contains(&path), "{kind} should be reported by its name: {files:?}");
        assert!(is_still_there(kind, &path), "{kind}");
    }
}

#[test]
fn a_non_file_in_the_place_of_a_small_file_delays_nothing() {
    for kind in KINDS {
        for name in ["host", "process-00000000000000aa.record", "{session}.trial"] {
            let root = tempfile::tempdir().unwrap();
            let session = closed_session(root.path());
            let state = find(root.path(), "host").parent().unwrap().to_owned();
            let path = state.join(name.replace("{session}", &session.to_string()));
            lay(kind, &path);
            let what = format!("{kind} in the place of {name}");
            let mut app = real_game(root.path());
            goes_on(&mut app, session, &what);
            assert!(is_still_there(kind, &path), "{what}");
        }
    }
}

#[test]
fn a_non_file_in_the_place_of_a_lock_stops_the_restore_and_no_frame() {
    for kind in KINDS {
        let root = tempfile::tempdir().unwrap();
        let session = closed_session(root.path());
        let state = find(root.path(), "host").parent().unwrap().to_owned();
        let path = state.join(format!("{session}.lock"));
        lay(kind, &path);
        let mut app = real_game(root.path());
        request(&mut app, |commands| commands.session().continue_session(session));
        frames(&mut app, 8);
        assert!(received::<SessionRestored>(&app).is_empty(), "{kind}: such a lock can't be held");
        assert!(is_still_there(kind, &path), "{kind}");
    }
}

#[test]
fn a_non_file_in_the_place_of_a_slot_is_kept_and_the_slot_written_beside_it() {
    for kind in KINDS {
        let root = tempfile::tempdir().unwrap();
        let session = closed_session(root.path());
        let path = find(root.path(), ".save");
        lay(kind, &path);
        let mut app = real_game(root.path());
        goes_on(&mut app, session, kind);
        request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Slot")));
        frames(&mut app, 6);
        assert_eq!(
            received::<SlotSaved>(&app).len(),
            1,
            "{kind}: {:?}",
            received::<SlotFailed>(&app)
        );
        assert!(is_still_there(kind, &path), "{kind}");
    }
}

#[test]
fn a_link_to_a_journal_is_read_as_the_journal() {
    let root = tempfile::tempdir().unwrap();
    let session = closed_session(root.path());
    let journal = find(root.path(), ".journal");
    let elsewhere = root.path().join("elsewhere");
    fs::rename(&journal, &elsewhere).unwrap();
    symlink(&elsewhere, &journal).unwrap();
    let mut app = real_game(root.path());
    goes_on(&mut app, session, "link");
    assert!(elsewhere.exists(), "what a link leads to is somebody else's");
}
