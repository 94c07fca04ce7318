//! Offers after a crash, and what becomes of the session.

// Feature: A save system of the game's own is asked to save, and its backups are offered.

use bevy_session::doctor::Doctor;
use bevy_session::external::ExternalError;
use bevy_session::recovery::RestoreCancelled;
use bevy_session::{RecoveryFailed, RequestError};

use super::*;

#[test]
fn a_session_continues_with_the_backup_that_the_game_loaded() {
    let disk = killed(true, None);
    let provider = Provider::with(&[backup("auto-1", 5), backup("auto-2", 8)]);
    let mut app = bare_game(&disk, &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| !received::<RecoveryAvailable>(app).is_empty());
    let available = received::<RecoveryAvailable>(&app).remove(0);
    let named: Vec<&str> = available.backups.iter().map(|it| it.save.slot.as_str()).collect();
    assert_eq!(named, ["auto-2", "auto-1"], "newest first");
    let session = available.offer.session.id;
    request(&mut app, |commands| commands.session().external().recover(session, "auto-2"));
    frames(&mut app, 5);
    assert_eq!(received::<SessionRecovered>(&app).len(), 1);
    assert_eq!(app.world().resource::<CurrentSession>().id(), session);
    assert!(app.world().resource::<RecoveryOffers>().is_empty());
    let world = app.world_mut();
    assert_eq!(world.query::<&Army>().iter(world).count(), 1);
    seconds(&mut app, 6.0);
    // It is saved on, and offered again after the next crash.
    let mut app = bare_game(&disk.snapshot(), &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| !received::<RecoveryAvailable>(app).is_empty());
    assert_eq!(offered(&app), session);
}

#[test]
fn a_loaded_backup_gets_nothing_of_a_checkpoint() {
    let disk = MemoryDisk::default();
    let provider = Provider::with(&[backup("auto-1", 5)]);
    let mut app = game_of(&disk, &provider, RecoveryPolicy::Ask);
    app.world_mut().spawn(Health(7));
    app.insert_resource(Score(7));
    start(&mut app, "Campaign");
    let disk = disk.snapshot();
    let mut app = game_of(&disk, &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| slots(app).len() == 1);
    app.add_observer(|_: On<ExternalRestoreRequested>, mut commands: Commands| {
        commands.spawn(Health(40));
    });
    let session = offered(&app);
    request(&mut app, |commands| commands.session().external().recover(session, "auto-1"));
    frames(&mut app, 8);
    let health = |app: &mut App| -> Vec<u32> {
        let world = app.world_mut();
        world.query::<&Health>().iter(world).map(|health| health.0).collect()
    };
    assert_eq!(health(&mut app), [40]);
    assert_eq!(*app.world().resource::<Score>(), Score(0));
    // And the world that was loaded is what the next checkpoints hold.
    let mut app = game_of(&disk.snapshot(), &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| !received::<RecoveryAvailable>(app).is_empty());
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 5);
    assert_eq!(health(&mut app), [40]);
}

#[test]
fn an_automatic_recovery_takes_the_newer_of_both_kinds() {
    // Nothing changed after the first checkpoint, which is of the first second.
    for (second, is_loaded) in [(60, true), (-5, false), (7200, false)] {
        let provider = Provider::with(&[backup("auto-1", second)]);
        let an_hour_later = plugin(&killed(false, None))
            .recovery(RecoveryPolicy::Automatic)
            .clock_from("2026-01-01T01:00:00Z".parse().unwrap());
        let mut app = game_at(an_hour_later, &provider);
        until(&mut app, |app| !received::<SessionRecovered>(app).is_empty());
        let loaded = received::<ExternalRestoreRequested>(&app).len() == 1;
        assert_eq!(loaded, is_loaded, "a backup of second {second}");
    }
}

#[test]
fn an_automatic_recovery_without_saved_types_loads_and_falls_back() {
    let provider = Provider::with(&[backup("auto-1", 5), backup("auto-2", 8)]);
    let mut app = bare_game(&killed(true, None), &provider, RecoveryPolicy::Automatic);
    until(&mut app, |app| !received::<SessionRecovered>(app).is_empty());
    let asked = received::<ExternalRestoreRequested>(&app);
    assert_eq!(asked[0].save.slot, "auto-2");

    let provider = Provider::with(&[backup("auto-1", 5), backup("auto-2", 8)]);
    let mut app = bare_game(&killed(true, None), &provider, RecoveryPolicy::Automatic);
    app.insert_resource(Loads::Badly);
    until(&mut app, |app| !received::<SessionRecovered>(app).is_empty());
    let asked = received::<ExternalRestoreRequested>(&app);
    let tried: Vec<&str> = asked.iter().map(|asked| asked.save.slot.as_str()).collect();
    assert_eq!(tried, ["auto-2", "auto-1"], "one after the other, then the checkpoint");
}

