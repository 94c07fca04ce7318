//! A start that opens a report.

// Feature: A report of this moment or of the last run is one file, which the game opens there.

use std::collections::BTreeMap;

use bevy_session::SessionMode;
use bevy_session::recovery::RestoreReason;

use super::*;

/// A disk with a session of the player's and a report of it, in which health was 3.
fn reported() -> MemoryDisk {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    let entity = app.world_mut().spawn(Health(3)).id();
    start(&mut app, "Reported");
    request(&mut app, |commands| commands.session().slots().quick_save());
    frames(&mut app, 3);
    write(&mut app, Report::now().note("here"));
    app.world_mut().entity_mut(entity).insert(Health(4));
    request(&mut app, |commands| commands.session().checkpoint("later"));
    frames(&mut app, 3);
    disk.snapshot()
}

fn contents(disk: &MemoryDisk) -> BTreeMap<PathBuf, Vec<u8>> {
    disk.paths().into_iter().map(|path| (path.clone(), disk.content(&path).unwrap())).collect()
}

#[test]
fn opening_a_report_restores_its_world_and_changes_no_file() {
    let disk = reported();
    let before = contents(&disk);
    let mut app = reporting_game(plugin(&disk).open(REPORT));
    frames(&mut app, 3);
    assert_eq!(health(&mut app), Some(3));
    let restored = received::<SessionRestored>(&app);
    assert_eq!((restored.len(), restored[0].reason), (1, RestoreReason::Loaded));
    assert_eq!(app.world().resource::<CurrentSession>().name(), "Reported");
    let catalog = app.world().resource::<SessionCatalog>();
    assert_eq!(catalog.slots().len(), 1, "only what was opened is there");
    assert!(app.world().resource::<RecoveryOffers>().is_empty());
    // It can be played and saved, in memory.
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Seen")));
    seconds(&mut app, 10.0);
    assert_eq!(app.world().resource::<SessionCatalog>().slots().len(), 2);
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 4);
    drop(app);
    assert_eq!(contents(&disk), before);
}

#[test]
fn a_report_of_a_crash_is_opened_at_its_newest_checkpoint() {
    let disk = reported();
    disk.remove_all(Path::new(REPORT));
    let mut app = game_of(&disk);
    write(&mut app, Report::of_last_run());
    drop(app);
    let mut app = reporting_game(plugin(&disk).open(REPORT));
    frames(&mut app, 3);
    assert_eq!(health(&mut app), Some(4));
}

#[test]
fn a_report_can_be_written_from_an_opened_one() {
    let disk = reported();
    let mut app = reporting_game(plugin(&disk).open(REPORT));
    frames(&mut app, 3);
    request(&mut app, |commands| {
        commands.session().library().report(Report::now(), "sessions/again.tar")
    });
    frames(&mut app, 4);
    drop(app);
    let mut app = reporting_game(plugin(&disk).open("sessions/again.tar"));
    frames(&mut app, 3);
    assert_eq!(health(&mut app), Some(3));
}

#[test]
fn a_start_by_the_game_is_rejected_while_a_report_is_opened() {
    let disk = reported();
    let mut app = game_with(plugin(&disk).open(REPORT), |app| {
        listen::<RequestRejected>(app);
        app.add_systems(Startup, |mut commands: Commands| {
            commands.session().start_or_continue(NewSession::named("World"));
        });
    });
    frames(&mut app, 5);
    assert_eq!(app.world().resource::<CurrentSession>().name(), "Reported");
    let rejected = received::<RequestRejected>(&app);
    assert!(matches!(rejected[0].error, RequestError::SessionRunning { .. }), "{rejected:?}");
}

#[test]
fn a_report_is_opened_only_in_its_own_mode() {
    let disk = reported();
    let mut app = reporting_game(plugin(&disk).open(REPORT).mode(SessionMode::Ordinary));
    frames(&mut app, 3);
    assert_eq!(health(&mut app), None);
    assert!(!app.world().resource::<SessionCatalog>().sessions().is_empty());
}
