//! Disks that refuse: full, over quota, read-only, without directory syncs.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session::checkpoints::{CheckpointError, DiskRefusal};
use bevy_session::external::Operation;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SessionActivity};

use crate::bad_input::{files, listening_game, recover};
use crate::common::*;
#[cfg(target_os = "linux")]
use crate::waiting::wait_until;

fn is_refused(error: &CheckpointError, refusal: DiskRefusal) -> bool {
    matches!(error, CheckpointError::Disk(cause) if cause.refusal() == refusal)
}

#[test]
fn a_file_system_that_cannot_sync_directories_is_reported_and_used() {
    for error in [ErrorKind::InvalidInput, ErrorKind::Unsupported] {
        let disk = MemoryDisk::default();
        disk.fail_always(Operation::SyncDirectory, error);
        let mut app = listening_game(&disk);
        assert!(app.world().resource::<SessionActivity>().power_cuts_are_covered());
        app.world_mut().spawn(Health(7));
        start(&mut app, "On FUSE");
        assert!(!app.world().resource::<SessionActivity>().power_cuts_are_covered());
        assert!(received::<CheckpointFailed>(&app).is_empty());
        let id = app.world().resource::<CurrentSession>().id();
        assert_eq!(recover(&disk.snapshot(), id).1.map(|(_, health)| health), Some(7));
    }
}

// Feature: On macOS, syncs are `F_FULLFSYNC`, or `fsync` where that is refused; type-checked, never run on a Mac.
#[test]
fn a_file_system_whose_syncs_do_not_reach_the_drive_is_reported_and_used() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    app.world_mut().spawn(Health(7));
    start(&mut app, "On a network drive");
    assert!(app.world().resource::<SessionActivity>().power_cuts_are_covered());
    disk.sync_weakly();
    request(&mut app, |commands| commands.session().checkpoint("weak"));
    seconds(&mut app, 1.0);
    assert!(!app.world().resource::<SessionActivity>().power_cuts_are_covered());
    assert!(received::<CheckpointFailed>(&app).is_empty());
}

#[test]
fn a_used_up_quota_thins_history_as_a_full_disk_does() {
    for (kind, refusal) in [
        (ErrorKind::StorageFull, DiskRefusal::Full),
        (ErrorKind::QuotaExceeded, DiskRefusal::QuotaExceeded),
    ] {
        let disk = MemoryDisk::default();
        let mut app = listening_game(&disk);
        let entity = app.world_mut().spawn(Health(0)).id();
        start(&mut app, "Crowded");
        for health in 1..100 {
            app.world_mut().entity_mut(entity).insert(Health(health));
            long(&mut app, 5);
        }
        let all = |disk: &MemoryDisk| [files(disk, ".journal"), files(disk, ".events")].concat();
        let before = all(&disk);
        disk.fail_next(Operation::Append, kind);
        app.world_mut().entity_mut(entity).insert(Health(900));
        request(&mut app, |commands| commands.session().checkpoint("crowded"));
        seconds(&mut app, 3.0);
        let failed = received::<CheckpointFailed>(&app);
        assert_eq!(failed.len(), 1, "{kind:?}");
        assert!(is_refused(&failed[0].error, refusal), "{failed:?}");
        // What happened goes before old checkpoints do.
        let after = all(&disk);
        let is_gone = |file: &_| !after.contains(file);
        assert!(before.iter().any(is_gone), "{kind:?} should make room: {before:?}");
        let id = app.world().resource::<CurrentSession>().id();
        assert_eq!(recover(&disk.snapshot(), id).1.map(|(_, health)| health), Some(900));
    }
}

