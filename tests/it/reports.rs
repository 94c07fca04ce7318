//! Reports, as a player sends them and a developer opens them.

// Feature: A report of this moment or of the last run is one file, which the game opens there.
// Page: guide/reports.md
// Feature: A session's context has the network that the game names, without an address.

mod handing_on;
mod hostile;
mod opening;
mod privacy;

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use bevy::diagnostic::FrameCount;
use bevy::prelude::*;
use bevy_session::external::Operation;
use bevy_session::library::SessionNetwork;
use bevy_session::prelude::*;
use bevy_session::reports::{Report, ReportNotOpened, ReportWritten};
use bevy_session::{GameContext, MemoryDisk, RequestError};

use crate::common::*;

pub const REPORT: &str = "sessions/report.tar";

pub fn game_of(disk: &MemoryDisk) -> App {
    reporting_game(plugin(disk))
}

pub fn reporting_game(plugin: SessionPlugin) -> App {
    let context = GameContext {
        mods: vec!["/home/ann/mods/fish".to_owned()],
        network: Some(SessionNetwork::online("eu-west at 192.0.2.7")),
        ..GameContext::default()
    };
    let mut app = game_with(plugin.context(context), |app| {
        listen::<ReportWritten>(app);
        listen::<ReportNotOpened>(app);
        listen::<RequestRejected>(app);
        listen::<SessionRestored>(app);
        listen::<CheckpointSaved>(app);
    });
    frames(&mut app, 2);
    app
}

/// Plays a session, and hands out what `kill -9` leaves of it.
fn killed() -> MemoryDisk {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Killed");
    for health in 0..5 {
        app.world_mut().entity_mut(entity).insert(Health(health));
        request(&mut app, |commands| commands.session().checkpoint("at /home/ann/level"));
        seconds(&mut app, 1.0);
    }
    disk.snapshot()
}

/// Has this report written.
pub fn write(app: &mut App, report: Report) {
    request(app, |commands| commands.session().library().report(report, REPORT));
    frames(app, 4);
}

fn write_report(app: &mut App) {
    write(app, Report::of_last_run());
}

/// The health of the one who has any.
pub fn health(app: &mut App) -> Option<u32> {
    let world = app.world_mut();
    world.query::<&Health>().iter(world).next().map(|health| health.0)
}

/// The files of a report on this disk.
pub fn files_of(disk: &MemoryDisk) -> BTreeMap<String, Vec<u8>> {
    unpacked(&disk.content(Path::new(REPORT)).unwrap())
}

/// The files of an archive.
fn unpacked(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in tar::Archive::new(bytes).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        files.insert(name, content);
    }
    files
}

pub fn text(files: &BTreeMap<String, Vec<u8>>) -> String {
    String::from_utf8(files["report.ron"].clone()).unwrap()
}

fn journals(disk: &MemoryDisk) -> Vec<PathBuf> {
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|found| found == "journal");
    disk.paths().into_iter().filter(is_journal).collect()
}

#[test]
fn a_report_has_no_personal_data() {
    let disk = killed();
    let mut app = game_of(&disk);
    let newest = app.world().resource::<RecoveryOffers>().offers()[0].newest;
    write_report(&mut app);
    let written = received::<ReportWritten>(&app);
    assert_eq!(written.len(), 1);
    assert_eq!(written[0].path, Path::new(REPORT));
    let archive = disk.content(Path::new(REPORT)).unwrap();
    assert_eq!(written[0].bytes, archive.len() as u64);

    let files = unpacked(&archive);
    let report = text(&files);
    for part in [
        "ended: Abnormal",
        "machine_restarted: false",
        "game_version: \"1.2.3\"",
        "kind: Manual",
        "validity: Verified",
        "in_report: NotNeeded",
        "slot: Whole(",
        "about: LastRun",
        &format!("counter: {}", newest.counter),
    ] {
        assert!(report.contains(part), "{part} should be in the report:\n{report}");
    }
    assert_eq!(report.matches("~/mods/fish").count(), 2, "of both contexts:\n{report}");
    assert_eq!(report.matches("region: \"eu-west at ").count(), 2, "of both contexts:\n{report}");
    assert!(report.contains("kind: \"online\"") && !report.contains("192.0.2.7"), "{report}");
    assert!(report.contains("at ~/level") && !report.contains("/home/ann"), "{report}");
    assert!(!report.contains("Killed"), "what the session is called is the player's business");

    // Nothing is damaged, so the journal's own files say nothing.
    assert_eq!(files.keys().collect::<Vec<_>>(), ["checkpoint.slot", "events.ron", "report.ron"]);
}

/// Fails while the score is 13.
fn unlucky(score: Res<Score>) -> Result {
    match score.0 {
        13 => Err("no such file: /home/ann/sword".into()),
        _ => Ok(()),
    }
}

