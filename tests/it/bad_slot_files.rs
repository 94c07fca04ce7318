//! Files of slots that are damaged, renamed, copied, of another game or of a newer release.

use std::io::ErrorKind;
use std::path::PathBuf;

use bevy::prelude::*;
use bevy_session::external::Operation;
use bevy_session::library::Validity;
use bevy_session::prelude::*;
use bevy_session::slots::{SlotDeleted, SlotError, SlotFailed};
use bevy_session::{MemoryDisk, RequestError, SessionPlugin};

use crate::bad_slots::*;
use crate::common::*;
use crate::newer_files::of_a_newer_version;
use crate::slots::*;

#[test]
fn a_damaged_slot_is_reported_and_the_session_stays_open() {
    let disk = MemoryDisk::default();
    let (mut app, slot) = game_with_slot(&disk);
    let length = slot.bytes as usize;
    let intact = disk.content(&slot.path).unwrap();
    let played = app.world().resource::<CurrentSession>().id();
    for offset in (0..length).step_by(37).chain([length - 1]) {
        disk.put(&slot.path, &intact);
        disk.corrupt(&slot.path, offset, 0x10);
        set_health(&mut app, 8);
        let before = received::<RequestRejected>(&app).len();
        load(&mut app, slot.id);
        if received::<RequestRejected>(&app).len() == before {
            panic!("the flipped bit at {offset} of {length} should be noticed");
        }
        let damaged = SlotError::Damaged { path: slot.path.clone() };
        assert_eq!(last_rejection(&app), RequestError::Slot(damaged), "byte {offset}");
        assert_eq!(health(&mut app), 8);
        assert_eq!(app.world().resource::<CurrentSession>().id(), played);
    }
    // Cut, too.
    disk.put(&slot.path, &intact[..length - 10]);
    load(&mut app, slot.id);
    assert_eq!(
        last_rejection(&app),
        RequestError::Slot(SlotError::Damaged { path: slot.path.clone() })
    );
    assert_eq!(slots(&app)[0].validity, Validity::Damaged);
    // Another session isn't closed for a slot that can't be loaded.
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let other = start_as(&mut app, "Other", "Ann");
    load(&mut app, slot.id);
    assert_eq!(app.world().resource::<CurrentSession>().id(), other);
    disk.put(&slot.path, &intact);
    load(&mut app, slot.id);
    assert_eq!(health(&mut app), 7);
}

#[test]
fn a_slot_with_a_damaged_header_is_listed_as_unreadable_and_can_be_deleted() {
    let disk = MemoryDisk::default();
    let (app, slot) = game_with_slot(&disk);
    drop(app);
    disk.corrupt(&slot.path, 40, 0x01);
    let mut app = slot_game(&disk);
    frames(&mut app, 2);
    assert!(slots(&app).is_empty());
    let unreadable = app.world().resource::<SessionCatalog>().unreadable_slots().to_vec();
    assert_eq!(unreadable.len(), 1);
    assert_eq!(unreadable[0].path, slot.path);
    assert_eq!(unreadable[0].error, SlotError::Damaged { path: slot.path.clone() });
    load(&mut app, unreadable[0].id);
    assert_eq!(last_rejection(&app), RequestError::Slot(unreadable[0].error.clone()));
    // Saving under that name leaves it alone, with and without being asked to overwrite.
    start_as(&mut app, "Campaign", "Ann");
    let saved = save(&mut app, SaveSlot::manual("Boss"));
    let again = save(&mut app, SaveSlot::manual("Boss").overwrite());
    assert_ne!(saved.path, slot.path);
    assert_eq!(again.path, saved.path);
    assert_eq!(slot_files(&disk).len(), 2);
    request(&mut app, |commands| commands.session().slots().delete(unreadable[0].id));
    frames(&mut app, 3);
    assert_eq!(received::<SlotDeleted>(&app).len(), 1);
    assert_eq!(slot_files(&disk), [saved.path]);
}

