//! Archived sessions in a directory of their own.

// Feature: Archives may be on another drive; without it they are away, not lost.
// Page: guide/cleanup.md#archives-on-another-drive

use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session::library::{
    Archived, CleanupChange, CleanupFinished, CleanupReason, PlayerErased, Remaining,
};
use bevy_session::prelude::*;
use bevy_session::recovery::CorruptionDetected;
use bevy_session::rules::SessionRulesExt;
use bevy_session::{MemoryDisk, SessionId};

use crate::common::*;

const DRIVE: &str = "drive/arena";

fn game_with_archives(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk).archives_directory(DRIVE), |app| {
        listen::<CleanupFinished>(app);
        listen::<RequestRejected>(app);
        listen::<SessionRestored>(app);
        app.archive_ended_sessions(Archived::WithWorld);
    });
    frames(&mut app, 2);
    app
}

/// The files of a session: how many are in its own directory, the small ones aside, and how many on the drive.
fn files(disk: &MemoryDisk, session: SessionId) -> (usize, usize) {
    let name = session.to_string();
    let of_session = |path: &PathBuf| path.components().any(|part| part.as_os_str() == &*name);
    let is_small = |path: &PathBuf| {
        path.extension()
            .is_some_and(|it| it == "ron" || it == "manifest" || it == "place" || it == "owner")
    };
    let paths = disk.paths().into_iter();
    let (there, here): (Vec<_>, Vec<_>) = paths
        .filter(|path| of_session(path) && path.extension().is_some() && !is_small(path))
        .filter(|path| path.extension().is_some_and(|it| it != "lock"))
        .partition(|path| path.starts_with(DRIVE));
    (here.len(), there.len())
}

/// Cleans up until a move is over: Windows syncs no directories, so only the next cleanup ends one there.
fn clean_up(app: &mut App) -> CleanupFinished {
    let done = clean_up_once(app);
    let is_over =
        done.outcome.count(CleanupChange::MovedOut) > 0 || !done.outcome.refused.is_empty();
    if cfg!(windows) && !is_over { clean_up_once(app) } else { done }
}

fn clean_up_once(app: &mut App) -> CleanupFinished {
    request(app, |commands| commands.session().library().clean_up());
    frames(app, 60);
    received::<CleanupFinished>(app).pop().expect("the request should be answered")
}

/// Leaves the session, which goes into the archive.
fn archive(app: &mut App, session: SessionId) {
    close(app);
    frames(app, 4);
    request(app, |commands| commands.session().library().archive(session, Archived::WithWorld));
    frames(app, 20);
    assert!(entry(app, session).session.place.is_archived());
}

/// A game with a session that was archived and is on the drive.
fn moved(disk: &MemoryDisk) -> (App, SessionId) {
    let mut app = game_with_archives(disk);
    app.world_mut().spawn(Health(7));
    let session = begin(&mut app, NewSession::named("Garden"));
    seconds(&mut app, 2.0);
    archive(&mut app, session);
    let done = clean_up(&mut app).outcome;
    assert_eq!(done.count(CleanupChange::MovedOut), 1, "{done:?}");
    assert_eq!(done.sessions[0].reason, CleanupReason::PlaceOfArchives);
    assert!(done.freed > 0 && done.refused.is_empty(), "{done:?}");
    assert_eq!(files(disk, session), (0, 1));
    (app, session)
}

#[test]
fn an_archived_session_is_moved_to_the_directory_and_restored_from_it() {
    let disk = MemoryDisk::default();
    let (app, session) = moved(&disk);
    drop(app);
    let mut app = game_with_archives(&disk);
    let listed = entry(&app, session);
    assert!(listed.session.place.is_archived() && listed.bytes > 0, "{listed:?}");
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 4);
    let restored = received::<SessionRestored>(&app).remove(0);
    assert_eq!(restored.report.losses, []);
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().iter(world).map(|it| it.0).collect::<Vec<_>>(), [7]);
    seconds(&mut app, 2.0);
    archive(&mut app, session);
    assert_eq!(clean_up(&mut app).outcome.count(CleanupChange::MovedOut), 1);
    assert_eq!(files(&disk, session), (0, 1), "its newer file takes the place of the older one");
    assert_eq!(received::<RequestRejected>(&app).len(), 0);
}

