//! Left-over files are removed by a start that resumes a session, and by no other.

// Feature: Unfinished files, locks and records of dead processes are removed.
// Page: guide/cleanup.md#steps

use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session::external::Operation;
use bevy_session::library::SessionPurged;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RequestError, SessionId};

use crate::common::*;

const STATE: &str = "sessions/state";

fn listening_game(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), |app| {
        listen::<SessionPurged>(app);
        listen::<RequestRejected>(app);
    });
    frames(&mut app, 2);
    app
}

/// A disk with a session that was left.
fn played() -> (MemoryDisk, SessionId) {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Left");
    let id = app.world().resource::<CurrentSession>().id();
    seconds(&mut app, 2.0);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    drop(app);
    (disk.snapshot(), id)
}

fn state(name: &str) -> PathBuf {
    Path::new(STATE).join(name)
}

fn session(id: SessionId) -> PathBuf {
    Path::new("sessions/data/profiles/default/sessions").join(id.to_string())
}

fn is_there(disk: &MemoryDisk, path: &Path) -> bool {
    disk.content(path).is_some()
}

/// Lays around what processes leave behind that die.
fn litter(disk: &MemoryDisk, id: SessionId) -> Vec<PathBuf> {
    let unknown = SessionId::random();
    let litter = vec![
        state("process-00000000000000aa.record"),
        state("process-00000000000000aa.lock"),
        state("process-00000000000000ab.record.0123456789abcdef.new"),
        state("process-00000000000000ac.lock"),
        state("host.0123456789abcdef.new"),
        state(&format!("{id}.trial.0123456789abcdef.new")),
        state(&format!("{unknown}.trial")),
        state(&format!("{unknown}.lock")),
        session(id).join("session.ron.0123456789abcdef.new"),
    ];
    litter.iter().for_each(|path| disk.put(path, b"left behind"));
    litter
}

#[test]
fn resuming_a_session_removes_leftover_files() {
    let (disk, id) = played();
    let litter = litter(&disk, id);
    let others = [
        state("notes.txt"),
        state(&format!("{id}.trial")),
        session(id).join("notes.new"),
        session(id).join("other.0123456789abcdef.new.bak"),
    ];
    others.iter().for_each(|path| disk.put(path, b"somebody's"));

    let mut app = listening_game(&disk);
    long(&mut app, 30);
    let left: Vec<_> = litter.iter().filter(|path| !is_there(&disk, path)).collect();
    assert!(left.is_empty(), "who only looks removes nothing: {left:?}");

    app.world_mut().spawn(Health(2));
    start(&mut app, "Taken up");
    seconds(&mut app, 5.0);
    let left: Vec<_> = litter.iter().filter(|path| is_there(&disk, path)).collect();
    assert!(left.is_empty(), "{left:?}");
    let gone: Vec<_> = others.iter().filter(|path| !is_there(&disk, path)).collect();
    assert!(gone.is_empty(), "{gone:?}");
    request(&mut app, |commands| commands.session().checkpoint("still held"));
    frames(&mut app, 3);
    drop(app);
    assert_eq!(listening_game(&disk).world().resource::<SessionCatalog>().sessions().len(), 2);
}

/// Another process may begin to play it just now.
#[test]
fn the_lock_file_of_an_existing_session_is_not_removed() {
    let (disk, id) = played();
    let lock = state(&format!("{id}.lock"));
    disk.put(&lock, b"");
    let mut app = listening_game(&disk);
    app.world_mut().spawn(Health(2));
    start(&mut app, "Taken up");
    seconds(&mut app, 5.0);
    assert!(is_there(&disk, &lock));
}

#[test]
fn files_of_living_processes_are_not_removed() {
    let (disk, id) = played();
    // Another process of the game, which may be in the middle of anything.
    let mut other = listening_game(&disk);
    let own = disk
        .paths()
        .into_iter()
        .find(|path| path.starts_with(STATE) && path.extension().is_some_and(|it| it == "record"));
    let own = own.unwrap();
    let half = own.with_file_name(format!(
        "{}.0123456789abcdef.new",
        own.file_name().unwrap().to_string_lossy()
    ));
    let any = state("host.0123456789abcdef.new");
    let aside = own.with_file_name(format!("{}.old", own.file_name().unwrap().to_string_lossy()));
    for path in [&half, &any, &aside, &state("host.old")] {
        disk.put(path, b"");
    }
    let dead = state("process-00000000000000ab.record.0123456789abcdef.new");
    disk.put(&dead, b"");
    other.world_mut().spawn(Health(1));
    start(&mut other, "The other's");

    let mut app = listening_game(&disk);
    app.world_mut().spawn(Health(2));
    start(&mut app, "Taken up");
    seconds(&mut app, 5.0);
    assert!(is_there(&disk, &half) && is_there(&disk, &any), "it may be writing them");
    assert!(is_there(&disk, &aside) && is_there(&disk, &state("host.old")), "it may be replacing");
    assert!(!is_there(&disk, &dead), "who wrote that is gone");
    other.world_mut().spawn(Health(3));
    seconds(&mut other, 6.0);
    assert!(other.world().resource::<CurrentSession>().last_checkpoint().unwrap().id.counter > 1);
    assert!(!disk.paths().iter().any(|path| *path == state(&format!("{id}.lock"))));
}