#[test]
fn a_slot_of_a_newer_version_is_refused_and_not_overwritten() {
    let disk = MemoryDisk::default();
    let (mut app, slot) = game_with_slot(&disk);
    let newer = of_a_newer_version(disk.content(&slot.path).unwrap());
    disk.put(&slot.path, &newer);
    look_again(&mut app);
    assert!(slots(&app).is_empty());
    let file = app.world().resource::<SessionCatalog>().unreadable_slots()[0].clone();
    let SlotError::NewerFormat { path, written_by } = &file.error else {
        panic!("{:?}", file.error)
    };
    assert_eq!(*path, slot.path);
    assert!(written_by.to_string().contains("1.2.3"), "{written_by}");
    load(&mut app, file.id);
    assert_eq!(last_rejection(&app), RequestError::Slot(file.error));
    let saved = save(&mut app, SaveSlot::manual("Boss").overwrite());
    assert_ne!(saved.path, slot.path);
    assert_eq!(disk.content(&slot.path).unwrap(), newer);
}

#[test]
fn a_slot_of_another_game_is_refused() {
    let disk = MemoryDisk::default();
    let (app, slot) = game_with_slot(&disk);
    drop(app);
    let other = SessionPlugin::new("Tests", "Sequel").disk(disk.clone());
    let mut app = game_with(other, listen_to_slots);
    frames(&mut app, 2);
    assert!(slots(&app).is_empty());
    let file = app.world().resource::<SessionCatalog>().unreadable_slots()[0].clone();
    assert_eq!(file.error, SlotError::OtherGame { game: "Tests/Game".to_owned() });
    load(&mut app, file.id);
    assert_eq!(last_rejection(&app), RequestError::Slot(file.error));
    load(&mut app, slot.id);
    assert_eq!(last_rejection(&app), RequestError::Slot(SlotError::Unknown));
    assert!(app.world().get_resource::<CurrentSession>().is_none());
}

#[test]
fn a_slot_that_was_renamed_by_hand_is_what_its_header_says() {
    let disk = MemoryDisk::default();
    let (mut app, boss) = game_with_slot(&disk);
    let other = save(&mut app, SaveSlot::manual("Other"));
    let content = disk.content(&boss.path).unwrap();
    let by_hand = boss.path.with_file_name("my favourite.save");
    disk.remove_all(&boss.path);
    disk.put(&by_hand, &content);
    look_again(&mut app);
    let found = slots(&app).into_iter().find(|slot| slot.id == boss.id).unwrap();
    assert_eq!((&*found.name, &found.path), ("Boss", &by_hand));
    // Its name is still taken, and overwriting it replaces the file that it is in.
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Boss")));
    frames(&mut app, 4);
    assert_eq!(last_rejection(&app), RequestError::Slot(SlotError::NameTaken { slot: boss.id }));
    let saved = save(&mut app, SaveSlot::manual("Boss").overwrite());
    assert_eq!(disk.content(&by_hand), None);
    assert_eq!(slot_files(&disk).len(), 2);

    // A file that was put under another slot's name isn't replaced by that.
    let swapped = disk.content(&saved.path).unwrap();
    disk.remove_all(&saved.path);
    disk.remove_all(&other.path);
    disk.put(&other.path, &swapped);
    look_again(&mut app);
    let other = save(&mut app, SaveSlot::manual("Other"));
    assert_eq!(slots(&app).len(), 2);
    load(&mut app, saved.id);
    assert_eq!(received::<SessionRestored>(&app).pop().unwrap().checkpoint, saved.checkpoint);
    load(&mut app, other.id);
    assert_eq!(received::<SessionRestored>(&app).pop().unwrap().checkpoint, other.checkpoint);
}