#[test]
fn a_deleted_session_is_removed_from_the_archives_directory() {
    let disk = MemoryDisk::default();
    let (mut app, session) = moved(&disk);
    request(&mut app, |commands| commands.session().library().delete(session));
    frames(&mut app, 4);
    request(&mut app, |commands| commands.session().library().purge(session));
    frames(&mut app, 6);
    assert_eq!(files(&disk, session), (0, 0));
    assert_eq!(received::<RequestRejected>(&app).len(), 0);
    let left = disk.paths().into_iter().filter(|path| path.starts_with(DRIVE)).count();
    assert_eq!(left, 1, "the drive keeps its own id");
}

#[test]
fn an_erased_player_is_removed_from_the_archives_directory() {
    let disk = MemoryDisk::default();
    let mut app = game_with_archives(&disk);
    app.world_mut().spawn(Health(7));
    let session = begin(&mut app, NewSession::named("Garden").player("Ann"));
    seconds(&mut app, 2.0);
    request(&mut app, |commands| {
        commands.session().end(EndReason::Completed, LeaveCause::Player);
    });
    frames(&mut app, 20);
    clean_up(&mut app);
    assert_eq!(files(&disk, session), (0, 1));
    request(&mut app, |commands| commands.session().library().erase_player("Ann"));
    frames(&mut app, 60);
    assert_eq!(files(&disk, session), (0, 0));
}

#[test]
fn without_its_drive_a_session_is_neither_listed_nor_lost() {
    let disk = MemoryDisk::default();
    let (app, session) = moved(&disk);
    drop(app);
    let away = disk.snapshot();
    away.remove_all(Path::new("drive"));
    let mut app = game_with_archives(&away);
    listen::<CorruptionDetected>(&mut app);
    listen::<RecoveryFailed>(&mut app);
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 10);
    assert!(received::<RecoveryFailed>(&app).is_empty(), "it is away, and not lost");
    let listed = app.world().resource::<SessionCatalog>().get(session).cloned();
    assert!(listed.is_none_or(|entry| !entry.can_go_on()), "it can't be played on");
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 4);
    assert!(received::<SessionRestored>(&app).is_empty());
    assert_eq!(received::<RequestRejected>(&app).len(), 1);
    begin(&mut app, NewSession::named("Another"));
    seconds(&mut app, 2.0);
    let done = clean_up(&mut app).outcome;
    assert!(!done.is_complete, "{done:?}");
    assert!(received::<CorruptionDetected>(&app).is_empty());
    drop(app);
    for path in disk.paths().into_iter().filter(|path| path.starts_with(DRIVE)) {
        away.put(&path, &disk.content(&path).unwrap());
    }
    let app = game_with_archives(&away);
    assert!(entry(&app, session).session.place.is_archived());
}

#[test]
fn a_player_erased_without_the_drive_is_erased_there_once_it_is_back() {
    let disk = MemoryDisk::default();
    let mut app = game_with_archives(&disk);
    app.world_mut().spawn(Health(7));
    let mut play = |player: Option<&str>| {
        let new = NewSession::named("Garden");
        let new = match player {
            Some(player) => new.player(player),
            None => new,
        };
        let session = begin(&mut app, new);
        seconds(&mut app, 2.0);
        archive(&mut app, session);
        session
    };
    let (ann, ben, nobody) = (play(Some("Ann")), play(Some("Ben")), play(None));
    clean_up(&mut app);
    drop(app);
    let away = disk.snapshot();
    away.remove_all(Path::new("drive"));
    let mut app = game_with_archives(&away);
    listen::<PlayerErased>(&mut app);
    request(&mut app, |commands| commands.session().library().erase_player("Ann"));
    frames(&mut app, 60);
    let receipt = received::<PlayerErased>(&app).remove(0).receipt;
    let waits = receipt.remaining.iter().filter(|it| matches!(it, Remaining::Away { .. }));
    assert_eq!(waits.count(), 3, "{receipt:?}");
    assert!(!receipt.is_complete());
    drop(app);
    for path in disk.paths().into_iter().filter(|path| path.starts_with(DRIVE)) {
        away.put(&path, &disk.content(&path).unwrap());
    }
    let mut app = game_with_archives(&away);
    begin(&mut app, NewSession::named("Another"));
    seconds(&mut app, 2.0);
    clean_up(&mut app);
    assert_eq!(files(&away, ann), (0, 0));
    assert_eq!((files(&away, ben), files(&away, nobody)), ((0, 1), (0, 1)));
}
