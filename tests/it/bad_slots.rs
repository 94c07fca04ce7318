//! Bad input to slots: each has a typed error, and everything else stays as it was.

use std::io::ErrorKind;
use std::path::Path;

use bevy::prelude::*;
use bevy_session::external::Operation;
use bevy_session::prelude::*;
use bevy_session::slots::{SlotEntry, SlotError, SlotFailed};
use bevy_session::{MemoryDisk, RequestError};

use crate::common::*;
use crate::slots::*;

/// A played session with a slot in which health is 7, and health 8 now.
pub fn game_with_slot(disk: &MemoryDisk) -> (App, SlotEntry) {
    let mut app = slot_game(disk);
    start_as(&mut app, "Campaign", "Ann");
    set_health(&mut app, 7);
    let slot = save(&mut app, SaveSlot::manual("Boss"));
    set_health(&mut app, 8);
    (app, slot)
}

pub fn look_again(app: &mut App) {
    request(app, |commands| commands.session().library().find());
    frames(app, 3);
}

pub fn slots(app: &App) -> Vec<SlotEntry> {
    app.world().resource::<SessionCatalog>().slots().to_vec()
}

#[test]
fn slot_names_of_any_form_are_distinct_slots() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    start_as(&mut app, "Campaign", "Ann");
    let long = "ö".repeat(300);
    let names = [
        "CON",
        "nul",
        "con",
        "../../../etc/passwd",
        "a/b",
        "a\\b",
        "..",
        ".",
        ".hidden",
        "a:b*?",
        "Boss",
        "boss",
        "BOSS",
        "boss ",
        "\u{e9}",
        "e\u{301}",
        "勇者",
        "🐉🐉",
        "\u{202e}gnp",
        "\n",
        "a\0b",
        "quick",
        "exit",
        &long,
    ];
    let names: Vec<&str> = names.into_iter().filter(|name| !name.trim().is_empty()).collect();
    for (number, name) in names.iter().enumerate() {
        set_health(&mut app, number as u32);
        let slot = save(&mut app, SaveSlot::manual(*name));
        assert_eq!(slot.name, *name);
        assert_eq!(slot.path.parent().unwrap(), Path::new("sessions/data/profiles/default/slots"));
    }
    let mut files: Vec<String> =
        slot_files(&disk).iter().map(|path| path.to_string_lossy().to_lowercase()).collect();
    files.sort();
    files.dedup();
    assert_eq!(files.len(), names.len(), "no two should share a file, whatever the case");
    drop(app);
    let mut app = slot_game(&disk);
    frames(&mut app, 2);
    for (number, name) in names.iter().enumerate() {
        let slot = app.world().resource::<SessionCatalog>().slot_named(Some("Ann"), name);
        let slot = slot.unwrap_or_else(|| panic!("{name:?} should be there")).id;
        load(&mut app, slot);
        assert_eq!(health(&mut app), number as u32, "{name:?}");
    }
}

#[test]
fn a_name_that_is_blank_or_without_end_is_refused() {
    let disk = MemoryDisk::default();
    let (mut app, slot) = game_with_slot(&disk);
    let checkpoints = received::<CheckpointSaved>(&app).len();
    let long = "x".repeat(5000);
    let too_long = SlotError::NameTooLong { bytes: 5000, limit: 4096 };
    let cases =
        [("", SlotError::EmptyName), (" \u{a0}\t", SlotError::EmptyName), (&long, too_long)];
    for (name, error) in cases {
        request(&mut app, |commands| {
            commands.session().slots().save(SaveSlot::manual(name));
            commands.session().slots().rename(slot.id, name);
            commands.session().slots().copy(slot.id, name);
        });
        frames(&mut app, 4);
        let rejected = received::<RequestRejected>(&app);
        let last: Vec<_> =
            rejected.iter().rev().take(3).map(|rejected| rejected.error.clone()).collect();
        assert_eq!(last, vec![RequestError::Slot(error); 3]);
    }
    assert_eq!(received::<CheckpointSaved>(&app).len(), checkpoints);
    assert_eq!(slots(&app), [slot]);
}

#[test]
fn without_a_session_there_is_nothing_to_save() {
    let mut app = slot_game(&MemoryDisk::default());
    request(&mut app, |commands| {
        commands.session().slots().save(SaveSlot::manual("Boss"));
        commands.session().slots().quick_save();
        commands.session().slots().quick_load();
    });
    frames(&mut app, 4);
    let errors: Vec<_> =
        received::<RequestRejected>(&app).into_iter().map(|rejected| rejected.error).collect();
    let nothing = RequestError::Slot(SlotError::NoQuickSlot);
    assert_eq!(errors, [RequestError::NoSession, RequestError::NoSession, nothing]);
}

