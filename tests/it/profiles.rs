//! Profiles: whose sessions these are.

// Feature: Profiles separate the players of one machine.
// Page: guide/players-data.md#profiles

use std::path::Path;

use bevy::prelude::*;
use bevy_session::library::disk::Disk;
use bevy_session::library::{CurrentProfile, ProfileChanged};
use bevy_session::prelude::*;
use bevy_session::recovery::{HowItEnded, RestoreCancelled};
use bevy_session::slots::SlotRenamed;
use bevy_session::{MemoryDisk, RequestError, SessionsFound, limits};

use crate::common::*;

fn game_of(disk: &MemoryDisk, profile: &str) -> App {
    let mut app = game_with(plugin(disk).profile(profile), |app| {
        listen::<ProfileChanged>(app);
        listen::<SessionsFound>(app);
        listen::<SessionClosed>(app);
        listen::<SessionStarted>(app);
        listen::<SessionRestored>(app);
        listen::<RecoveryAvailable>(app);
        listen::<RestoreCancelled>(app);
        listen::<RequestRejected>(app);
    });
    frames(&mut app, 2);
    app
}

fn use_profile(app: &mut App, profile: &str) {
    request(app, |commands| commands.session().library().use_profile(profile));
    frames(app, 5);
    assert_eq!(app.world().resource::<CurrentProfile>().name(), profile);
}

fn names(app: &App) -> Vec<String> {
    let catalog = app.world().resource::<SessionCatalog>();
    catalog.sessions().iter().map(|entry| entry.session.name.clone()).collect()
}

#[test]
fn a_change_closes_the_session_and_lists_the_other_profiles_sessions() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, "Ann");
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Ann's");
    let anns = app.world().resource::<CurrentSession>().id();
    app.world_mut().entity_mut(entity).insert(Health(2));
    use_profile(&mut app, "Bob");
    assert!(received::<SessionClosed>(&app)[0].complete);
    let changed = received::<ProfileChanged>(&app);
    assert_eq!((changed.len(), &*changed[0].profile), (1, "Bob"));
    assert_eq!(received::<SessionsFound>(&app).last().unwrap().sessions, 0);
    assert!(names(&app).is_empty());
    assert!(app.world().get_resource::<CurrentSession>().is_none());
    start(&mut app, "Bob's");
    // A session of another profile isn't there.
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    request(&mut app, |commands| commands.session().continue_session(anns));
    frames(&mut app, 5);
    assert_eq!(received::<RequestRejected>(&app)[0].error, RequestError::UnknownSession);
    assert_eq!(names(&app), ["Bob's"]);

    use_profile(&mut app, "Ann");
    assert_eq!(names(&app), ["Ann's"]);
    request(&mut app, |commands| commands.session().continue_session(anns));
    frames(&mut app, 5);
    let world = app.world_mut();
    let health = world.query::<&Health>().single(world).unwrap().0;
    assert_eq!(health, 2, "the last checkpoint should have been taken at the change");
}

#[test]
fn a_crash_is_offered_when_its_profile_is_used() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, "Ann");
    app.world_mut().spawn(Health(1));
    start(&mut app, "Crashed");
    // Bob's whole visit in between changes nothing about how Ann's session was left.
    let disk = disk.snapshot();
    let mut app = game_of(&disk, "Bob");
    assert!(matches!(
        app.world().resource::<PreviousRun>().ended,
        HowItEnded::Abnormal { machine_restarted: false }
    ));
    assert!(received::<RecoveryAvailable>(&app).is_empty());
    start(&mut app, "Bob's");
    app.world_mut().write_message(AppExit::Success);
    app.update();
    drop(app);

    let mut app = game_of(&disk, "Bob");
    use_profile(&mut app, "Ann");
    let offers = received::<RecoveryAvailable>(&app);
    assert_eq!(offers.len(), 1);
    assert_eq!(offers[0].offer.session.name, "Crashed");
    assert!(offers[0].offer.died_at.is_some(), "the record of the process should still be there");
    assert_eq!(app.world().resource::<RecoveryOffers>().offers().len(), 1);
    use_profile(&mut app, "Bob");
    assert!(app.world().resource::<RecoveryOffers>().is_empty(), "offers are of the profile");
}

