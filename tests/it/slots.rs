//! Named saves: saved, loaded, overwritten, renamed, copied, deleted.

// Feature: Slots are saved, loaded, renamed, copied and deleted, each a whole copy of its frame.
// Page: guide/slots.md

use bevy::prelude::*;
use bevy_session::library::StorageSettings;
use bevy_session::library::Validity;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReason;
use bevy_session::slots::{
    SlotCommands, SlotCopied, SlotDeleted, SlotEntry, SlotError, SlotFailed, SlotId, SlotKind,
    SlotRenamed,
};
use bevy_session::{
    CheckpointCaptured, CheckpointKind, MemoryDisk, RecoveryFailed, RequestDone, RequestError,
    SessionClosed, SessionId, Ticket,
};

use crate::common::*;

/// A game with everything that is reported of slots listened to.
pub fn slot_game(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), listen_to_slots)
}

pub fn listen_to_slots(app: &mut App) {
    listen::<SlotSaved>(app);
    listen::<SlotFailed>(app);
    listen::<SlotRenamed>(app);
    listen::<SlotCopied>(app);
    listen::<SlotDeleted>(app);
    listen::<SessionRestored>(app);
    listen::<SessionClosed>(app);
    listen::<RequestRejected>(app);
    listen::<CheckpointSaved>(app);
    listen::<CheckpointFailed>(app);
    listen::<RecoveryAvailable>(app);
    listen::<RecoveryFailed>(app);
    app.world_mut().spawn(Health(1));
}

pub fn start_as(app: &mut App, name: &str, player: &str) -> SessionId {
    request(app, |commands| commands.session().start(NewSession::named(name).player(player)));
    frames(app, 4);
    app.world().resource::<CurrentSession>().id()
}

pub fn health(app: &mut App) -> u32 {
    let world = app.world_mut();
    world.query::<&Health>().single(world).unwrap().0
}

pub fn set_health(app: &mut App, value: u32) {
    let world = app.world_mut();
    world.query::<&mut Health>().single_mut(world).unwrap().0 = value;
}

/// Saves, and says which slot that came to.
pub fn save(app: &mut App, slot: SaveSlot) -> SlotEntry {
    let before = received::<SlotSaved>(app).len();
    request(app, |commands| commands.session().slots().save(slot));
    frames(app, 4);
    let saved = received::<SlotSaved>(app);
    assert_eq!(saved.len(), before + 1, "{:?}", received::<SlotFailed>(app));
    saved.last().unwrap().slot.clone()
}

pub fn load(app: &mut App, slot: SlotId) {
    request(app, |commands| commands.session().slots().load(slot));
    frames(app, 6);
}

pub fn last_rejection(app: &App) -> RequestError {
    received::<RequestRejected>(app).pop().expect("it should be rejected").error
}

pub fn slot_files(disk: &MemoryDisk) -> Vec<std::path::PathBuf> {
    let in_slots =
        |path: &std::path::PathBuf| path.components().any(|it| it.as_os_str() == "slots");
    disk.paths().into_iter().filter(in_slots).collect()
}

#[test]
fn a_slot_holds_the_very_frame_that_it_was_asked_for_in() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    let id = start_as(&mut app, "Campaign", "Ann");
    set_health(&mut app, 7);
    let slot = save(&mut app, SaveSlot::manual("Before the boss"));
    assert_eq!((slot.name.as_str(), slot.kind), ("Before the boss", SlotKind::Manual));
    assert_eq!((slot.session.id, slot.session.player.as_deref()), (id, Some("Ann")));
    assert_eq!((slot.entities, slot.validity), (1, Validity::Unread));
    let newest = received::<CheckpointSaved>(&app).pop().unwrap();
    assert_eq!((newest.checkpoint, newest.kind), (slot.checkpoint, CheckpointKind::Manual));
    assert_eq!(slot_files(&disk).len(), 1, "nothing unfinished should remain");
    assert_eq!(disk.content(&slot.path).unwrap().len() as u64, slot.bytes);

    set_health(&mut app, 99);
    seconds(&mut app, 6.0);
    load(&mut app, slot.id);
    let restored = received::<SessionRestored>(&app).pop().unwrap();
    assert_eq!((restored.reason, restored.checkpoint), (RestoreReason::Loaded, slot.checkpoint));
    assert_eq!(health(&mut app), 7);
    assert_eq!(app.world().resource::<CurrentSession>().id(), id, "it is the slot's own session");
    let catalog = app.world().resource::<SessionCatalog>();
    assert_eq!(catalog.slot(slot.id).unwrap().validity, Validity::Verified);
}

