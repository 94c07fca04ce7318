//! Sessions that can't be written where they are wanted.

// Feature: A second directory is used if the first one can't be written.
// Page: guide/platforms.md#a-second-place-for-data

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::checkpoints::DataPlaceChanged;
use bevy_session::library::SessionPlace;
use bevy_session::library::SessionPriority;
use bevy_session::library::StorageSettings;
use bevy_session::prelude::*;
use bevy_session::{CheckpointId, MemoryDisk, SessionId};

use crate::common::*;

/// A game that keeps its sessions in `wanted`, or else in `second`.
fn game_in(wanted: &Path, second: &Path) -> App {
    let plugin = SessionPlugin::new("Tests", "Places")
        .directory(wanted)
        .fallback_directory(second)
        .clock_from("2026-01-01T00:00:00Z".parse().unwrap());
    listening(plugin)
}

/// The same on a disk in memory, whose first place is `sessions`.
fn game_on(disk: &MemoryDisk) -> App {
    listening(plugin(disk).fallback_directory("second"))
}

fn listening(plugin: SessionPlugin) -> App {
    let mut app = game_with(plugin, |app| {
        listen::<DataPlaceChanged>(app);
        listen::<RecoveryAvailable>(app);
        listen::<CheckpointFailed>(app);
    });
    frames(&mut app, 2);
    app
}

/// Plays the session of this app until its score is durable.
fn play_to(app: &mut App, score: u32) -> CheckpointId {
    app.world_mut().resource_mut::<Score>().0 = score;
    request(app, |commands| commands.session().checkpoint("score"));
    frames(app, 3);
    assert_eq!(received::<CheckpointFailed>(app).len(), 0);
    app.world().resource::<CurrentSession>().last_checkpoint().unwrap().id
}

fn recover(app: &mut App, session: SessionId) {
    request(app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(app, 3);
}

fn session_of(app: &App) -> SessionId {
    app.world().resource::<CurrentSession>().id()
}

fn score(app: &App) -> u32 {
    app.world().resource::<Score>().0
}

/// The names of sessions that are found.
fn found(app: &App) -> Vec<String> {
    let catalog = app.world().resource::<SessionCatalog>();
    let mut names: Vec<_> =
        catalog.sessions().iter().map(|entry| entry.session.name.clone()).collect();
    names.sort();
    names
}

#[test]
fn a_session_continues_in_the_second_place_and_back_in_the_first() {
    for refusal in
        [ErrorKind::PermissionDenied, ErrorKind::ReadOnlyFilesystem, ErrorKind::StorageFull]
    {
        let disk = MemoryDisk::default();
        let mut first = game_on(&disk);
        assert_eq!(received::<DataPlaceChanged>(&first).len(), 0);
        start(&mut first, "One");
        let session = session_of(&first);
        play_to(&mut first, 1);

        // Killed; and then the place can't be written.
        let refusing = disk.snapshot();
        refusing.refuse_writes(Path::new("sessions"), refusal);
        let before = refusing.paths();
        let mut second = game_on(&refusing);
        let changed = received::<DataPlaceChanged>(&second);
        assert_eq!(changed.len(), 1, "{refusal}");
        assert_eq!(changed[0].wanted, Path::new("sessions/data"));
        assert_eq!(changed[0].used, Path::new("second/data"));
        assert_eq!(changed[0].error.io_kind(), Some(refusal));
        assert!(second.world().resource::<SessionPlace>().is_fallback());
        assert_eq!(received::<RecoveryAvailable>(&second).len(), 1, "the crash isn't overlooked");
        recover(&mut second, session);
        assert_eq!((session_of(&second), score(&second)), (session, 1));
        let newest = play_to(&mut second, 2);
        let written: Vec<_> =
            refusing.paths().into_iter().filter(|path| !before.contains(path)).collect();
        assert!(written.iter().all(|path| path.starts_with("second")), "{written:?}");

        // Killed again, and the place is what it was.
        let healed = refusing.snapshot();
        let mut third = game_on(&healed);
        assert_eq!(received::<DataPlaceChanged>(&third).len(), 0);
        assert!(!third.world().resource::<SessionPlace>().is_fallback());
        let offers = received::<RecoveryAvailable>(&third);
        assert_eq!(offers.len(), 1);
        assert_eq!(offers[0].offer.newest, newest);
        recover(&mut third, session);
        assert_eq!((session_of(&third), score(&third)), (session, 2));
        let before = healed.paths();
        play_to(&mut third, 3);
        let written: Vec<_> =
            healed.paths().into_iter().filter(|path| !before.contains(path)).collect();
        assert!(written.iter().all(|path| path.starts_with("sessions")), "{written:?}");

        let mut fourth = game_on(&healed.snapshot());
        recover(&mut fourth, session);
        assert_eq!(score(&fourth), 3);
    }
}

#[test]
fn a_place_that_is_not_a_directory_is_replaced_by_the_second_one() {
    let directory = tempfile::tempdir().unwrap();
    let (wanted, second) = (directory.path().join("wanted"), directory.path().join("second"));
    fs::write(&wanted, "in the way, for root as well").unwrap();
    let mut app = game_in(&wanted, &second);
    let changed = received::<DataPlaceChanged>(&app);
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].used, second.join("data"));
    assert!(changed[0].error.path().is_some_and(|path| path.starts_with(&wanted)));
    start(&mut app, "Meanwhile");
    play_to(&mut app, 7);
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Kept")));
    frames(&mut app, 5);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 5);
    drop(app);
    assert_eq!(fs::read(&wanted).unwrap(), b"in the way, for root as well");
    assert!(second.join("data/profiles/default/sessions").is_dir());

    fs::remove_file(&wanted).unwrap();
    let mut app = game_in(&wanted, &second);
    assert_eq!(received::<DataPlaceChanged>(&app).len(), 0);
    start(&mut app, "Wanted");
    assert!(wanted.join("data/profiles/default/sessions").is_dir());
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 3);
    assert_eq!(found(&app), ["Meanwhile", "Wanted"]);
    let catalog = app.world().resource::<SessionCatalog>();
    let slots: Vec<_> = catalog.slots().iter().map(|slot| slot.name.clone()).collect();
    assert_eq!(slots, ["Kept"]);
    let earlier = catalog.sessions().iter().find(|entry| entry.session.name == "Meanwhile");
    let earlier = earlier.unwrap().session.id;
    request(&mut app, |commands| commands.session().continue_session(earlier));
    frames(&mut app, 5);
    assert_eq!((session_of(&app), score(&app)), (earlier, 7));
    play_to(&mut app, 8);
    // What is deleted is gone from both places.
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 5);
    request(&mut app, |commands| commands.session().library().purge(earlier));
    frames(&mut app, 5);
    for place in [&wanted, &second] {
        let session = place.join("data/profiles/default/sessions").join(earlier.to_string());
        assert!(!session.exists(), "{}", session.display());
    }
}

