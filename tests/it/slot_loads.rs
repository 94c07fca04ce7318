//! Going on from a slot.

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReason;
use bevy_session::slots::{SlotError, SlotKind};
use bevy_session::{MemoryDisk, RecoveryFailed, RequestError, SessionClosed};

use crate::common::*;
use crate::slots::*;

#[test]
fn checkpoint_numbers_and_entity_ids_are_never_reused_after_a_load() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    let id = start_as(&mut app, "Campaign", "Ann");
    let slot = save(&mut app, SaveSlot::manual("Early"));
    for _ in 0..5 {
        app.world_mut().spawn(Inventory(vec![1]));
        request(&mut app, |commands| commands.session().checkpoint(""));
        frames(&mut app, 2);
    }
    frames(&mut app, 1);
    let late = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    load(&mut app, slot.id);
    let opened = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    assert!(opened.counter > late.counter, "{} is used twice", opened.counter);
    // What the slot's session came to meanwhile can still be had, and is no second line.
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Checkpoint(late)));
    frames(&mut app, 4);
    let world = app.world_mut();
    assert_eq!(world.query::<&Inventory>().iter(world).count(), 5);
    let mut app = slot_game(&disk.snapshot());
    frames(&mut app, 2);
    let offers = received::<RecoveryAvailable>(&app);
    assert_eq!((offers.len(), offers[0].offer.forked), (1, false));
}

// Feature: Each player has one quick save.
// Page: guide/slots.md
#[test]
fn a_player_has_one_quick_slot_and_loads_what_was_saved_last() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    start_as(&mut app, "Campaign", "Ann");
    let mut ids = Vec::new();
    for value in 2..5 {
        set_health(&mut app, value);
        request(&mut app, |commands| commands.session().slots().quick_save());
        frames(&mut app, 3);
        ids.push(received::<SlotSaved>(&app).pop().unwrap().slot.id);
    }
    // Nothing changed since: it is saved all the same.
    request(&mut app, |commands| commands.session().slots().quick_save());
    frames(&mut app, 3);
    assert_eq!(received::<SlotSaved>(&app).len(), 4);
    assert_eq!(slot_files(&disk).len(), 1);
    set_health(&mut app, 50);
    // In one frame: the load waits for the save before it.
    request(&mut app, |commands| {
        commands.session().slots().quick_save();
        commands.session().slots().quick_load();
    });
    set_health(&mut app, 51);
    app.update();
    set_health(&mut app, 52);
    frames(&mut app, 6);
    assert_eq!(health(&mut app), 51, "what was saved at the end of that frame should be back");
    let slots = app.world().resource::<SessionCatalog>().slots().to_vec();
    assert_eq!(slots.len(), 1);
    assert_eq!(slots[0].kind, SlotKind::Quick);
    drop(app);

    // From a menu, in another process.
    let mut app = slot_game(&disk.snapshot());
    request(&mut app, |commands| commands.session().slots().quick_load());
    frames(&mut app, 6);
    assert_eq!(health(&mut app), 51);
}

#[test]
fn each_player_has_slots_of_their_own() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    start_as(&mut app, "Campaign", "Ann");
    request(&mut app, |commands| commands.session().slots().quick_save());
    frames(&mut app, 3);
    let anns = save(&mut app, SaveSlot::manual("Boss"));
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let bobs = start_as(&mut app, "Campaign", "Bob");
    request(&mut app, |commands| commands.session().slots().quick_load());
    frames(&mut app, 3);
    assert_eq!(last_rejection(&app), RequestError::Slot(SlotError::NoQuickSlot));
    request(&mut app, |commands| commands.session().slots().quick_save());
    frames(&mut app, 3);
    save(&mut app, SaveSlot::manual("Boss"));
    let catalog = app.world().resource::<SessionCatalog>();
    assert_eq!(catalog.slots().len(), 4);
    assert_eq!(catalog.slots_of(bobs).count(), 2);
    assert!(catalog.slot_named(Some("Ann"), "Boss").is_some());
    // In the middle of Bob's session, Ann's slot isn't loaded by mistake.
    load(&mut app, anns.id);
    let other = SlotError::OtherPlayer { player: Some("Ann".to_owned()) };
    assert_eq!(last_rejection(&app), RequestError::Slot(other));
    assert_eq!(app.world().resource::<CurrentSession>().id(), bobs);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    load(&mut app, anns.id);
    assert_eq!(app.world().resource::<CurrentSession>().player(), Some("Ann"));
}

