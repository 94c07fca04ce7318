//! A disk that refuses, and files that go away or are replaced while the game runs.

use std::io::ErrorKind;
use std::path::Path;

use bevy_session::checkpoints::{CheckpointError, DiskRefusal};
use bevy_session::external::Operation;

use super::*;

// Feature: A disk that refuses is reported and tried again; an exit on a full one is saved.
// Page: guide/settings.md
#[test]
fn a_disk_that_cannot_be_written_is_reported_once_and_tried_again() {
    for operation in [
        Operation::CreateDirectory,
        Operation::Create,
        Operation::Append,
        Operation::Sync,
        Operation::SyncDirectory,
    ] {
        let disk = MemoryDisk::default();
        let mut app = listening_game(&disk);
        disk.fail_always(operation, ErrorKind::PermissionDenied);
        app.world_mut().spawn(Health(1));
        request(&mut app, |commands| commands.session().start(NewSession::named("Refused")));
        frames(&mut app, 6);
        let failed = received::<CheckpointFailed>(&app);
        assert_eq!(failed.len(), 1, "{operation:?} should be reported once");
        assert!(failed[0].retry_in.is_some());
        let CheckpointError::Disk(cause) = &failed[0].error else {
            panic!("{:?}", failed[0].error)
        };
        assert_eq!(cause.refusal(), DiskRefusal::ReadOnly);
        let message = cause.to_string();
        assert!(message.contains("sessions"), "the message should say where: {message}");
        assert!(received::<CheckpointSaved>(&app).is_empty());

        disk.heal();
        seconds(&mut app, 3.0);
        assert_eq!(
            received::<CheckpointSaved>(&app).len(),
            1,
            "{operation:?} should be made up for"
        );
        let id = app.world().resource::<CurrentSession>().id();
        assert!(recover(&disk.snapshot(), id).1.is_some());
    }
}

#[test]
fn a_failure_in_the_middle_of_play_loses_nothing() {
    for operation in [Operation::Append, Operation::Sync] {
        let disk = MemoryDisk::default();
        let mut app = listening_game(&disk);
        let entity = app.world_mut().spawn(Health(1)).id();
        start(&mut app, "Hiccup");
        let id = app.world().resource::<CurrentSession>().id();
        for health in 2..=6 {
            app.world_mut().entity_mut(entity).insert(Health(health));
            if health == 4 {
                disk.fail_next(operation, ErrorKind::Other);
            }
            request(&mut app, |commands| commands.session().checkpoint(format!("{health}")));
            seconds(&mut app, 3.0);
        }
        assert_eq!(received::<CheckpointFailed>(&app).len(), 1);
        assert_eq!(received::<CheckpointSaved>(&app).len(), 6, "each named one should be saved");
        assert_eq!(recover(&disk.snapshot(), id).1, Some((6, 6)));
    }
}

#[test]
fn a_read_error_is_not_damage() {
    let (disk, id) = killed_game();
    disk.fail_always(Operation::Read, ErrorKind::PermissionDenied);
    let mut app = listening_game(&disk);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 3);
    assert!(received::<CorruptionDetected>(&app).is_empty(), "nothing is known to be damaged");
    assert!(
        received::<RecoveryFailed>(&app)
            .iter()
            .all(|failed| { matches!(failed.error, RecoveryError::Unreadable(_)) })
    );
    drop(app);
    disk.heal();
    assert_eq!(recover(&disk, id).1, Some((4, 4)));
}

#[test]
fn a_directory_that_vanishes_is_noticed_and_made_again() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Vanished");
    let id = app.world().resource::<CurrentSession>().id();
    disk.remove_all(Path::new("sessions/data"));
    app.world_mut().entity_mut(entity).insert(Health(2));
    request(&mut app, |commands| commands.session().checkpoint("after"));
    frames(&mut app, 3);
    assert_eq!(received::<CheckpointFailed>(&app)[0].error, CheckpointError::StoreVanished);
    app.world_mut().entity_mut(entity).insert(Health(3));
    seconds(&mut app, 6.0);
    assert_eq!(received::<CheckpointSaved>(&app).len(), 2, "a full capture should have followed");
    let (_, state) = recover(&disk.snapshot(), id);
    assert_eq!(state.map(|(_, health)| health), Some(3));
}