#[test]
#[cfg(unix)]
fn a_directory_without_permission_is_replaced_by_the_second_place() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let (wanted, second) = (directory.path().join("wanted"), directory.path().join("second"));
    fs::create_dir(&wanted).unwrap();
    fs::set_permissions(&wanted, fs::Permissions::from_mode(0o500)).unwrap();
    let ignores_permissions = fs::create_dir(wanted.join("probe")).is_ok();
    if !ignores_permissions {
        let mut app = game_in(&wanted, &second);
        let changed = received::<DataPlaceChanged>(&app);
        assert_eq!(changed[0].error.io_kind(), Some(ErrorKind::PermissionDenied));
        start(&mut app, "Meanwhile");
        assert!(second.join("data/profiles/default/sessions").is_dir());
    }
    fs::set_permissions(&wanted, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn without_a_second_place_the_place_of_the_sessions_is_known() {
    let disk = MemoryDisk::default();
    let app = game(&disk);
    let place = app.world().resource::<SessionPlace>();
    assert_eq!(
        (place.data(), place.state()),
        ("sessions/data".as_ref(), "sessions/state".as_ref())
    );
    assert!(!place.is_fallback());
    assert!(
        disk.paths().iter().all(|path| path.starts_with("sessions/state")),
        "nothing was tried"
    );
}

#[test]
fn over_the_quota_low_priority_sessions_lose_history_first() {
    let disk = MemoryDisk::default();
    let settings = SessionSettings {
        storage: StorageSettings { max_total_bytes: 1 << 30, ..StorageSettings::default() },
        ..SessionSettings::default()
    };
    let mut app = game_with(plugin(&disk).settings(settings), |_| {});
    let mut sessions = Vec::new();
    for (name, priority) in [("High", SessionPriority::High), ("Low", SessionPriority::Low)] {
        let session = NewSession::named(name).priority(priority);
        request(&mut app, |commands| commands.session().start(session));
        frames(&mut app, 3);
        sessions.push(session_of(&app));
        // Enough play for generations that may go.
        for played in 0..40 {
            app.world_mut().resource_mut::<Score>().0 = played;
            slow_frames(&mut app, 3, Duration::from_secs(20));
        }
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 5);
    }
    let bytes = |disk: &MemoryDisk, session: SessionId| -> usize {
        let own = Path::new("sessions/data/profiles/default/sessions").join(session.to_string());
        let paths = disk.paths().into_iter().filter(|path| path.starts_with(&own));
        paths.map(|path| disk.content(&path).unwrap().len()).sum()
    };
    let (high, low) = (bytes(&disk, sessions[0]), bytes(&disk, sessions[1]));
    let mut settings = app.world_mut().resource_mut::<SessionSettings>();
    settings.storage.max_total_bytes = (high + low) as u64;
    start(&mut app, "Next");
    slow_frames(&mut app, 20, Duration::from_secs(20));
    assert_eq!(bytes(&disk, sessions[0]), high, "it was played longer ago, and matters more");
    assert!(bytes(&disk, sessions[1]) < low, "{low} bytes");
}