#[test]
fn loading_closes_another_session_with_its_last_checkpoint() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    let first = start_as(&mut app, "First", "Ann");
    let slot = save(&mut app, SaveSlot::manual("First"));
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let second = start_as(&mut app, "Second", "Ann");
    set_health(&mut app, 22);
    load(&mut app, slot.id);
    let closed = received::<SessionClosed>(&app).pop().unwrap();
    assert_eq!((closed.session, closed.complete), (second, true));
    assert_eq!(app.world().resource::<CurrentSession>().id(), first);
    assert_eq!(health(&mut app), 1);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().continue_session(second));
    frames(&mut app, 4);
    assert_eq!(health(&mut app), 22, "the last frame of the one that was closed should be there");
}

#[test]
fn slots_are_offered_after_a_crash_and_after_total_damage() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    let id = start_as(&mut app, "Campaign", "Ann");
    set_health(&mut app, 7);
    let slot = save(&mut app, SaveSlot::manual("Seven"));
    set_health(&mut app, 8);
    seconds(&mut app, 6.0);
    let killed = disk.snapshot();
    let mut app = slot_game(&killed);
    frames(&mut app, 2);
    let offer = received::<RecoveryAvailable>(&app).remove(0).offer;
    assert_eq!(offer.slots.iter().map(|slot| slot.id).collect::<Vec<_>>(), [slot.id]);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Slot(slot.id)));
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app)[0].reason, RestoreReason::Recovered);
    assert_eq!(health(&mut app), 7);

    // Where no checkpoint is left, the slots still are.
    let ruined = disk.snapshot();
    for path in
        ruined.paths().into_iter().filter(|path| path.extension().is_some_and(|it| it == "journal"))
    {
        (0..ruined.content(&path).unwrap().len())
            .step_by(11)
            .for_each(|at| ruined.corrupt(&path, at, 0xff));
    }
    let mut app = slot_game(&ruined);
    frames(&mut app, 2);
    assert!(received::<RecoveryAvailable>(&app).is_empty());
    let failed = received::<RecoveryFailed>(&app).remove(0);
    assert_eq!(failed.slots.iter().map(|slot| slot.id).collect::<Vec<_>>(), [slot.id]);
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Slot(slot.id)));
    frames(&mut app, 4);
    assert_eq!(health(&mut app), 7, "{:?}", received::<RequestRejected>(&app));
}

// Feature: Slots are saved, loaded, renamed, copied and deleted, each a whole copy of its frame.
#[test]
fn a_slot_is_complete_in_itself() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    let id = start_as(&mut app, "Campaign", "Ann");
    app.world_mut().resource_mut::<CurrentSession>().set("mission", &"bridge").unwrap();
    for value in 2..6 {
        set_health(&mut app, value);
        request(&mut app, |commands| commands.session().checkpoint(""));
        frames(&mut app, 2);
    }
    let slot = save(&mut app, SaveSlot::manual("Five"));
    let counter = slot.checkpoint.counter;
    drop(app);
    // Another machine, to which somebody carried nothing but the slot.
    let other = MemoryDisk::default();
    other.take_from(&disk, std::path::Path::new("sessions/data"));
    other.remove_all(std::path::Path::new("sessions/data/profiles/default/sessions"));
    let mut app = slot_game(&other);
    frames(&mut app, 2);
    assert!(app.world().resource::<SessionCatalog>().sessions().is_empty());
    set_health(&mut app, 0);
    load(&mut app, slot.id);
    assert_eq!(health(&mut app), 5, "{:?}", received::<RequestRejected>(&app));
    let current = app.world().resource::<CurrentSession>();
    assert_eq!((current.id(), current.player()), (id, Some("Ann")));
    assert_eq!(current.get::<String>("mission").as_deref(), Some("bridge"));
    let newest = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    assert!(newest.counter > counter, "numbers should only grow");
    assert!(app.world().resource::<SessionCatalog>().get(id).is_some());
    // And the run that it began survives a crash.
    set_health(&mut app, 6);
    seconds(&mut app, 6.0);
    let mut app = slot_game(&other.snapshot());
    frames(&mut app, 2);
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1, "one past and no fork");
    request(&mut app, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut app, 4);
    assert_eq!(health(&mut app), 6);
}

// Feature: A session whose offer was declined is continued again once one of its slots was played.
// Page: guide/slots.md#sessions-in-a-load-menu
#[test]
fn a_declined_session_that_is_played_from_its_slot_is_continued_again() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    let session = start_as(&mut app, "Campaign", "Ann");
    let slot = save(&mut app, SaveSlot::manual("2"));
    frames(&mut app, 3);
    let mut app = slot_game(&disk.snapshot());
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().decline(session));
    frames(&mut app, 3);
    let to_continue = |app: &App| {
        let catalog = app.world().resource::<SessionCatalog>();
        catalog.newest_to_continue().map(|entry| entry.session.id)
    };
    assert_eq!(to_continue(&app), None);
    load(&mut app, slot.id);
    close(&mut app);
    assert_eq!(to_continue(&app), Some(session));
}
