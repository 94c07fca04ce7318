//! Files of a newer minor version, with a feature that this version may read around and must not drop.

// Feature: Files of each version of the format are read and replayed; newer ones are left alone.

use bevy::prelude::*;
use bevy_session::library::StorageSettings;
use bevy_session::library::VersionFit;
use bevy_session::prelude::*;
use bevy_session::recovery::RecoveryError;
use bevy_session::slots::{SlotDeleted, SlotError, SlotFailed};
use bevy_session::{MemoryDisk, RecoveryFailed, RequestError, Ticket};

use crate::bad_slots::{game_with_slot, look_again, slots};
use crate::common::*;
use crate::newer_files::with_its_checksum;
use crate::slots::*;

/// The same file with an optional feature that no build knows yet.
fn with_an_unknown_feature(mut file: Vec<u8>) -> Vec<u8> {
    let field = b"optional_features";
    let place = file.windows(field.len()).position(|bytes| bytes == field).unwrap();
    assert_eq!(file[place + field.len()], 0);
    file[place + field.len()] = 64;
    with_its_checksum(file)
}

fn files(disk: &MemoryDisk) -> Vec<(std::path::PathBuf, Option<Vec<u8>>)> {
    let of_player = disk.paths().into_iter().filter(|path| path.starts_with("sessions/data"));
    of_player.map(|path| (path.clone(), disk.content(&path))).collect()
}

#[test]
fn a_session_with_an_unknown_feature_is_listed_and_never_written() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    let session = start_as(&mut app, "Campaign", "Ann");
    set_health(&mut app, 7);
    seconds(&mut app, 6.0);
    let disk = disk.snapshot();
    drop(app);
    let journal = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "journal");
    for path in disk.paths().into_iter().filter(journal) {
        let newer = with_an_unknown_feature(disk.content(&path).unwrap());
        disk.put(&path, &newer);
    }
    let before = files(&disk);

    let mut app = slot_game(&disk);
    frames(&mut app, 2);
    let offers = received::<RecoveryAvailable>(&app);
    assert_eq!(offers[0].offer.fit, VersionFit::Newer, "it may be read, and shown");
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    let failed = received::<RecoveryFailed>(&app).pop().unwrap().error;
    assert!(matches!(&failed, RecoveryError::NewerFormat(by) if by.to_string().contains("1.2.3")));
    request(&mut app, |commands| commands.session().decline(session));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().library().purge(session));
    frames(&mut app, 3);
    let refused = received::<RequestRejected>(&app);
    assert_eq!(refused.len(), 2, "{refused:?}");
    for refused in refused {
        let RequestError::NewerFormat(by) = &refused.error else { panic!("{refused:?}") };
        assert!(by.to_string().contains("1.2.3"), "{by}");
    }
    assert_eq!(files(&disk), before);
}

/// Plays for ten minutes with no room for history. Whether the session's first file is still there.
fn keeps_its_first_file(beside_a_newer_one: bool) -> bool {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    start_as(&mut app, "Campaign", "Ann");
    let is_journal = |path: &std::path::PathBuf| path.extension().is_some_and(|it| it == "journal");
    let first = disk.paths().into_iter().find(is_journal).unwrap();
    if beside_a_newer_one {
        // As a cloud brings it from a machine with a newer game.
        let newer = with_an_unknown_feature(disk.content(&first).unwrap());
        disk.put(&first.with_file_name("0123456789abcdef-000000.journal"), &newer);
    }
    let settings = SessionSettings {
        storage: StorageSettings { max_session_bytes: 1, ..StorageSettings::default() },
        ..SessionSettings::default()
    };
    app.insert_resource(settings);
    for health in 0..100 {
        set_health(&mut app, health);
        long(&mut app, 6);
    }
    assert!(received::<CheckpointFailed>(&app).is_empty(), "what is played goes on");
    disk.content(&first).is_some()
}

#[test]
fn a_session_with_a_file_of_an_unknown_feature_is_not_pruned() {
    assert!(!keeps_its_first_file(false));
    assert!(keeps_its_first_file(true));
}

#[test]
fn a_slot_with_an_unknown_feature_is_listed_and_deleted_and_never_written_again() {
    let disk = MemoryDisk::default();
    let (mut app, slot) = game_with_slot(&disk);
    disk.put(&slot.path, &with_an_unknown_feature(disk.content(&slot.path).unwrap()));
    look_again(&mut app);
    assert_eq!(slots(&app).len(), 1, "it may be read, and shown");
    let before = disk.content(&slot.path);

    let rejected = |app: &mut App, ask: &dyn Fn(&mut Commands) -> Ticket| {
        let (before, failed) =
            (received::<RequestRejected>(app).len(), received::<SlotFailed>(app).len());
        request(app, |commands| ask(commands));
        frames(app, 6);
        let rejected = received::<RequestRejected>(app)
            .into_iter()
            .skip(before)
            .map(|rejected| rejected.error);
        let failed =
            received::<SlotFailed>(app).into_iter().skip(failed).map(|rejected| rejected.error);
        let slot_errors = rejected.filter_map(|error| match error {
            RequestError::Slot(error) => Some(error),
            _ => None,
        });
        slot_errors.chain(failed).collect::<Vec<SlotError>>()
    };
    let id = slot.id;
    let operations: [(&str, &dyn Fn(&mut Commands) -> Ticket); 3] = [
        ("load", &|commands| commands.session().slots().load(id)),
        ("rename", &|commands| commands.session().slots().rename(id, "Castle")),
        ("copy", &|commands| commands.session().slots().copy(id, "Castle")),
    ];
    for (operation, ask) in operations {
        let errors = rejected(&mut app, ask);
        let [SlotError::NewerFormat { path, written_by }] = &*errors else {
            panic!("{operation}: {errors:?}")
        };
        assert_eq!(*path, slot.path, "{operation}");
        assert!(written_by.to_string().contains("1.2.3"), "{operation}: {written_by}");
        assert_eq!(disk.content(&slot.path), before, "{operation}");
        assert_eq!(health(&mut app), 8, "{operation}");
    }
    // The attachment lies beside the checkpoint, and not in the slot.
    request(&mut app, |commands| {
        commands.session().attachments().attach(slot.checkpoint, "thumbnail", b"x".to_vec());
    });
    frames(&mut app, 6);
    assert_eq!(disk.content(&slot.path), before);
    request(&mut app, |commands| commands.session().slots().delete(id));
    frames(&mut app, 3);
    assert_eq!(received::<SlotDeleted>(&app).len(), 1);
    assert!(slot_files(&disk).is_empty());
}
