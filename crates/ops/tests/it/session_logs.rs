//! The log in files of JSON: what its lines say of the session that is played, and reports that take it along.

// Feature: The log is in files of JSON lines that rotate, and reports have its end.
// Page: guide/log-files.md

use std::path::{Path, PathBuf};

use bevy::log::tracing_subscriber::Registry;
use bevy::log::tracing_subscriber::filter::LevelFilter;
use bevy::log::tracing_subscriber::layer::SubscriberExt;
use bevy::prelude::*;
use bevy_session::chapters::{ChapterBegun, ChapterId, NewChapter};
use bevy_session::prelude::*;
use bevy_session::reports::Report;
use bevy_session::{MemoryDisk, SessionId};
use bevy_session_ops::SessionLog;
use serde_json::Value;

use crate::common::*;
use crate::reports::{REPORT, files_of, next_start, write};

/// A game that keeps its log, and what happens to it.
fn logging(disk: &MemoryDisk, log: SessionLog, play: impl FnOnce(&mut App)) {
    let mut layer = None;
    let mut app = game_with(plugin(disk), |app| {
        layer = Some(log.layer(app));
        app.add_observer(|_: On<SessionStarted>| tracing::info!("heard of the start"));
        app.add_observer(
            |begun: On<ChapterBegun>| tracing::info!(chapter = %begun.chapter, "heard"),
        );
        app.add_observer(|_: On<SessionClosed>| tracing::info!("heard of the end"));
    });
    let subscriber = Registry::default().with(layer).with(LevelFilter::INFO);
    tracing::subscriber::with_default(subscriber, || play(&mut app));
}

fn log_files(disk: &MemoryDisk) -> Vec<PathBuf> {
    let is_log = |path: &PathBuf| path.extension().is_some_and(|found| found == "jsonl");
    disk.paths().into_iter().filter(is_log).collect()
}