#[test]
fn a_profile_change_during_a_restore_is_refused() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, "Ann");
    app.world_mut().spawn(Health(1));
    start(&mut app, "Crashed");
    let session = app.world().resource::<CurrentSession>().id();
    let disk = disk.snapshot();

    // While it is being read.
    let mut app = game_of(&disk, "Ann");
    request(&mut app, |commands| {
        commands.session().recover(session, RestoreFrom::Latest);
        commands.session().library().use_profile("Bob");
    });
    frames(&mut app, 4);
    let refused = received::<RequestRejected>(&app);
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].error, RequestError::RestoreUnderWay);
    assert_eq!(app.world().resource::<CurrentProfile>().name(), "Ann");
    assert_eq!(app.world().resource::<CurrentSession>().id(), session);

    // While it waits for its gate.
    let mut app = game_with(plugin(&disk.snapshot()).profile("Ann"), |app| {
        listen::<ProfileChanged>(app);
        listen::<SessionRestored>(app);
        listen::<RequestRejected>(app);
        app.restore_session_when(|score: Res<Score>| score.0 == 99);
    });
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().library().use_profile("Bob"));
    frames(&mut app, 3);
    assert_eq!(received::<RequestRejected>(&app)[0].error, RequestError::RestoreUnderWay);
    assert!(app.world_mut().run_system_cached(session_is_restoring).unwrap());
    app.world_mut().resource_mut::<Score>().0 = 99;
    frames(&mut app, 3);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert!(received::<ProfileChanged>(&app).is_empty());
    assert_eq!(names(&app), ["Crashed"]);
}

#[test]
fn a_profile_may_be_called_anything() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, "");
    let profiles = ["", "../..", "Zoë", "zoë", "con", "a/b", "a\\b", "🦀", &"x".repeat(300)];
    for profile in profiles {
        use_profile(&mut app, profile);
        assert!(names(&app).is_empty(), "{profile:?} should belong to no other profile");
        start(&mut app, profile);
    }
    for profile in profiles {
        use_profile(&mut app, profile);
        assert_eq!(names(&app), [profile]);
    }
    let is_below = |path: &std::path::PathBuf| path.starts_with("sessions");
    assert!(disk.paths().iter().all(is_below));

    let long = "x".repeat(limits::STRING_BYTES + 1);
    request(&mut app, |commands| commands.session().library().use_profile(long));
    frames(&mut app, 3);
    let rejected = received::<RequestRejected>(&app);
    assert!(matches!(rejected[0].error, RequestError::TextTooLong { .. }));
}

#[test]
fn the_profile_is_default_unless_the_game_says_otherwise() {
    let app = game(&MemoryDisk::default());
    assert_eq!(app.world().resource::<CurrentProfile>().name(), "default");
}

#[test]
fn requests_after_a_change_are_about_the_new_profile() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, "Ann");
    start(&mut app, "World");
    request(&mut app, |commands| {
        commands.session().library().use_profile("Bob");
        commands.session().start_or_continue(NewSession::named("World"));
    });
    frames(&mut app, 6);
    assert!(received::<RequestRejected>(&app).is_empty());
    assert_eq!(received::<SessionStarted>(&app).len(), 2, "Bob has no world to continue");
    assert_eq!(app.world().resource::<CurrentProfile>().name(), "Bob");
}

#[test]
fn a_server_recovers_in_every_profile_that_it_uses() {
    let mut disk = MemoryDisk::default();
    for profile in ["Ann", "Bob"] {
        let mut app = game_of(&disk, profile);
        start(&mut app, profile);
        disk = disk.snapshot();
    }
    let automatic = plugin(&disk).profile("Ann").recovery(RecoveryPolicy::Automatic);
    let mut app = game_with(automatic, |_| {});
    frames(&mut app, 3);
    assert_eq!(app.world().resource::<CurrentSession>().name(), "Ann");
    use_profile(&mut app, "Bob");
    frames(&mut app, 3);
    assert_eq!(app.world().resource::<CurrentSession>().name(), "Bob");
}

/// Another process has the slots' lock, so the request is answered only some time later.
#[test]
fn a_request_about_a_slot_is_answered_before_the_profile_changes() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk, "default");
    listen::<SlotSaved>(&mut app);
    listen::<SlotRenamed>(&mut app);
    app.world_mut().spawn(Health(1));
    start(&mut app, "Ann's");
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Cave")));
    frames(&mut app, 4);
    let slot = received::<SlotSaved>(&app)[0].slot.id;
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 4);

    let lock = disk.try_lock(Path::new("sessions/state/slots-default.lock")).unwrap().unwrap();
    request(&mut app, |commands| {
        commands.session().slots().rename(slot, "Keep");
        commands.session().library().use_profile("Bob");
    });
    seconds(&mut app, 1.0);
    assert_eq!(app.world().resource::<CurrentProfile>().name(), "default");
    drop(lock);
    seconds(&mut app, 1.0);
    assert_eq!(app.world().resource::<CurrentProfile>().name(), "Bob");
    assert!(received::<RequestRejected>(&app).is_empty());
    assert_eq!(received::<SlotRenamed>(&app).len(), 1);
}
