//! Sessions that go to another machine, in a file.

// Feature: A session goes to another machine by export and import.
// Page: guide/reports.md#export-and-import

use bevy_session::library::SessionExported;
use bevy_session::reports::ReportError;
use bevy_session::requests::Request;
use bevy_session::slots::{SlotDeleted, SlotError, SlotImported, SlotRequest};

use super::*;

const FILE: &str = "sessions/campaign.tar";

fn exporting_game(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), |app| {
        listen::<SessionExported>(app);
        listen::<SlotImported>(app);
        listen::<SlotDeleted>(app);
        listen::<SlotSaved>(app);
        listen::<RequestRejected>(app);
        listen::<SessionRestored>(app);
        listen::<SessionClosed>(app);
    });
    frames(&mut app, 2);
    app
}

/// A disk with nothing but the file of a session, in which health is 5.
fn handed_on() -> MemoryDisk {
    let disk = MemoryDisk::default();
    let mut app = exporting_game(&disk);
    app.world_mut().spawn(Health(5));
    start(&mut app, "Campaign");
    let session = app.world().resource::<CurrentSession>().id();
    request(&mut app, |commands| commands.session().library().export(session, FILE));
    frames(&mut app, 4);
    let exported = received::<SessionExported>(&app);
    assert_eq!((exported.len(), exported[0].session), (1, session));
    assert_eq!(&*exported[0].path, Path::new(FILE));
    let elsewhere = MemoryDisk::default();
    elsewhere.put(Path::new(FILE), &disk.content(Path::new(FILE)).unwrap());
    elsewhere
}

fn import(app: &mut App, file: &str) {
    let file = file.to_owned();
    request(app, |commands| commands.session().slots().import(file));
    frames(app, 4);
}

#[test]
fn an_exported_session_is_imported_and_played_elsewhere() {
    let disk = handed_on();
    let files = unpacked(&disk.content(Path::new(FILE)).unwrap());
    assert_eq!(files.keys().collect::<Vec<_>>(), ["checkpoint.slot", "report.ron"]);
    let mut app = exporting_game(&disk);
    import(&mut app, FILE);
    let imported = received::<SlotImported>(&app);
    assert_eq!(imported[0].path, Path::new(FILE));
    let slot = imported[0].slot.clone();
    assert_eq!(slot.name, "Campaign");
    assert_eq!(app.world().resource::<SessionCatalog>().slots(), std::slice::from_ref(&slot));
    request(&mut app, |commands| commands.session().slots().load(slot.id));
    frames(&mut app, 4);
    assert_eq!(health(&mut app), Some(5));
    // It is a session like any other from then on.
    seconds(&mut app, 6.0);
    let mut next = exporting_game(&disk.snapshot());
    frames(&mut next, 2);
    assert_eq!(next.world().resource::<RecoveryOffers>().offers().len(), 1);
}

#[test]
fn a_slot_is_imported_once_and_gets_another_name_if_taken() {
    let disk = handed_on();
    let mut app = exporting_game(&disk);
    import(&mut app, FILE);
    import(&mut app, FILE);
    let first = received::<SlotImported>(&app)[0].slot.clone();
    let rejected = received::<RequestRejected>(&app);
    let there = SlotError::AlreadyThere { slot: first.id };
    assert_eq!(rejected[0].error, there.into());
    assert_eq!(rejected[0].request, Request::Slot(SlotRequest::Import(FILE.into())));
    // Deleted, it can be imported again.
    request(&mut app, |commands| commands.session().slots().delete(first.id));
    frames(&mut app, 3);
    start(&mut app, "Other");
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Campaign")));
    frames(&mut app, 4);
    import(&mut app, FILE);
    let second = received::<SlotImported>(&app)[1].slot.clone();
    assert_eq!((second.id, &*second.name), (first.id, "Campaign (2)"));
    assert_eq!(app.world().resource::<SessionCatalog>().slots().len(), 2);
}

#[test]
fn a_closed_session_is_exported_and_a_report_imported() {
    let disk = MemoryDisk::default();
    let mut app = exporting_game(&disk);
    app.world_mut().spawn(Health(6));
    start(&mut app, "Closed");
    let session = app.world().resource::<CurrentSession>().id();
    write(&mut app, Report::now());
    request(&mut app, |commands| commands.session().close(LeaveCause::Player));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().library().export(session, FILE));
    frames(&mut app, 4);
    assert_eq!(received::<SessionExported>(&app).len(), 1);
    import(&mut app, REPORT);
    let slot = received::<SlotImported>(&app)[0].slot.id;
    request(&mut app, |commands| commands.session().slots().load(slot));
    frames(&mut app, 4);
    assert_eq!(health(&mut app), Some(6));
}

#[test]
fn an_export_that_is_impossible_is_rejected_with_the_reason() {
    let disk = MemoryDisk::default();
    let mut app = exporting_game(&disk);
    start(&mut app, "Played");
    let session = app.world().resource::<CurrentSession>().id();
    disk.put(Path::new(FILE), b"mine");
    request(&mut app, |commands| commands.session().library().export(session, FILE));
    frames(&mut app, 4);
    assert_eq!(disk.content(Path::new(FILE)).unwrap(), b"mine");
    let rejected = received::<RequestRejected>(&app);
    assert_eq!(rejected[0].error, RequestError::FileExists { path: FILE.into() });
    disk.remove_all(Path::new(FILE));
    request(&mut app, |commands| {
        commands.session().close(LeaveCause::Player);
        commands.session().library().purge(session);
    });
    frames(&mut app, 4);
    request(&mut app, |commands| commands.session().library().export(session, FILE));
    frames(&mut app, 4);
    assert_eq!(received::<RequestRejected>(&app)[1].error, RequestError::UnknownSession);
    assert!(disk.content(Path::new(FILE)).is_none());
}

#[test]
fn an_import_that_is_impossible_is_rejected_and_leaves_no_slot() {
    let disk = MemoryDisk::default();
    let mut app = exporting_game(&disk);
    disk.put(Path::new(FILE), b"nothing of the sort");
    import(&mut app, FILE);
    import(&mut app, "sessions/missing.tar");
    let errors: Vec<_> =
        received::<RequestRejected>(&app).into_iter().map(|rejected| rejected.error).collect();
    let not_a_report = |error: &RequestError| {
        matches!(error, RequestError::Slot(SlotError::Report(ReportError::NotAReport { .. })))
    };
    let unreadable = |error: &RequestError| {
        matches!(error, RequestError::Slot(SlotError::Report(ReportError::Unreadable(_))))
    };
    assert!(not_a_report(&errors[0]) && unreadable(&errors[1]), "{errors:?}");
    assert!(errors[1].to_string().contains("missing.tar"), "{}", errors[1]);
    assert!(app.world().resource::<SessionCatalog>().slots().is_empty());
    start(&mut app, "Goes on");
}