#[test]
fn files_that_were_replaced_by_copies_are_not_written_behind_their_backs() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Restored from a backup");
    let id = app.world().resource::<CurrentSession>().id();
    for journal in files(&disk, ".journal") {
        let copy = disk.content(&journal).unwrap();
        disk.remove_all(&journal);
        disk.put(&journal, &copy);
    }
    for health in 2..5 {
        app.world_mut().entity_mut(entity).insert(Health(health));
        seconds(&mut app, 6.0);
    }
    assert_eq!(received::<CheckpointFailed>(&app)[0].error, CheckpointError::StoreVanished);
    let saved = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint.counter;
    let (_, state) = recover(&disk.snapshot(), id);
    let (counter, health) = state.unwrap();
    assert!(counter >= saved, "{saved} was acknowledged and {counter} came back");
    assert_eq!(health, 4);
}

#[test]
fn a_session_that_could_not_be_closed_is_still_no_crash() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Full");
    app.world_mut().entity_mut(entity).insert(Health(2));
    disk.fail_always(Operation::Append, ErrorKind::StorageFull);
    app.world_mut().write_message(AppExit::Success);
    frames(&mut app, 2);
    drop(app);
    let leftover = files(&disk, ".journal").len();
    assert!(leftover <= 2, "tries should leave nothing behind: {leftover}");
    disk.heal();
    let mut app = listening_game(&disk);
    frames(&mut app, 3);
    assert!(received::<RecoveryAvailable>(&app).is_empty(), "an exit is never a crash");
    assert!(app.world().resource::<SessionCatalog>().newest_to_continue().is_some());
}

#[test]
fn a_session_that_could_not_be_closed_is_no_crash_to_another_instance() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    start(&mut app, "Left");
    disk.fail_always(Operation::Append, ErrorKind::StorageFull);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    long(&mut app, 40);
    disk.heal();
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    // The first one still sits in its menu.
    let mut other = listening_game(&disk);
    frames(&mut other, 2);
    assert!(received::<RecoveryAvailable>(&other).is_empty());
    assert!(other.world().resource::<SessionCatalog>().newest_to_continue().is_some());
}

/// Another owner's directory, a share that isn't there yet: which sessions there are can't be known, or how one is called.
#[test]
fn no_second_world_begins_while_sessions_cannot_be_listed_or_read() {
    let disk = MemoryDisk::default();
    let mut app = listening_game(&disk);
    app.world_mut().spawn(Health(7));
    start(&mut app, "World");
    let id = app.world().resource::<CurrentSession>().id();
    let operations = [Operation::List, Operation::Read];
    for (operation, heals) in operations.into_iter().flat_map(|it| [(it, true), (it, false)]) {
        let disk = disk.snapshot();
        disk.fail_always(operation, ErrorKind::PermissionDenied);
        let mut app = listening_game(&disk);
        request(&mut app, |commands| {
            commands.session().start_or_continue(NewSession::named("World"));
        });
        seconds(&mut app, 1.0);
        assert!(received::<RequestRejected>(&app).is_empty(), "it is tried for a while");
        if heals {
            disk.heal();
        }
        seconds(&mut app, 3.0);
        let playing = app.world().get_resource::<CurrentSession>().map(CurrentSession::id);
        assert_eq!(playing, heals.then_some(id));
        let rejected = received::<RequestRejected>(&app);
        let errors: Vec<&RequestError> = rejected.iter().map(|rejected| &rejected.error).collect();
        match *errors {
            [] => assert!(heals, "{operation:?}"),
            [RequestError::Store(cause)] => {
                assert!(!heals && cause.to_string().contains("sessions"), "{cause}");
            }
            _ => panic!("{operation:?}: {errors:?}"),
        }
        // A player who asks for a new world gets one.
        if !heals {
            request(&mut app, |commands| commands.session().start(NewSession::named("World")));
            seconds(&mut app, 1.0);
            assert!(app.world().contains_resource::<CurrentSession>());
        }
    }
}

#[test]
fn sessions_that_cannot_be_listed_are_found_once_they_can() {
    let (disk, id) = killed_game();
    let other = disk.snapshot();
    other.fail_always(Operation::List, ErrorKind::PermissionDenied);
    let mut app = listening_game(&other);
    listen::<SessionsFound>(&mut app);
    seconds(&mut app, 20.0);
    let is_verified = |app: &App| app.world().resource::<SessionCatalog>().is_verified();
    assert!(received::<SessionsFound>(&app).is_empty() && !is_verified(&app), "nothing is known");
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 3);
    let rejected = received::<RequestRejected>(&app).pop().unwrap();
    assert!(matches!(rejected.error, RequestError::Store(_)), "{rejected:?}");
    other.heal();
    seconds(&mut app, 6.0);
    assert_eq!(received::<SessionsFound>(&app).len(), 1);
    assert!(is_verified(&app));
    assert_eq!(received::<RecoveryAvailable>(&app).pop().unwrap().offer.session.id, id);
}
