//! The latest lines of the log, in a report.

// Feature: The log is in files of JSON lines that rotate, and reports have its end.

use std::path::{Path, PathBuf};

use bevy::log::tracing_subscriber::Registry;
use bevy::log::tracing_subscriber::layer::SubscriberExt;
use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use bevy_session::reports::Report;
use bevy_session_ops::recent_log;

use crate::common::*;
use crate::reports::{REPORT, files_of, next_start, write};

/// A game whose log is kept, and what happens to it.
fn logging(disk: &MemoryDisk, play: impl FnOnce(&mut App)) {
    let mut layer = None;
    let mut app = game_with(plugin(disk), |app| {
        layer = recent_log(app);
    });
    let subscriber = Registry::default().with(layer);
    tracing::subscriber::with_default(subscriber, || play(&mut app));
}

fn log(disk: &MemoryDisk) -> String {
    String::from_utf8(files_of(disk)["log.txt"].clone()).unwrap()
}

#[test]
fn a_report_has_the_recent_log_even_after_a_kill() {
    let disk = MemoryDisk::default();
    let mut killed = MemoryDisk::default();
    logging(&disk, |app| {
        start(app, "Logged");
        tracing::warn!(file = "/home/ann/level.ron", "the door is stuck");
        write(app, Report::now());
        let log = log(&disk);
        assert!(log.contains("WARN") && log.contains("the door is stuck"), "{log}");
        assert!(log.contains("file=\"~/level.ron\""), "{log}");
        // A heartbeat later it lies beside the record of the process.
        seconds(app, 1.5);
        killed = disk.snapshot();
    });
    killed.remove_all(Path::new(REPORT));
    let mut app = next_start(&killed);
    write(&mut app, Report::of_last_run());
    assert!(log(&killed).contains("the door is stuck"), "{}", log(&killed));
    // Also once the session is resumed, and the files of the dead process are removed.
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    seconds(&mut app, 2.0);
    let is_log = |path: &PathBuf| path.extension().is_some_and(|found| found == "log");
    assert!(!killed.paths().iter().any(is_log), "{:?}", killed.paths());
    killed.remove_all(Path::new(REPORT));
    write(&mut app, Report::of_last_run());
    assert!(log(&killed).contains("the door is stuck"));
}

#[test]
fn an_exported_session_has_no_log() {
    let disk = MemoryDisk::default();
    logging(&disk, |app| {
        start(app, "Logged");
        tracing::warn!("nobody's business");
        let session = app.world().resource::<CurrentSession>().id();
        request(app, |commands| commands.session().library().export(session, REPORT));
        frames(app, 4);
        assert!(!files_of(&disk).contains_key("log.txt"));
    });
}