#[test]
fn a_read_only_disk_is_distinguished_from_a_full_one() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let entity = app.world_mut().spawn(Health(0)).id();
    start(&mut app, "Remounted");
    disk.fail_always(Operation::Append, ErrorKind::ReadOnlyFilesystem);
    app.world_mut().entity_mut(entity).insert(Health(1));
    seconds(&mut app, 6.0);
    let failed = received::<CheckpointFailed>(&app);
    let is_read_only = |error: &CheckpointError| is_refused(error, DiskRefusal::ReadOnly);
    assert!(failed.iter().all(|failed| is_read_only(&failed.error)), "{failed:?}");
    assert!(!failed.is_empty());
}

#[test]
fn a_checkpoint_without_the_current_session_resource_fails_without_loss() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Removed");
    app.world_mut().entity_mut(entity).insert(Health(2));
    let current = app.world_mut().remove_resource::<CurrentSession>().unwrap();
    request(&mut app, |commands| commands.session().checkpoint("nothing says of what"));
    seconds(&mut app, 12.0);
    let failed = received::<CheckpointFailed>(&app);
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert_eq!(failed[0].error, CheckpointError::NoCurrentSession);

    let id = current.id();
    app.insert_resource(current);
    request(&mut app, |commands| commands.session().checkpoint("back"));
    frames(&mut app, 3);
    assert_eq!(recover(&disk.snapshot(), id).1.map(|(_, health)| health), Some(2));
}

const RESERVE: &str = "sessions/state/reserve";

/// A game on a disk with room for a reserve of 64 KiB.
fn game_with_reserve() -> (MemoryDisk, App) {
    let disk = MemoryDisk::default();
    disk.leave_room_for(16 << 20);
    let mut app = listening_game(&disk);
    app.world_mut().resource_mut::<SessionSettings>().storage.reserve_bytes = 64 << 10;
    (disk, app)
}

// Feature: A disk that refuses is reported and tried again; an exit on a full one is saved.
#[test]
fn an_exit_on_a_full_disk_is_saved_with_the_room_that_was_kept_free() {
    for has_reserve in [true, false] {
        let (disk, mut app) = game_with_reserve();
        if !has_reserve {
            app.world_mut().resource_mut::<SessionSettings>().storage.reserve_bytes = 0;
        }
        listen::<SessionClosed>(&mut app);
        let entity = app.world_mut().spawn(Health(1)).id();
        start(&mut app, "Full");
        seconds(&mut app, 8.0);
        let reserve = disk.content(Path::new(RESERVE)).map(|content| content.len());
        assert_eq!(reserve, has_reserve.then_some(64 << 10));

        // Somebody else fills the disk, but for what a heartbeat needs.
        disk.leave_room_for(0);
        app.world_mut().entity_mut(entity).insert(Health(2));
        seconds(&mut app, 12.0);
        let failed = received::<CheckpointFailed>(&app);
        let is_full = |error: &CheckpointError| is_refused(error, DiskRefusal::Full);
        assert!(!failed.is_empty() && failed.iter().all(|failed| is_full(&failed.error)));
        let is_there = disk.content(Path::new(RESERVE)).is_some();
        assert_eq!(is_there, has_reserve, "an automatic checkpoint doesn't take it");

        let id = app.world().resource::<CurrentSession>().id();
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        seconds(&mut app, 40.0);
        let closed = received::<SessionClosed>(&app);
        assert_eq!(closed.len(), 1);
        assert_eq!(closed[0].complete, has_reserve);
        if has_reserve {
            disk.enlarge();
            assert_eq!(recover(&disk.snapshot(), id).1.map(|(_, health)| health), Some(2));
        }
    }
}

#[test]
fn the_room_is_kept_free_again_once_there_is_some() {
    let (disk, mut app) = game_with_reserve();
    app.world_mut().spawn(Health(1));
    start(&mut app, "Emptied");
    seconds(&mut app, 8.0);
    disk.remove_all(Path::new(RESERVE));
    disk.leave_room_for(100 << 10);
    long(&mut app, 130);
    assert!(disk.content(Path::new(RESERVE)).is_none(), "the disk is nearly full");
    disk.leave_room_for(16 << 20);
    long(&mut app, 70);
    assert!(disk.content(Path::new(RESERVE)).is_some());
}