#[test]
fn cloud_copies_of_one_slot_are_listed_once_unless_they_differ() {
    let disk = MemoryDisk::default();
    let (mut app, slot) = game_with_slot(&disk);
    let conflicted = |path: &PathBuf| {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        path.with_file_name(format!("{stem} (conflicted copy 2026-01-01).save"))
    };
    let copy = conflicted(&slot.path);
    disk.put(&copy, &disk.content(&slot.path).unwrap());
    look_again(&mut app);
    assert_eq!(slots(&app).len(), 1, "the same twice is one slot");
    assert_eq!(slots(&app)[0].path, slot.path);
    // If one is damaged, the other serves.
    disk.corrupt(&slot.path, slot.bytes as usize - 5, 0xff);
    load(&mut app, slot.id);
    assert_eq!(health(&mut app), 7, "{:?}", received::<RequestRejected>(&app));
    // Deleting the slot deletes all of it, or it would be back at the next start.
    request(&mut app, |commands| commands.session().slots().delete(slot.id));
    frames(&mut app, 3);
    assert!(slot_files(&disk).is_empty());

    // Two devices saved under one name: both are there.
    let mine = save(&mut app, SaveSlot::manual("Boss"));
    let first = disk.content(&mine.path).unwrap();
    set_health(&mut app, 30);
    let theirs = save(&mut app, SaveSlot::manual("Boss").overwrite());
    disk.put(&conflicted(&mine.path), &first);
    look_again(&mut app);
    let names: Vec<String> = slots(&app).into_iter().map(|slot| slot.name).collect();
    assert_eq!(names, ["Boss", "Boss"]);
    load(&mut app, mine.id);
    assert_eq!(health(&mut app), 7);
    load(&mut app, theirs.id);
    assert_eq!(health(&mut app), 30);
    // Overwriting takes the place of one of them.
    save(&mut app, SaveSlot::manual("Boss").overwrite());
    assert_eq!(slots(&app).len(), 2);
    assert!(slots(&app).iter().any(|slot| slot.id == mine.id));
}

#[test]
fn unfinished_slot_files_are_not_listed_and_are_removed() {
    let disk = MemoryDisk::default();
    let (app, slot) = game_with_slot(&disk);
    let half = disk.content(&slot.path).unwrap();
    let mut name = slot.path.file_name().unwrap().to_owned();
    name.push(".0123456789abcdef.new");
    let unfinished = slot.path.with_file_name(name);
    drop(app);
    let disk = disk.snapshot();
    disk.put(&unfinished, &half[..half.len() / 2]);
    disk.put(&slot.path.with_file_name("note.txt"), b"mine");
    let mut app = slot_game(&disk);
    frames(&mut app, 2);
    assert_eq!(slots(&app).len(), 1);
    assert!(app.world().resource::<SessionCatalog>().unreadable_slots().is_empty());
    assert_eq!(slot_files(&disk).len(), 3, "looking changes nothing");
    load(&mut app, slot.id);
    save(&mut app, SaveSlot::manual("Another"));
    assert_eq!(disk.content(&unfinished), None);
    assert!(disk.content(&slot.path.with_file_name("note.txt")).is_some());
}

#[test]
fn a_journal_or_text_named_as_a_slot_is_unreadable() {
    let disk = MemoryDisk::default();
    let (mut app, slot) = game_with_slot(&disk);
    let journal =
        disk.paths().into_iter().find(|path| path.extension().is_some_and(|it| it == "journal"));
    let journal = disk.content(&journal.unwrap()).unwrap();
    disk.put(&slot.path.with_file_name("copied.save"), &journal);
    disk.put(&slot.path.with_file_name("empty.save"), b"");
    disk.put(&slot.path.with_file_name("text.save"), b"dear diary, this is no slot at all");
    look_again(&mut app);
    assert_eq!(slots(&app).len(), 1);
    let unreadable = app.world().resource::<SessionCatalog>().unreadable_slots();
    assert!(unreadable.iter().all(|file| matches!(file.error, SlotError::Damaged { .. })));
    assert_eq!(unreadable.len(), 3);
}

#[test]
fn a_slot_that_cannot_be_read_is_not_replaced_as_missing() {
    let disk = MemoryDisk::default();
    let (app, old) = game_with_slot(&disk);
    drop(app);
    disk.fail_always(Operation::Open, ErrorKind::PermissionDenied);
    let mut app = slot_game(&disk);
    frames(&mut app, 2);
    disk.heal();
    assert_eq!(app.world().resource::<SessionCatalog>().unreadable_slots().len(), 1);
    start_as(&mut app, "Campaign", "Ann");
    // Its name may be this very one: no one wants two slots of one name.
    disk.fail_next(Operation::Open, ErrorKind::PermissionDenied);
    request(&mut app, |commands| {
        commands.session().slots().save(SaveSlot::manual("Boss").overwrite())
    });
    frames(&mut app, 4);
    let failed = received::<SlotFailed>(&app).remove(0);
    assert!(matches!(failed.error, SlotError::Unreadable(_)), "{failed:?}");
    assert_eq!(slot_files(&disk), std::slice::from_ref(&old.path));
    let saved = save(&mut app, SaveSlot::manual("Boss").overwrite());
    assert_eq!(saved.path, old.path);
    assert_eq!(slots(&app).len(), 1);
}