#[test]
fn files_put_aside_are_removed_unless_they_are_the_only_copy() {
    let (disk, id) = played();
    let old = |path: &Path| PathBuf::from(format!("{}.old", path.display()));
    let places = [state("host"), session(id).join("session.ron")];
    places.iter().for_each(|place| disk.put(&old(place), b"older"));
    let only_copies =
        [state("process-00000000000000ab.record.old"), state(&format!("{id}.trial.old"))];
    let others =
        [state("notes.txt"), state("notes.txt.old"), session(id).join("session.ron.old.old")];
    only_copies.iter().chain(&others).for_each(|path| disk.put(path, b"the only one"));

    let mut app = listening_game(&disk);
    long(&mut app, 30);
    assert!(
        places.iter().all(|place| is_there(&disk, &old(place))),
        "who only looks removes nothing"
    );
    app.world_mut().spawn(Health(2));
    start(&mut app, "Taken up");
    seconds(&mut app, 5.0);
    for place in &places {
        assert!(is_there(&disk, place) && !is_there(&disk, &old(place)), "{place:?}");
    }
    let gone: Vec<_> =
        only_copies.iter().chain(&others).filter(|path| !is_there(&disk, path)).collect();
    assert!(gone.is_empty(), "{gone:?}");
}

#[test]
fn deleting_a_missing_session_leaves_no_lock_file() {
    let (disk, id) = played();
    let mut app = listening_game(&disk);
    disk.remove_all(&session(id));
    request(&mut app, |commands| commands.session().library().purge(id));
    frames(&mut app, 3);
    let [rejected] = &received::<RequestRejected>(&app)[..] else {
        panic!("it should be rejected")
    };
    assert_eq!(rejected.error, RequestError::UnknownSession);
    assert!(!is_there(&disk, &state(&format!("{id}.lock"))));
}

/// A session that was deleted, but for the files that were in the way.
fn half_forgotten() -> (MemoryDisk, SessionId) {
    let (disk, id) = played();
    let mut app = listening_game(&disk);
    disk.fail_after(Operation::Remove, 1, std::io::ErrorKind::PermissionDenied);
    request(&mut app, |commands| commands.session().library().purge(id));
    frames(&mut app, 3);
    assert!(received::<SessionPurged>(&app).is_empty());
    drop(app);
    disk.heal();
    let left = disk.paths().into_iter().filter(|path| path.starts_with(session(id))).count();
    assert!(left > 0, "something should be left");
    (disk.snapshot(), id)
}

#[test]
fn a_session_that_was_half_deleted_is_deleted_to_the_end() {
    let (disk, id) = half_forgotten();
    let left = |disk: &MemoryDisk| {
        disk.paths().into_iter().filter(|path| path.starts_with(session(id))).count()
    };
    let mut app = listening_game(&disk);
    long(&mut app, 10);
    assert!(left(&disk) > 0, "who only looks removes nothing");
    app.world_mut().spawn(Health(2));
    start(&mut app, "Taken up");
    seconds(&mut app, 5.0);
    assert_eq!(left(&disk), 0);
}

#[test]
fn a_deletion_begun_on_another_machine_is_not_finished_here() {
    let (disk, id) = half_forgotten();
    let elsewhere = MemoryDisk::default();
    let mut app = listening_game(&elsewhere);
    elsewhere.take_from(&disk, Path::new("sessions/data"));
    elsewhere.put(&session(id).join("session.ron.0123456789abcdef.new"), b"being written");
    // A slot is written there by who fetches the session, and by nobody else.
    let fetched = session(id).join("boss.save.0123456789abcdef.new");
    elsewhere.put(&fetched, b"fetched");
    let before = elsewhere.paths().iter().filter(|path| path.starts_with(session(id))).count();
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 3);
    app.world_mut().spawn(Health(2));
    start(&mut app, "On a shared disk");
    seconds(&mut app, 5.0);
    let after = elsewhere.paths().iter().filter(|path| path.starts_with(session(id))).count();
    assert_eq!(after, before - 1);
    assert_eq!(elsewhere.content(&fetched), None);
}