fn text(disk: &MemoryDisk) -> String {
    let content = |path: &PathBuf| String::from_utf8(disk.content(path).unwrap()).unwrap();
    log_files(disk).iter().map(content).collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// The only line with this message.
fn line(text: &str, message: &str) -> Value {
    let mut found = lines(text).into_iter().filter(|line| line["message"] == message);
    let line = found.next().unwrap_or_else(|| panic!("{message} should be in:\n{text}"));
    assert!(found.next().is_none(), "{message} should be there once:\n{text}");
    line
}

fn ids(app: &App) -> (SessionId, Option<ChapterId>) {
    let current = app.world().resource::<CurrentSession>();
    (current.id(), current.chapters().current().map(|chapter| chapter.id))
}

#[test]
fn each_log_line_has_the_played_session_and_chapter() {
    let disk = MemoryDisk::default();
    let (mut session, mut chapter) = (None, None);
    logging(&disk, SessionLog::default(), |app| {
        tracing::info!("in the menu");
        start(app, "Logged");
        tracing::info!("on the way");
        request(app, |commands| {
            let _ = commands.session().chapters().begin(NewChapter::named("Bridge"));
        });
        frames(app, 2);
        (session, chapter) = (Some(ids(app).0), ids(app).1);
        let elsewhere = tracing::dispatcher::get_default(Clone::clone);
        let thread = std::thread::spawn(move || {
            tracing::dispatcher::with_default(&elsewhere, || tracing::info!("on another thread"));
        });
        thread.join().unwrap();
        close(app);
        tracing::info!("in the menu again");
        seconds(app, 1.5);
    });
    let text = text(&disk);
    let (session, chapter) = (session.unwrap().to_string(), chapter.unwrap().to_string());
    for (message, of_session, of_chapter) in [
        ("in the menu", None, None),
        ("heard of the start", Some(&*session), None),
        ("on the way", Some(&*session), None),
        ("heard", Some(&*session), Some(&*chapter)),
        ("on another thread", Some(&*session), Some(&*chapter)),
        ("heard of the end", None, None),
        ("in the menu again", None, None),
    ] {
        let line = line(&text, message);
        let found = (line["session.id"].as_str(), line["chapter.id"].as_str());
        assert_eq!(found, (of_session, of_chapter), "{line}");
        assert!(line["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{line}");
    }
}

#[test]
fn values_keep_their_kinds_and_spans_are_named() {
    let disk = MemoryDisk::default();
    logging(&disk, SessionLog::default(), |app| {
        let outer = tracing::info_span!(
            "level",
            name = "harbour",
            r#type = "wet",
            depth = tracing::field::Empty
        );
        let _outer = outer.enter();
        outer.record("depth", 7_u64);
        let _inner = tracing::info_span!("door").entered();
        let key = "iron \"key\"\n";
        tracing::warn!(door = 7_u64, below = -1_i64, open = false, share = 0.5, never = f64::NAN, key, at = ?(1, 2), "stuck");
        tracing::warn!("{}", "x".repeat(100_000));
        seconds(app, 1.5);
    });
    let text = text(&disk);
    let stuck = line(&text, "stuck");
    assert_eq!((&stuck["level"], &stuck["target"]), (&"WARN".into(), &"it::session_logs".into()));
    let expected = serde_json::json!({
        "door": 7, "below": -1, "open": false, "share": 0.5, "never": null, "key": "iron \"key\"\n", "at": "(1, 2)",
    });
    assert_eq!(stuck["fields"], expected);
    let spans = serde_json::json!([
        {"name": "level", "fields": {"name": "harbour", "type": "wet", "depth": 7}}, {"name": "door"},
    ]);
    assert_eq!(stuck["spans"], spans);
    assert!(stuck.get("session.id").is_none(), "nothing is played: {stuck}");
    let long = lines(&text).into_iter().map(|line| line["message"].as_str().unwrap().len()).max();
    assert_eq!(long, Some(8 << 10));
}

#[test]
fn files_rotate_and_a_flood_is_counted() {
    let disk = MemoryDisk::default();
    logging(&disk, SessionLog { file_bytes: 1, files: 3 }, |app| {
        for number in 0..60_000_u32 {
            tracing::info!(
                number,
                "a line of a hundred bytes, more or less, that is said much too often"
            );
        }
        seconds(app, 1.5);
        tracing::info!("and on");
        seconds(app, 1.5);
    });
    assert_eq!(log_files(&disk).len(), 3, "file_bytes is 64 KiB at least");
    let text = text(&disk);
    assert!(text.len() < 3 * (64 << 10), "{}", text.len());
    let dropped = line(&text, "lines were dropped: too much was logged at once");
    let dropped = dropped["fields"]["dropped"].as_u64().unwrap();
    // What has a place in the queue is counted from 0, and all that follows is said to be missing.
    let newest = lines(&text).iter().filter_map(|line| line["fields"]["number"].as_u64()).max();
    assert_eq!(newest.unwrap() + 1 + dropped, 60_000);
    line(&text, "and on");
}

#[test]
fn a_report_has_the_masked_end_of_the_log_even_after_a_kill() {
    let disk = MemoryDisk::default();
    let mut killed = MemoryDisk::default();
    logging(&disk, SessionLog::default(), |app| {
        start(app, "Logged");
        tracing::warn!(file = "/home/ann/level.ron", mail = "ann@example.com", "the door is stuck");
        write(app, Report::now());
        seconds(app, 1.5);
        killed = disk.snapshot();
    });
    killed.remove_all(Path::new(REPORT));
    let mut app = next_start(&killed);
    write(&mut app, Report::of_last_run());
    for disk in [&disk, &killed] {
        let log = String::from_utf8(files_of(disk)["log.jsonl"].clone()).unwrap();
        let stuck = line(&log, "the door is stuck");
        let fields = serde_json::json!({ "file": "~/level.ron", "mail": "<e-mail>" });
        assert_eq!(stuck["fields"], fields);
        let report = String::from_utf8(files_of(disk)["report.ron"].clone()).unwrap();
        assert!(report.contains(&format!("lines_bytes: {}", log.len())), "{report}");
    }
    assert!(!log_files(&killed).is_empty(), "they stay for operators");
}