#[test]
fn an_existing_name_is_rejected_and_loses_nothing() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    start_as(&mut app, "Campaign", "Ann");
    let first = save(&mut app, SaveSlot::manual("Boss"));
    let before = disk.content(&first.path);
    let checkpoints = received::<CheckpointSaved>(&app).len();
    set_health(&mut app, 2);
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Boss")));
    frames(&mut app, 4);
    assert_eq!(last_rejection(&app), RequestError::Slot(SlotError::NameTaken { slot: first.id }));
    assert_eq!(disk.content(&first.path), before);
    assert_eq!(
        received::<CheckpointSaved>(&app).len(),
        checkpoints,
        "nothing should have been taken"
    );

    let second = save(&mut app, SaveSlot::manual("Boss").overwrite());
    assert_eq!(second.path, first.path);
    assert_ne!(second.id, first.id, "another moment is another slot");
    let slots = app.world().resource::<SessionCatalog>().slots().to_vec();
    assert_eq!(slots, std::slice::from_ref(&second));
    load(&mut app, first.id);
    assert_eq!(last_rejection(&app), RequestError::Slot(SlotError::Unknown));
    set_health(&mut app, 3);
    load(&mut app, second.id);
    assert_eq!(health(&mut app), 2);
}

#[test]
fn a_slot_is_renamed_copied_and_deleted() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    start_as(&mut app, "Campaign", "Ann");
    let one = save(&mut app, SaveSlot::manual("One"));
    let two = save(&mut app, SaveSlot::manual("Two"));
    request(&mut app, |commands| commands.session().slots().rename(one.id, "Two"));
    frames(&mut app, 3);
    assert_eq!(last_rejection(&app), RequestError::Slot(SlotError::NameTaken { slot: two.id }));
    request(&mut app, |commands| commands.session().slots().rename(one.id, "Three"));
    frames(&mut app, 3);
    let renamed = received::<SlotRenamed>(&app).pop().unwrap().slot;
    assert_eq!((renamed.id, &*renamed.name), (one.id, "Three"));
    assert_eq!(disk.content(&one.path), None, "the old name should be free");
    request(&mut app, |commands| commands.session().slots().copy(renamed.id, "Four"));
    frames(&mut app, 3);
    let copied = received::<SlotCopied>(&app).pop().unwrap();
    assert_eq!((copied.from, &*copied.slot.name), (one.id, "Four"));
    assert_ne!(copied.slot.id, one.id);
    request(&mut app, |commands| commands.session().slots().delete(renamed.id));
    frames(&mut app, 3);
    assert_eq!(received::<SlotDeleted>(&app)[0].slot, one.id);
    for gone in [renamed.id, renamed.id] {
        request(&mut app, |commands| commands.session().slots().delete(gone));
        request(&mut app, |commands| commands.session().slots().rename(gone, "Five"));
        frames(&mut app, 4);
        assert_eq!(last_rejection(&app), RequestError::Slot(SlotError::Unknown));
    }
    let names = |app: &App| {
        let catalog = app.world().resource::<SessionCatalog>();
        let mut names: Vec<String> = catalog.slots().iter().map(|slot| slot.name.clone()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&app), ["Four", "Two"]);
    set_health(&mut app, 5);
    load(&mut app, copied.slot.id);
    assert_eq!(health(&mut app), 1);
    let mut again = slot_game(&disk.snapshot());
    frames(&mut again, 2);
    assert_eq!(names(&again), ["Four", "Two"], "the next start should see the same");
}