#[test]
fn a_report_has_the_survived_failure_with_its_frame() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        app.set_error_handler(|_, _| {}).add_systems(Update, unlucky);
    });
    start(&mut app, "Failed");
    app.world_mut().resource_mut::<Score>().0 = 13;
    let frame = u64::from(app.world().resource::<FrameCount>().0);
    frames(&mut app, 1);
    app.world_mut().resource_mut::<Score>().0 = 0;
    frames(&mut app, 3);

    let disk = disk.snapshot();
    let mut app = game_of(&disk);
    let failure = app.world().resource::<PreviousRun>().failure.clone().unwrap();
    assert_eq!((failure.frame, failure.count), (frame, 1));
    write_report(&mut app);
    let report = text(&files_of(&disk));
    let frame = format!("frame: {frame},");
    for part in ["no such file: ~/sword", "panicked: false", &frame, "count: 1,"] {
        assert!(report.contains(part), "{part} should be in the report:\n{report}");
    }
}

#[test]
fn a_report_of_now_has_the_current_world() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Played");
    app.world_mut().entity_mut(entity).insert(Health(7));
    write(&mut app, Report::now().note("The door ate my dog."));
    frames(&mut app, 2);
    assert_eq!(received::<ReportWritten>(&app).len(), 1);
    let report = text(&files_of(&disk));
    for part in ["about: Now", "The door ate my dog.", "process: None", "kind: Quick"] {
        assert!(report.contains(part), "{part} should be in the report:\n{report}");
    }
    let mut opened = reporting_game(plugin(&disk).open(REPORT));
    frames(&mut opened, 3);
    assert_eq!(health(&mut opened), Some(7));
    // And the game goes on.
    let saved = received::<CheckpointSaved>(&app).len();
    request(&mut app, |commands| commands.session().checkpoint("and on it goes"));
    frames(&mut app, 3);
    assert_eq!(received::<CheckpointSaved>(&app).len(), saved + 1);
}

#[test]
fn behind_a_closed_gate_a_report_is_of_the_newest_checkpoint() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        app.checkpoint_session_while(|phase: Res<State<Phase>>| *phase.get() == Phase::Menu);
        listen::<ReportWritten>(app);
    });
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Gated");
    app.world_mut().resource_mut::<NextState<Phase>>().set(Phase::Playing);
    frames(&mut app, 2);
    app.world_mut().entity_mut(entity).insert(Health(2));
    write(&mut app, Report::now());
    frames(&mut app, 2);
    assert_eq!(received::<ReportWritten>(&app).len(), 1);
    let mut opened = reporting_game(plugin(&disk).open(REPORT));
    frames(&mut opened, 3);
    assert_eq!(health(&mut opened), Some(1));
}

#[test]
fn a_report_of_an_unwritable_checkpoint_has_the_one_before() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Refused");
    disk.refuse_writes(Path::new("sessions/data"), ErrorKind::StorageFull);
    app.world_mut().entity_mut(entity).insert(Health(2));
    write(&mut app, Report::now());
    frames(&mut app, 10);
    assert_eq!(received::<ReportWritten>(&app).len(), 1);
    disk.heal();
    let mut opened = reporting_game(plugin(&disk).open(REPORT));
    frames(&mut opened, 3);
    assert_eq!(health(&mut opened), Some(1));
}

#[test]
fn a_report_of_now_without_a_session_is_rejected() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    write(&mut app, Report::now());
    assert_eq!(received::<RequestRejected>(&app)[0].error, RequestError::NoSession);
    start(&mut app, "Played");
    write(&mut app, Report::now().note("x".repeat(5_000)));
    let error = &received::<RequestRejected>(&app)[1].error;
    assert!(matches!(error, RequestError::TextTooLong { limit: 4096, .. }), "{error:?}");
    assert!(disk.content(Path::new(REPORT)).is_none());
}

#[test]
fn the_picture_is_the_newest_that_there_is() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    let entity = app.world_mut().spawn(Health(1)).id();
    start(&mut app, "Pictured");
    for (health, picture) in [(2, Some(b"\x89PNG older")), (3, Some(b"\x89PNG newer")), (4, None)] {
        app.world_mut().entity_mut(entity).insert(Health(health));
        request(&mut app, |commands| commands.session().checkpoint("here"));
        frames(&mut app, 2);
        let checkpoint = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
        if let Some(picture) = picture {
            request(&mut app, |commands| {
                commands.session().attachments().attach(checkpoint, "thumbnail", picture.to_vec());
            });
            frames(&mut app, 2);
        }
    }
    write(&mut app, Report::now().picture());
    assert_eq!(files_of(&disk)["picture.png"], b"\x89PNG newer");
    disk.remove_all(Path::new(REPORT));
    write(&mut app, Report::now());
    assert!(!files_of(&disk).contains_key("picture.png"), "it wasn't asked for");
}

#[test]
fn a_report_has_a_session_of_another_profile() {
    let disk = killed();
    let mut app = game_with(plugin(&disk).profile("another"), listen::<ReportWritten>);
    write_report(&mut app);
    assert_eq!(received::<ReportWritten>(&app).len(), 1);
    let files = unpacked(&disk.content(Path::new(REPORT)).unwrap());
    assert!(files.len() > 1, "{:?}", files.keys());
}

