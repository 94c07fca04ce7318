//! The report of a crash, as a player sends it.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{
    CrashReportWritten, GameContext, MemoryDisk, Operation, RequestError, SessionForgotten,
};

use crate::common::*;

const REPORT: &str = "sessions/report.tar";

fn game_of(disk: &MemoryDisk) -> App {
    let context =
        GameContext { mods: vec!["/home/ann/mods/fish".to_owned()], ..GameContext::default() };
    let mut app = game_with(plugin(disk).context(context), |app| {
        listen::<CrashReportWritten>(app);
        listen::<RequestRejected>(app);
        listen::<SessionRestored>(app);
        listen::<SessionForgotten>(app);
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

fn write_report(app: &mut App) {
    request(app, |commands| commands.session().write_crash_report(REPORT));
    frames(app, 3);
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

fn text(files: &BTreeMap<String, Vec<u8>>) -> String {
    String::from_utf8(files["report.ron"].clone()).unwrap()
}

fn journals(disk: &MemoryDisk) -> Vec<PathBuf> {
    let is_journal = |path: &PathBuf| path.extension().is_some_and(|found| found == "journal");
    disk.paths().into_iter().filter(is_journal).collect()
}

#[test]
fn one_call_writes_what_a_player_can_send() {
    let disk = killed();
    let mut app = game_of(&disk);
    let newest = app.world().resource::<RecoveryOffers>().offers()[0].newest;
    write_report(&mut app);
    let written = received::<CrashReportWritten>(&app);
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
        "in_report: Yes",
        &format!("counter: {}", newest.counter),
    ] {
        assert!(report.contains(part), "{part} should be in the report:\n{report}");
    }
    assert_eq!(report.matches("~/mods/fish").count(), 2, "of both contexts:\n{report}");
    assert!(report.contains("at ~/level") && !report.contains("/home/ann"), "{report}");
    assert!(!report.contains("Killed"), "what the session is called is the player's business");

    // What goes with it restores the newest checkpoint.
    let copies: Vec<_> = files.iter().filter(|(name, _)| name.starts_with("journal/")).collect();
    assert!(!copies.is_empty());
    let elsewhere = disk.snapshot();
    let session = journals(&disk)[0].parent().unwrap().to_owned();
    for journal in journals(&disk) {
        elsewhere.remove_all(&journal);
    }
    for (name, content) in copies {
        elsewhere.put(&session.join(Path::new(name).file_name().unwrap()), content);
    }
    let app = game_of(&elsewhere);
    assert_eq!(app.world().resource::<RecoveryOffers>().offers()[0].newest, newest);
}

#[test]
fn the_session_of_another_profile_is_reported_as_well() {
    let disk = killed();
    let mut app = game_with(plugin(&disk).profile("another"), listen::<CrashReportWritten>);
    write_report(&mut app);
    assert_eq!(received::<CrashReportWritten>(&app).len(), 1);
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
fn a_disk_that_refuses_leaves_nothing_behind_and_the_game_goes_on() {
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
        assert_eq!(received::<CrashReportWritten>(&app).len(), 1);
    }
    let disk = killed();
    let mut app = game_of(&disk);
    request(&mut app, |commands| commands.session().write_crash_report("nowhere/at/all.tar"));
    frames(&mut app, 3);
    assert!(matches!(received::<RequestRejected>(&app)[0].error, RequestError::Store(_)));
}

#[test]
fn what_cant_be_read_is_left_out() {
    let disk = killed();
    let mut app = game_of(&disk);
    disk.fail_always(Operation::Open, ErrorKind::PermissionDenied);
    write_report(&mut app);
    disk.heal();
    assert_eq!(received::<CrashReportWritten>(&app).len(), 1);
    let files = unpacked(&disk.content(Path::new(REPORT)).unwrap());
    assert_eq!(files.len(), 1);
    assert!(text(&files).contains("ended: Abnormal"));
}

#[test]
fn damage_goes_with_the_report() {
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
    request(&mut app, |commands| commands.session().find_sessions());
    frames(&mut app, 2);
    write_report(&mut app);
    assert_eq!(received::<CrashReportWritten>(&app).len(), 1);
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
    write_report(&mut app);
    let written = received::<CrashReportWritten>(&app);
    assert!(written[0].bytes < 16 << 20, "{written:?}");
    let files = unpacked(&disk.content(Path::new(REPORT)).unwrap());
    assert!(text(&files).contains("in_report: NoRoom"), "{}", text(&files));
}