#[test]
fn a_reserve_that_is_half_made_goes_with_its_run() {
    let half_made = |disk: &MemoryDisk| {
        let is_half_made = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            path.parent() == Some(Path::new("sessions/state")) && name.starts_with("reserve.")
        };
        disk.paths().iter().filter(|path| is_half_made(path)).count()
    };
    for rewinds in [false, true] {
        let (disk, mut app) = game_with_reserve();
        disk.leave_room_for(64 << 20);
        app.world_mut().resource_mut::<SessionSettings>().storage.reserve_bytes = 3 << 20;
        app.world_mut().spawn(Health(1));
        start(&mut app, "Short");
        while half_made(&disk) == 0 {
            frames(&mut app, 1);
        }
        let id = app.world().resource::<CurrentSession>().id();
        request(&mut app, |commands| match rewinds {
            true => commands.session().recover(id, RestoreFrom::Latest),
            false => commands.session().close(LeaveCause::Player),
        });
        frames(&mut app, 4);
        assert_eq!(half_made(&disk), 0, "rewinds: {rewinds}");
        assert_eq!(app.world().contains_resource::<CurrentSession>(), rewinds);
    }
}

/// A file system of a few megabytes, for as long as this lives.
#[cfg(target_os = "linux")]
struct SmallFileSystem(tempfile::TempDir);

#[cfg(target_os = "linux")]
impl SmallFileSystem {
    /// `None` if the test may not mount anything, which only root may.
    fn mount(size: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &options, "tmpfs"])
            .arg(directory.path())
            .stderr(std::process::Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(directory))
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallFileSystem {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_exit_on_a_real_full_disk_is_saved() {
    use std::io::Write;

    let Some(disk) = SmallFileSystem::mount("32m") else {
        let _ = writeln!(std::io::stderr(), "skipped: only root may mount a small file system");
        return;
    };
    let directory = disk.0.path();
    let new_game = || {
        let mut app = crate::process::game(directory);
        listen::<CheckpointFailed>(&mut app);
        listen::<SessionClosed>(&mut app);
        listen::<SessionRestored>(&mut app);
        app.world_mut().resource_mut::<SessionSettings>().storage.reserve_bytes = 1 << 20;
        app.finish();
        app.cleanup();
        app
    };
    let mut app = new_game();
    app.world_mut().spawn(Health(1));
    request(&mut app, |commands| commands.session().start(NewSession::named("Full")));
    wait_until(|| {
        app.update();
        directory.join("state/reserve").exists()
    });
    let mut filler = std::fs::File::create(directory.join("filler")).unwrap();
    while filler.write_all(&[7; 4096]).is_ok() {}
    while filler.write_all(&[7]).is_ok() {}
    let is_full = |failed: &CheckpointFailed| is_refused(&failed.error, DiskRefusal::Full);
    wait_until(|| {
        app.update();
        received::<CheckpointFailed>(&app).iter().any(is_full)
    });
    assert!(directory.join("state/reserve").exists(), "an automatic checkpoint doesn't take it");
    let score = app.world().resource::<Score>().0;
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    wait_until(|| {
        app.update();
        !received::<SessionClosed>(&app).is_empty()
    });
    assert!(received::<SessionClosed>(&app)[0].complete);
    drop((app, filler));
    std::fs::remove_file(directory.join("filler")).unwrap();

    let mut app = new_game();
    app.add_observer(
        |found: On<SessionsFound>, catalog: Res<SessionCatalog>, mut commands: Commands| {
            let _ = found;
            commands.session().continue_session(catalog.sessions()[0].session.id);
        },
    );
    wait_until(|| {
        app.update();
        !received::<SessionRestored>(&app).is_empty()
    });
    assert!(app.world().resource::<Score>().0 >= score, "the moment of the exit should be back");
}
