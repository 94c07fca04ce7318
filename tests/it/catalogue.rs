//! Listing sessions and slots, and listing them again.

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::slots::SlotEntry;
use bevy_session::{MemoryDisk, SessionId, SessionStatus, SessionUpdate};

use crate::common::*;
use crate::slots::*;

/// A disk with sessions that were closed, each with a slot.
fn disk_with(names: &[&str]) -> (MemoryDisk, Vec<SessionId>) {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    let mut ids = Vec::new();
    for name in names {
        ids.push(start_as(&mut app, name, "Ann"));
        save(&mut app, SaveSlot::manual(*name));
        request(&mut app, |commands| commands.session().close(LeaveCause::Player));
        frames(&mut app, 3);
    }
    (disk, ids)
}

fn look_again(app: &mut App) {
    request(app, |commands| commands.session().library().find());
    frames(app, 3);
}

fn directory(session: SessionId) -> std::path::PathBuf {
    std::path::Path::new("sessions/data/profiles/default/sessions").join(session.to_string())
}

#[test]
fn a_listing_has_the_data_of_a_menu() {
    let (disk, ids) = disk_with(&["One", "Two"]);
    let mut app = slot_game(&disk);
    frames(&mut app, 2);
    let catalog = app.world().resource::<SessionCatalog>();
    let names: Vec<&str> = catalog.sessions().iter().map(|entry| &*entry.session.name).collect();
    assert_eq!(names, ["Two", "One"], "most recently played first");
    for (id, name) in ids.iter().zip(["One", "Two"]) {
        let entry = catalog.get(*id).unwrap();
        assert_eq!((entry.status, entry.in_use), (SessionStatus::Closed, false));
        assert_eq!(entry.session.player.as_deref(), Some("Ann"));
        let slots: Vec<&SlotEntry> = catalog.slots_of(*id).collect();
        assert_eq!(slots.iter().map(|slot| &*slot.name).collect::<Vec<_>>(), [name]);
        let on_disk = |path: &std::path::PathBuf| disk.content(path).unwrap().len() as u64;
        let is_own = |path: &&std::path::PathBuf| {
            let counts = |it: &std::ffi::OsStr| it == "journal" || it == "events";
            path.starts_with(directory(*id)) && path.extension().is_some_and(counts)
        };
        let journal: u64 = disk.paths().iter().filter(is_own).map(on_disk).sum();
        assert_eq!(entry.bytes, journal + slots[0].bytes);
    }
}

#[test]
fn the_size_is_known_as_soon_as_a_session_is_left() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    let id = start_as(&mut app, "One", "Ann");
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    let bytes = app.world().resource::<SessionCatalog>().get(id).unwrap().bytes;
    look_again(&mut app);
    assert_eq!(app.world().resource::<SessionCatalog>().get(id).unwrap().bytes, bytes);
    assert!(bytes > 0);
}

#[test]
fn appeared_changed_and_deleted_sessions_are_noticed() {
    let (disk, ids) = disk_with(&["One", "Two", "Three"]);
    let mut app = slot_game(&disk);
    frames(&mut app, 2);
    // Another process goes on with the first; somebody deletes the second; a cloud brings another.
    let mut other = slot_game(&disk);
    request(&mut other, |commands| commands.session().continue_session(ids[0]));
    frames(&mut other, 4);
    seconds(&mut other, 2.0);
    request(&mut other, |commands| {
        commands.session().update(SessionUpdate::default().name("First"))
    });
    request(&mut other, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut other, 3);
    drop(other);
    disk.remove_all(&directory(ids[1]));
    let (elsewhere, four) = disk_with(&["Four"]);
    disk.take_from(&elsewhere, &directory(four[0]));
    let slots = slot_files(&disk);
    disk.remove_all(&slots[0]);
    disk.put(
        &slots[1].with_file_name("brought.save"),
        &elsewhere.content(&slot_files(&elsewhere)[0]).unwrap(),
    );

    look_again(&mut app);
    let catalog = app.world().resource::<SessionCatalog>();
    let mut names: Vec<&str> =
        catalog.sessions().iter().map(|entry| &*entry.session.name).collect();
    names.sort_unstable();
    assert_eq!(names, ["First", "Four", "Three"]);
    assert!(catalog.get(ids[0]).unwrap().play_time.as_secs_f32() > 1.5);
    let mut names: Vec<&str> = catalog.slots().iter().map(|slot| &*slot.name).collect();
    names.sort_unstable();
    assert_eq!(names.len(), 3);
    assert!(names.contains(&"Four"));
    // A file that merely grew.
    let journal = disk.paths().into_iter().find(|path| {
        path.starts_with(directory(ids[2])) && path.extension().is_some_and(|it| it == "journal")
    });
    let mut longer = disk.content(journal.as_ref().unwrap()).unwrap();
    let before = app.world().resource::<SessionCatalog>().get(ids[2]).unwrap().bytes;
    longer.extend_from_slice(&[0; 100]);
    disk.put(journal.as_ref().unwrap(), &longer);
    look_again(&mut app);
    let after = app.world().resource::<SessionCatalog>().get(ids[2]).unwrap().bytes;
    assert_eq!(after, before + 100);
}

#[test]
fn the_played_session_is_listed_even_if_its_files_are_deleted() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    let id = start_as(&mut app, "Played", "Ann");
    look_again(&mut app);
    disk.remove_all(&directory(id));
    look_again(&mut app);
    assert!(app.world().resource::<SessionCatalog>().get(id).is_some());
}

#[test]
fn an_unanswered_crash_is_offered_again_until_its_files_vanish() {
    let disk = MemoryDisk::default();
    let mut app = slot_game(&disk);
    let id = start_as(&mut app, "Crashed", "Ann");
    let killed = disk.snapshot();
    drop(app);
    let mut app = slot_game(&killed);
    frames(&mut app, 2);
    look_again(&mut app);
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 2);
    assert_eq!(app.world().resource::<RecoveryOffers>().offers().len(), 1);
    killed.remove_all(&directory(id));
    look_again(&mut app);
    assert!(app.world().resource::<RecoveryOffers>().is_empty());
    assert!(app.world().resource::<SessionCatalog>().sessions().is_empty());
}

#[test]
fn a_look_that_finds_nothing_new_leaves_the_catalogue_unchanged() {
    use bevy_session::library::{SessionQuery, SessionWatch};
    let (disk, _) = disk_with(&["One", "Two"]);
    let mut app = game(&disk);
    frames(&mut app, 4);
    let last_changed =
        |app: &mut App| app.world_mut().resource_mut::<SessionCatalog>().last_changed();
    let mut watch = SessionWatch::new(SessionQuery::default());
    let before = last_changed(&mut app);
    for _ in 0..40 {
        let catalog = app.world().resource::<SessionCatalog>();
        let _ = catalog.follow(&mut watch);
        frames(&mut app, 1);
    }
    assert_eq!(last_changed(&mut app), before, "it was looked some times, and nothing was new");
}
