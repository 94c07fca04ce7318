//! The save indicator: a mark while saving, a warning while that is impossible.

// Feature: An indicator and a developer's panel show saves, events, alerts and errors.
// Page: guide/ready-made-ui.md

use bevy_session::MemoryDisk;
use bevy_session::external::Operation;
use bevy_session::prelude::*;

use super::kit::*;
use super::layout::assert_tidy;
use crate::common::*;

#[test]
fn the_indicator_is_shown_briefly_after_a_checkpoint() {
    let mut app = ui_game(&MemoryDisk::default());
    app.world_mut().spawn(Health(1));
    start(&mut app, "Campaign");
    seconds(&mut app, 3.0);
    assert!(!is_shown(&mut app, "Saving"), "{:?}", texts(&mut app));
    request(&mut app, |commands| commands.session().checkpoint("here"));
    frames(&mut app, 2);
    assert!(is_shown(&mut app, "Saving"), "{:?}", texts(&mut app));
    assert_tidy(&mut app, "indicator");
    seconds(&mut app, 2.0);
    assert!(!is_shown(&mut app, "Saving"), "it should go when it was seen");
}

#[test]
fn a_disk_that_cannot_be_written_is_shown_until_it_can() {
    let disk = MemoryDisk::default();
    let mut app = ui_game(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Campaign");
    for operation in [Operation::Append, Operation::Sync, Operation::Replace] {
        disk.fail_always(operation, std::io::ErrorKind::StorageFull);
    }
    app.world_mut().entity_mut(entity).insert(Health(2));
    request(&mut app, |commands| commands.session().checkpoint("here"));
    frames(&mut app, 4);
    assert!(is_shown(&mut app, "can't be saved: the disk is full"), "{:?}", texts(&mut app));
    seconds(&mut app, 20.0);
    assert!(is_shown(&mut app, "the disk is full"), "it should stay");
    disk.heal();
    long(&mut app, 120);
    assert!(!is_shown(&mut app, "the disk is full"), "{:?}", texts(&mut app));
}

#[test]
fn a_slot_that_cannot_be_saved_is_named_for_a_while() {
    let disk = MemoryDisk::default();
    let mut app = ui_game(&disk);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Campaign");
    disk.fail_always(Operation::Replace, std::io::ErrorKind::PermissionDenied);
    request(&mut app, |commands| {
        commands.session().slots().save(SaveSlot::manual("Before the boss"))
    });
    frames(&mut app, 6);
    assert!(is_shown(&mut app, "\"Before the boss\" could not be saved"), "{:?}", texts(&mut app));
    seconds(&mut app, 10.0);
    assert!(!is_shown(&mut app, "Before the boss"));
}

#[test]
fn the_warning_that_a_session_is_not_saved_goes_once_another_one_is() {
    let disk = MemoryDisk::default();
    let mut app = ui_game(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Lost");
    seconds(&mut app, 6.0);
    let id = app.world().resource::<CurrentSession>().id();
    // Another process takes it over.
    disk.remove_all(std::path::Path::new("sessions/state"));
    let mut winner = game(&disk);
    request(&mut winner, |commands| commands.session().recover(id, RestoreFrom::Latest));
    frames(&mut winner, 5);
    app.world_mut().entity_mut(entity).insert(Health(2));
    seconds(&mut app, 6.0);
    assert!(is_shown(&mut app, "no longer saved"), "{:?}", texts(&mut app));

    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 4);
    assert!(!is_shown(&mut app, "no longer saved"), "it was about the one that was left");
    start(&mut app, "Another");
    app.world_mut().entity_mut(entity).insert(Health(3));
    seconds(&mut app, 6.0);
    assert!(!is_shown(&mut app, "no longer saved"), "{:?}", texts(&mut app));
}