#[test]
fn no_file_is_overwritten() {
    let disk = killed();
    disk.put(Path::new(REPORT), b"mine");
    let mut app = game_of(&disk);
    write_report(&mut app);
    let rejected = received::<RequestRejected>(&app);
    assert_eq!(rejected[0].error, RequestError::FileExists { path: REPORT.into() });
    assert_eq!(disk.content(Path::new(REPORT)).unwrap(), b"mine");
}

#[test]
fn the_first_process_has_nothing_to_report() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    write_report(&mut app);
    assert_eq!(received::<RequestRejected>(&app)[0].error, RequestError::NothingToReport);
    assert!(disk.content(Path::new(REPORT)).is_none());
}

#[test]
fn a_report_that_the_disk_refuses_leaves_no_file() {
    for operation in [Operation::Create, Operation::Append, Operation::Sync] {
        let disk = killed();
        let mut app = game_of(&disk);
        disk.fail_next(operation, ErrorKind::StorageFull);
        write_report(&mut app);
        let rejected = received::<RequestRejected>(&app);
        assert!(matches!(rejected[0].error, RequestError::Store(_)), "{rejected:?}");
        assert!(disk.content(Path::new(REPORT)).is_none(), "{operation:?}");
        // And once it is well again, the report can be written.
        write_report(&mut app);
        assert_eq!(received::<ReportWritten>(&app).len(), 1);
    }
    let disk = killed();
    let mut app = game_of(&disk);
    request(&mut app, |commands| {
        commands.session().library().report(Report::of_last_run(), "nowhere/at/all.tar");
    });
    frames(&mut app, 3);
    assert!(matches!(received::<RequestRejected>(&app)[0].error, RequestError::Store(_)));
}

#[test]
fn unreadable_files_are_left_out_of_a_report() {
    let disk = killed();
    let mut app = game_of(&disk);
    disk.fail_always(Operation::Open, ErrorKind::PermissionDenied);
    write_report(&mut app);
    disk.heal();
    assert_eq!(received::<ReportWritten>(&app).len(), 1);
    let files = unpacked(&disk.content(Path::new(REPORT)).unwrap());
    assert_eq!(files.len(), 1);
    assert!(text(&files).contains("ended: Abnormal"));
}

#[test]
fn a_report_includes_damaged_files() {
    let disk = killed();
    let journals = journals(&disk);
    let newest = journals.last().unwrap();
    let length = disk.content(newest).unwrap().len();
    for offset in (length / 2..length).step_by(40) {
        disk.corrupt(newest, offset, 0xff);
    }
    let mut app = game_of(&disk);
    write_report(&mut app);
    let files = unpacked(&disk.content(Path::new(REPORT)).unwrap());
    let damaged = disk.content(newest).unwrap();
    assert!(files.values().any(|content| *content == damaged), "{:?}", files.keys());
}

#[test]
fn a_report_can_be_written_after_the_session_was_recovered() {
    let disk = killed();
    let mut app = game_of(&disk);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 3);
    request(&mut app, |commands| commands.session().library().find());
    frames(&mut app, 2);
    write_report(&mut app);
    frames(&mut app, 2);
    assert_eq!(received::<ReportWritten>(&app).len(), 1);
    let files = unpacked(&disk.content(Path::new(REPORT)).unwrap());
    assert!(files.len() > 1, "{:?}", files.keys());
    request(&mut app, |commands| commands.session().checkpoint("and on it goes"));
    let before = received::<CheckpointSaved>(&app).len();
    frames(&mut app, 3);
    assert_eq!(received::<CheckpointSaved>(&app).len(), before + 1);
}

#[test]
fn a_report_of_a_huge_session_stays_below_its_limit() {
    let disk = MemoryDisk::default();
    let mut app = game_of(&disk);
    // Nothing that can be packed: 24 MiB of noise.
    let mut noise = 1_u32;
    let mut next = move || {
        noise ^= noise << 13;
        noise ^= noise >> 17;
        noise ^= noise << 5;
        noise
    };
    for _ in 0..12 {
        app.world_mut().spawn(Inventory((0..500_000).map(|_| next()).collect()));
    }
    start(&mut app, "Huge");
    let disk = disk.snapshot();
    let mut app = game_of(&disk);
    let last = |app: &App| received::<ReportWritten>(app).pop().unwrap().bytes;
    write_report(&mut app);
    frames(&mut app, 100);
    let slot = files_of(&disk)["checkpoint.slot"].len() as u64;
    assert!(slot > 24 << 20 && last(&app) - slot < 1 << 20, "{slot}");
    // With damage, the file would go with it, and has no room.
    disk.remove_all(Path::new(REPORT));
    let newest = journals(&disk).pop().unwrap();
    disk.corrupt(&newest, disk.content(&newest).unwrap().len() / 2, 0xff);
    write_report(&mut app);
    frames(&mut app, 100);
    assert!(last(&app) < 16 << 20, "{}", last(&app));
    let files = files_of(&disk);
    assert!(text(&files).contains("in_report: NoRoom"), "{}", text(&files));
    assert!(text(&files).contains("slot: LeftOut(Damaged)"), "{}", text(&files));
}