#[test]
fn start_or_continue_loads_the_newest_backup_of_a_crashed_session() {
    let provider = Provider::with(&[backup("auto-1", 5)]);
    let mut app = bare_game(&killed(true, None), &provider, RecoveryPolicy::Ask);
    request(&mut app, |commands| {
        commands.session().start_or_continue(NewSession::named("Campaign"));
    });
    until(&mut app, |app| !received::<SessionRecovered>(app).is_empty());
    assert_eq!(received::<ExternalRestoreRequested>(&app).len(), 1);

    let mut app = bare_game(&killed(true, None), &provider, RecoveryPolicy::Ask);
    app.insert_resource(Loads::Badly);
    request(&mut app, |commands| {
        commands.session().start_or_continue(NewSession::named("Campaign"));
    });
    until(&mut app, |app| !received::<SessionRecovered>(app).is_empty());
    assert!(!finished(&app)[0].is_done());
}

#[test]
fn start_or_continue_loads_the_newest_backup_after_a_kill_in_development() {
    let disk = MemoryDisk::default();
    let provider = Provider::with(&[backup("auto-1", 5), backup("auto-2", 8)]);
    let play = |disk: &MemoryDisk| {
        let mut app = bare_game_of(plugin(disk).development(true), &provider);
        request(&mut app, |commands| {
            commands.session().start_or_continue(NewSession::named("Campaign"));
        });
        until(&mut app, |app| app.world().contains_resource::<CurrentSession>());
        frames(&mut app, 10);
        app
    };
    let app = play(&disk);
    assert!(received::<ExternalRestoreRequested>(&app).is_empty(), "it begins anew");
    let app = play(&disk.snapshot());
    assert!(received::<RecoveryAvailable>(&app).is_empty(), "nobody is asked");
    assert_eq!(received::<SessionRecovered>(&app).len(), 1);
    let asked = received::<ExternalRestoreRequested>(&app);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].save.slot, "auto-2");
}

#[test]
fn an_accepted_offer_loads_the_proposed_backup() {
    let provider = Provider::with(&[backup("auto-1", 5), backup("auto-2", 8)]);
    let mut app = bare_game(&killed(true, None), &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| slots(app).len() == 2);
    assert!(accept(&mut app));
    until(&mut app, |app| !received::<SessionRecovered>(app).is_empty());
    assert_eq!(received::<ExternalRestoreRequested>(&app)[0].save.slot, "auto-2");
}

#[test]
fn a_continue_button_loads_the_proposed_backup_of_a_crashed_session() {
    let provider = Provider::with(&[backup("auto-1", 5), backup("auto-2", 8)]);
    let mut app = bare_game(&killed(true, None), &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| slots(app).len() == 2);
    let session = offered(&app);
    request(&mut app, |commands| commands.session().continue_session(session));
    until(&mut app, |app| !received::<SessionRecovered>(app).is_empty());
    assert_eq!(received::<ExternalRestoreRequested>(&app)[0].save.slot, "auto-2");
}

#[test]
fn a_continue_button_falls_back_to_the_checkpoint_if_the_backup_fails() {
    let provider = Provider::with(&[backup("auto-1", 5)]);
    let mut app = bare_game(&killed(true, None), &provider, RecoveryPolicy::Ask);
    app.insert_resource(Loads::Badly);
    until(&mut app, |app| slots(app).len() == 1);
    let session = offered(&app);
    request(&mut app, |commands| commands.session().continue_session(session));
    until(&mut app, |app| !received::<SessionRecovered>(app).is_empty());
    assert_eq!(received::<ExternalRestoreRequested>(&app).len(), 1);
    assert!(received::<RequestRejected>(&app).is_empty());
}