#[test]
fn an_exit_leaves_a_slot_where_that_is_asked_for() {
    let disk = MemoryDisk::default();
    let settings = SessionSettings { exit_slot: true, ..SessionSettings::default() };
    let mut app = game_with(plugin(&disk).settings(settings), listen_to_slots);
    let id = start_as(&mut app, "Campaign", "Ann");
    for value in [7, 8] {
        set_health(&mut app, value);
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 4);
        request(&mut app, |commands| commands.session().continue_session(id));
        frames(&mut app, 4);
    }
    set_health(&mut app, 9);
    app.world_mut().write_message(AppExit::Success);
    app.update();
    drop(app);
    let mut app = slot_game(&disk);
    frames(&mut app, 2);
    let slots = app.world().resource::<SessionCatalog>().slots().to_vec();
    assert_eq!(slots.len(), 1, "each session has one");
    assert_eq!((slots[0].kind, &*slots[0].name), (SlotKind::Exit, "Campaign"));
    load(&mut app, slots[0].id);
    assert_eq!(health(&mut app), 9, "the exit should have waited for its slot");
}

#[test]
fn an_exit_waits_for_a_slot_that_takes_long() {
    let disk = MemoryDisk::default();
    let settings = SessionSettings { exit_slot: true, ..SessionSettings::default() };
    let mut app = game_with(plugin(&disk).settings(settings), listen_to_slots);
    app.world_mut().spawn_batch((0..400_u32).map(|number| Inventory(vec![number; 5_000])));
    start_as(&mut app, "Large", "Ann");
    app.world_mut().write_message(AppExit::Success);
    app.update();
    drop(app);
    let mut app = slot_game(&disk);
    frames(&mut app, 2);
    let slots = app.world().resource::<SessionCatalog>().slots().to_vec();
    assert_eq!((slots.len(), slots[0].entities), (1, 401));
    assert_eq!(slot_files(&disk).len(), 1);
}

#[test]
fn retention_and_quotas_count_slots_and_never_remove_them() {
    let disk = MemoryDisk::default();
    let settings = SessionSettings {
        storage: StorageSettings {
            max_session_bytes: 1,
            max_total_bytes: 1,
            ..StorageSettings::default()
        },
        ..SessionSettings::default()
    };
    let mut app = game_with(plugin(&disk).settings(settings), |app| {
        listen_to_slots(app);
        app.add_systems(Update, |mut score: ResMut<Score>| score.0 += 1);
    });
    let id = start_as(&mut app, "Campaign", "Ann");
    let slot = save(&mut app, SaveSlot::manual("Early"));
    long(&mut app, 900);
    assert!(disk.content(&slot.path).is_some());
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().library().purge(id));
    frames(&mut app, 3);
    assert_eq!(
        slot_files(&disk),
        std::slice::from_ref(&slot.path),
        "a forgotten session leaves its slots"
    );
    load(&mut app, slot.id);
    assert_eq!(app.world().resource::<CurrentSession>().id(), id);
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 3);
    let entry = app.world().resource::<SessionCatalog>().get(id).unwrap().clone();
    assert!(entry.bytes > slot.bytes);
}

// Feature: A protected slot is neither overwritten nor deleted.
// Page: guide/slots.md
#[test]
fn a_protected_slot_is_neither_overwritten_nor_deleted() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    listen::<RequestDone>(&mut app);
    start_as(&mut app, "Campaign", "Ann");
    set_health(&mut app, 7);
    let slot = save(&mut app, SaveSlot::manual("Chapter 1"));
    let ask = |app: &mut App, protected: bool| {
        let id = slot.id;
        request(app, move |commands| {
            let mut session = commands.session();
            let mut slots = session.slots();
            if protected {
                slots.protect(id)
            } else {
                slots.unprotect(id)
            };
        });
        frames(app, 4);
        app.world().resource::<SessionCatalog>().slot(id).unwrap().protected
    };
    assert!(!slot.protected);
    let done = received::<RequestDone>(&app).len();
    assert!(ask(&mut app, true));
    assert_eq!(received::<RequestDone>(&app).len(), done + 1, "the protection's");
    assert_eq!(received::<SlotSaved>(&app).len(), 1, "nothing was saved into it");

    set_health(&mut app, 8);
    request(&mut app, |commands| {
        commands.session().slots().save(SaveSlot::manual("Chapter 1").overwrite());
    });
    frames(&mut app, 4);
    let failed = received::<SlotFailed>(&app).pop().unwrap();
    assert_eq!(failed.error, SlotError::Protected { slot: slot.id });
    let id = slot.id;
    request(&mut app, move |commands| {
        commands.session().slots().delete(id);
    });
    frames(&mut app, 4);
    assert_eq!(last_rejection(&app), RequestError::Slot(SlotError::Protected { slot: slot.id }));

    // Another name keeps it protected; a copy isn't.
    request(&mut app, move |commands| {
        commands.session().slots().rename(id, "The first chapter");
    });
    frames(&mut app, 4);
    assert!(received::<SlotRenamed>(&app).pop().unwrap().slot.protected);
    request(&mut app, move |commands| {
        commands.session().slots().copy(id, "A copy");
    });
    frames(&mut app, 4);
    assert!(!received::<SlotCopied>(&app).pop().unwrap().slot.protected);

    // The next process knows it as well, and its world is the one that was saved.
    drop(app);
    let mut app = slot_game(&disk);
    frames(&mut app, 3);
    let known = app.world().resource::<SessionCatalog>().slot(slot.id).unwrap().clone();
    assert!(known.protected);
    load(&mut app, slot.id);
    assert_eq!(health(&mut app), 7);
    assert!(!ask(&mut app, false));
    let replaced = save(&mut app, SaveSlot::manual("The first chapter").overwrite());
    assert_ne!(replaced.id, slot.id);
}

