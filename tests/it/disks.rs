//! Disks that are written outside of this project: the kit that checks them, and a session on one.

mod broken_disk;
mod shelf_disk;

use std::collections::BTreeSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use bevy::prelude::*;
use bevy_session::library::disk::Disk;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RequestError, SessionId};
use bevy_session_journal::disk::conformance::{CHECKS, DiskUnderTest, check_all};

use self::broken_disk::{BrokenDisk, FAULTS};
use self::shelf_disk::ShelfDisk;
use crate::common::*;

#[test]
fn a_custom_disk_keeps_the_contract() {
    check_all(|| DiskUnderTest::new(Arc::new(ShelfDisk::default()), ""));
    check_all(|| {
        let disk = ShelfDisk::default();
        disk.create_dir(Path::new("saves")).unwrap();
        DiskUnderTest::new(Arc::new(disk.clone()), "saves").seen_by_another_process(Arc::new(disk))
    });
}

// Feature: Sessions can be kept on a disk of the game's own; a kit checks it sentence by sentence.
#[test]
fn the_kit_finds_what_each_broken_disk_breaks() {
    check_all(|| BrokenDisk::new(None).under_test());
    let mut overlooked = Vec::new();
    for (fault, sentence) in FAULTS {
        let (_, check) = CHECKS.iter().find(|(name, _)| name == sentence).unwrap();
        let tested = BrokenDisk::new(Some(*fault)).under_test();
        if catch_unwind(AssertUnwindSafe(|| check(&tested))).is_ok() {
            overlooked.push((fault, sentence));
        }
    }
    assert!(overlooked.is_empty(), "these pass: {overlooked:#?}");
}

#[test]
fn each_check_of_the_kit_can_fail() {
    let of_kit: BTreeSet<&str> = CHECKS.iter().map(|(sentence, _)| *sentence).collect();
    let broken: BTreeSet<&str> = FAULTS.iter().map(|(_, sentence)| *sentence).collect();
    assert_eq!(of_kit.len(), CHECKS.len(), "each sentence is another one");
    assert_eq!(of_kit, broken);
}

/// A disk that has no locks, and is otherwise whole, keeps the contract.
#[test]
fn a_disk_without_locks_keeps_the_contract() {
    check_all(|| BrokenDisk::without_locks().under_test());
}

fn game_on(disk: Arc<dyn Disk>) -> App {
    let plugin = SessionPlugin::new("Tests", "Shelf")
        .on_disk(disk, "saves")
        .clock_from("2026-01-01T00:00:00Z".parse().unwrap());
    game_with(plugin, listen::<RequestRejected>)
}

/// Plays the session of this app until its score is durable.
fn play_to(app: &mut App, score: u32) {
    app.world_mut().resource_mut::<Score>().0 = score;
    request(app, |commands| commands.session().checkpoint("score"));
    frames(app, 3);
}

/// Takes up the session of this name, or starts it; its id.
fn go_on(app: &mut App, name: &str) -> SessionId {
    request(app, |commands| commands.session().start_or_continue(NewSession::named(name)));
    frames(app, 12);
    app.world().resource::<CurrentSession>().id()
}

fn score(app: &App) -> u32 {
    app.world().resource::<Score>().0
}

// Feature: Sessions can be kept on a disk of the game's own; a kit checks it sentence by sentence.
// Page: guide/platforms.md#a-disk-of-your-own
#[test]
fn a_session_on_a_custom_disk_is_continued() {
    let disk = ShelfDisk::default();
    let mut app = game_on(Arc::new(disk.clone()));
    let session = go_on(&mut app, "One");
    play_to(&mut app, 7);
    assert!(disk.list(Path::new("saves/data/profiles")).is_ok_and(|inside| !inside.is_empty()));
    drop(app);

    let mut app = game_on(Arc::new(disk.clone()));
    assert_eq!(score(&app), 0, "this process has played nothing yet");
    assert_eq!((go_on(&mut app, "One"), score(&app)), (session, 7));
    play_to(&mut app, 8);

    let mut other = game_on(Arc::new(disk.clone()));
    request(&mut other, |commands| {
        commands.session().start_or_continue(NewSession::named("One"));
    });
    seconds(&mut other, 3.0);
    let rejected = received::<RequestRejected>(&other);
    assert_eq!(rejected[0].error, RequestError::SessionInUse, "its lock is that of the disk");
    drop((app, other));

    let mut app = game_on(Arc::new(disk));
    assert_eq!((go_on(&mut app, "One"), score(&app)), (session, 8));
}

#[test]
fn exports_are_written_to_the_real_file_system() -> io::Result<()> {
    let (disk, outside) = (MemoryDisk::default(), tempfile::tempdir()?);
    let mut app = game_on(Arc::new(disk.clone()));
    let session = go_on(&mut app, "One");
    play_to(&mut app, 7);
    let path = outside.path().join("one.tar");
    let wanted = path.clone();
    request(&mut app, |commands| commands.session().library().export(session, wanted));
    frames(&mut app, 12);
    assert!(path.is_file(), "{:?}", received::<RequestRejected>(&app));
    assert!(disk.paths().iter().all(|path| path.starts_with("saves")), "{:?}", disk.paths());
    Ok(())
}