#[test]
fn a_load_can_be_called_off() {
    let provider = Provider::with(&[backup("auto-1", 5)]);
    let mut app = bare_game(&killed(true, None), &provider, RecoveryPolicy::Ask);
    listen::<RestoreCancelled>(&mut app);
    app.insert_resource(Loads::Never);
    until(&mut app, |app| slots(app).len() == 1);
    let session = offered(&app);
    request(&mut app, |commands| commands.session().external().recover(session, "auto-1"));
    until(&mut app, |app| !received::<ExternalRestoreRequested>(app).is_empty());
    request(&mut app, |commands| commands.session().cancel_restore());
    frames(&mut app, 2);
    assert_eq!(received::<RestoreCancelled>(&app).len(), 1);
    let asked = received::<ExternalRestoreRequested>(&app).remove(0);
    asked.answer.done("too late");
    frames(&mut app, 2);
    let rejected = received::<RequestRejected>(&app).pop().unwrap();
    assert_eq!(rejected.error, RequestError::External(ExternalError::TooLate));
    assert!(!app.world().contains_resource::<CurrentSession>());
    assert_eq!(app.world().resource::<RecoveryOffers>().offers().len(), 1);
}

#[test]
fn a_death_after_a_backup_proposes_the_one_before_it() {
    let mut disk = killed(true, None);
    let provider = Provider::with(&[backup("auto-1", 5), backup("auto-2", 8)]);
    for expected in [Some("auto-2"), Some("auto-1"), None] {
        let mut app = bare_game(&disk, &provider, RecoveryPolicy::Ask);
        app.insert_resource(Loads::Never);
        until(&mut app, |app| !received::<RecoveryAvailable>(app).is_empty());
        let offer = received::<RecoveryAvailable>(&app).remove(0).offer;
        let offers = app.world().resource::<RecoveryOffers>();
        let proposed = offers.proposed_backup(&offer).map(|backup| backup.save.slot.clone());
        assert_eq!(proposed.as_deref(), expected);
        let Some(slot) = proposed else { return };
        request(&mut app, |commands| {
            commands.session().external().recover(offer.session.id, slot);
        });
        until(&mut app, |app| !received::<ExternalRestoreRequested>(app).is_empty());
        disk = disk.snapshot();
    }
}

#[test]
fn a_session_of_which_nothing_can_be_read_starts_again_with_the_backup() {
    let disk = killed(false, None);
    for path in disk.paths() {
        if path.extension().is_some_and(|extension| extension == "journal") {
            let length = disk.content(&path).unwrap().len();
            // Behind the header.
            (700..length).step_by(20).for_each(|offset| disk.corrupt(&path, offset, 0xff));
            disk.corrupt(&path, 20, 0xff);
        }
    }
    let provider = Provider::with(&[backup("auto-1", 5)]);
    let mut app = game_of(&disk, &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| slots(app).len() == 1);
    let session = received::<RecoveryFailed>(&app)[0].session;
    request(&mut app, |commands| commands.session().external().recover(session, "auto-1"));
    until(&mut app, |app| !received::<SessionStarted>(app).is_empty());
    assert_eq!(app.world().resource::<CurrentSession>().name(), "auto-1");
    let world = app.world_mut();
    assert_eq!(world.query::<&Army>().iter(world).count(), 1);
}

#[test]
fn the_doctor_has_no_findings_in_a_game_with_saves_of_its_own() {
    let provider = Provider::new(ExternalAutosave::Off);
    let mut app = bare_game(&MemoryDisk::default(), &provider, RecoveryPolicy::Ask);
    play(&mut app, &provider);
    app.world_mut().spawn(Army);
    let diagnosis = Doctor::default().examine(&mut app);
    assert!(diagnosis.is_healthy(), "{diagnosis}");
}

#[test]
fn only_backups_of_the_player_are_offered() {
    let saves = [backup("of Ann", 5).player("Ann"), backup("of Ben", 8).player("Ben")];
    let provider = Provider::with(&saves);
    let disk = killed(true, Some("Ann"));
    let mut app = bare_game(&disk, &provider, RecoveryPolicy::Ask);
    until(&mut app, |app| !received::<RecoveryAvailable>(app).is_empty());
    assert_eq!(slots(&app), ["of Ann"]);
}

#[test]
fn a_start_without_a_crash_asks_for_no_list() {
    let provider = Provider::new(ExternalAutosave::Off);
    provider.lists(|| panic!("nothing crashed"));
    let mut app = game_of(&MemoryDisk::default(), &provider, RecoveryPolicy::Ask);
    play(&mut app, &provider);
    assert!(received::<ExternalCallFailed>(&app).is_empty());
}