#[test]
fn the_checkpoint_of_a_save_has_its_ticket() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    listen::<CheckpointCaptured>(&mut app);
    listen::<RequestDone>(&mut app);
    start_as(&mut app, "Campaign", "Ann");
    let slot = save(&mut app, SaveSlot::quick());

    let of_the_slot = |captured: &CheckpointCaptured| captured.checkpoint == slot.checkpoint;
    let captured = received::<CheckpointCaptured>(&app).into_iter().find(of_the_slot).unwrap();
    let saved = received::<CheckpointSaved>(&app).pop().unwrap();
    let done = received::<RequestDone>(&app).pop().unwrap();
    assert_eq!((captured.ticket, saved.ticket), (Some(done.ticket), Some(done.ticket)));
    let ticketed = received::<RequestDone>(&app).into_iter().filter(|it| it.ticket == done.ticket);
    assert_eq!(ticketed.count(), 1, "the slot has the last word, not the checkpoint");
}

#[test]
fn what_is_said_of_slots_and_of_a_load_has_the_ticket_of_the_request() {
    let disk = MemoryDisk::default();
    let settings = SessionSettings { exit_slot: true, ..SessionSettings::default() };
    let mut app = game_with(plugin(&disk).settings(settings), listen_to_slots);
    start_as(&mut app, "Campaign", "Ann");
    let asked = ask_two_saves(&mut app);
    let saved = received::<SlotSaved>(&app);
    let of = |ticket| saved.iter().find(|it| it.ticket == Some(ticket)).unwrap().slot.clone();
    assert_eq!(asked.map(|ticket| of(ticket).name), ["North", "South"]);

    let (north, south) = (of(asked[0]).id, of(asked[1]).id);
    let rename = ticket_of(&mut app, |slots| slots.rename(north, "East"));
    let copy = ticket_of(&mut app, |slots| slots.copy(south, "West"));
    let delete = ticket_of(&mut app, |slots| slots.delete(south));
    let load = ticket_of(&mut app, |slots| slots.load(north));
    frames(&mut app, 12);
    assert_eq!(received::<SlotRenamed>(&app).pop().unwrap().ticket, Some(rename));
    assert_eq!(received::<SlotCopied>(&app).pop().unwrap().ticket, Some(copy));
    assert_eq!(received::<SlotDeleted>(&app).pop().unwrap().ticket, Some(delete));
    assert_eq!(received::<SessionRestored>(&app).pop().unwrap().ticket, load);

    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 4);
    let at_the_exit = received::<SlotSaved>(&app).pop().unwrap();
    assert_eq!((at_the_exit.slot.kind, at_the_exit.ticket), (SlotKind::Exit, None));
}

/// Saves two slots in one frame.
fn ask_two_saves(app: &mut App) -> [Ticket; 2] {
    let save = |name| move |slots: &mut SlotCommands<'_, '_>| slots.save(SaveSlot::manual(name));
    let asked = [ticket_of(app, save("North")), ticket_of(app, save("South"))];
    frames(app, 6);
    asked
}

fn ticket_of(app: &mut App, ask: impl FnOnce(&mut SlotCommands<'_, '_>) -> Ticket) -> Ticket {
    let mut commands = app.world_mut().commands();
    ask(&mut commands.session().slots())
}