// Feature: A save that fails leaves the slot that had its name.
// Page: guide/slots.md#what-can-go-wrong
#[test]
fn a_disk_without_room_for_a_slot_keeps_the_old_one_and_the_checkpoint() {
    // How many succeed before: the checkpoint's own come first.
    let failures = [
        (Operation::Create, 0),
        (Operation::Append, 1),
        (Operation::Append, 2),
        (Operation::Sync, 1),
        (Operation::SyncDirectory, 0),
        (Operation::Replace, 0),
    ];
    for (operation, before) in failures {
        let disk = MemoryDisk::default();
        let (mut app, old) = game_with_slot(&disk);
        let content = disk.content(&old.path).unwrap();
        let saves = received::<CheckpointSaved>(&app).len();
        request(&mut app, |commands| {
            commands.session().slots().save(SaveSlot::manual("Boss").overwrite())
        });
        disk.fail_after(operation, before, ErrorKind::StorageFull);
        frames(&mut app, 6);
        let failed = received::<SlotFailed>(&app).pop().unwrap_or_else(|| panic!("{operation:?}"));
        let SlotError::Disk(cause) = &failed.error else { panic!("{failed:?}") };
        assert_eq!(cause.io_kind(), Some(ErrorKind::StorageFull));
        let message = cause.to_string();
        let says_where = message.contains("slots") || message.contains("directory");
        assert!(says_where, "{operation:?}: {message}");
        let checkpoint = failed.checkpoint.expect("the checkpoint should be safe");
        let saved = received::<CheckpointSaved>(&app);
        assert_eq!((saved.len(), saved.last().unwrap().checkpoint), (saves + 1, checkpoint));
        disk.heal();
        assert_eq!(slot_files(&disk).len(), 1, "{operation:?}: nothing unfinished should remain");
        assert_eq!(disk.content(&old.path).unwrap(), content);
        set_health(&mut app, 9);
        load(&mut app, old.id);
        assert_eq!(health(&mut app), 7);
        save(&mut app, SaveSlot::manual("Boss").overwrite());
    }
}

#[test]
fn a_slot_whose_directory_entry_is_not_synced_is_not_reported_as_saved() {
    let disk = MemoryDisk::default();
    let (mut app, _) = game_with_slot(&disk);
    request(&mut app, |commands| {
        commands.session().slots().save(SaveSlot::manual("Boss").overwrite())
    });
    // The directories that lead to the slots are synced first, then that of the slots itself.
    disk.fail_after(Operation::SyncDirectory, 5, ErrorKind::Other);
    frames(&mut app, 6);
    assert_eq!(received::<SlotFailed>(&app).len(), 1);
    disk.heal();
    look_again(&mut app);
    let found = slots(&app);
    assert_eq!(found.len(), 1, "the old one or the new one is there");
    load(&mut app, found[0].id);
    assert!(matches!(health(&mut app), 7 | 8));
}

#[test]
fn a_slot_fails_if_its_checkpoint_cannot_be_written() {
    let disk = MemoryDisk::default();
    let (mut app, old) = game_with_slot(&disk);
    disk.fail_always(Operation::Append, ErrorKind::StorageFull);
    request(&mut app, |commands| {
        commands.session().slots().save(SaveSlot::manual("Boss").overwrite())
    });
    request(&mut app, |commands| commands.session().slots().quick_load());
    frames(&mut app, 4);
    let failed = received::<SlotFailed>(&app).remove(0);
    assert_eq!((failed.error, failed.checkpoint), (SlotError::CheckpointNotSaved, None));
    assert_eq!(last_rejection(&app), RequestError::Slot(SlotError::NoQuickSlot), "it didn't wait");
    disk.heal();
    seconds(&mut app, 4.0);
    load(&mut app, old.id);
    assert_eq!(health(&mut app), 7);
}

#[test]
fn a_session_that_another_process_plays_is_not_loaded() {
    let disk = MemoryDisk::default();
    let (_playing, slot) = game_with_slot(&disk);
    let mut app = slot_game(&disk);
    frames(&mut app, 2);
    load(&mut app, slot.id);
    assert_eq!(last_rejection(&app), RequestError::SessionInUse);
    assert!(app.world().get_resource::<CurrentSession>().is_none());
}

#[test]
fn a_slot_name_taken_by_another_process_is_rejected() {
    let disk = MemoryDisk::default();
    let mut first = slot_game(&disk);
    start_as(&mut first, "First", "Ann");
    // This one knows nothing of the slot that is saved beside it.
    let (_second, theirs) = game_with_slot(&disk);
    request(&mut first, |commands| commands.session().slots().save(SaveSlot::manual("Boss")));
    frames(&mut first, 4);
    let failed = received::<SlotFailed>(&first).remove(0);
    assert_eq!(failed.error, SlotError::NameTaken { slot: theirs.id });
    assert!(failed.checkpoint.is_some(), "its checkpoint is in the journal all the same");
    assert_eq!(slot_files(&disk), [theirs.path]);
}
