//! Complaints of players, solved with the tool and the runbook alone.

// Feature: `doctor` finds what is wrong, with commands that work; five support cases use them.

use std::error::Error;
use std::fs;
use std::marker::PhantomData;
use std::time::Duration;

use bevy_session_journal::internal::disk::process::{LogBounds, LogQueue, LogWords, RecentLog};
use bevy_session_journal::internal::disk::{RealDisk, read_all};
use bevy_session_journal::{JournalOptions, PanicInfo, RunId, SessionId};
use jiff::Timestamp;

use crate::common::{
    AnyValue, Done, EVENINGS, EVENINGS_RUN, Game, RELICS, begin_watched_process, copy, journals,
    session_with,
};
use crate::doctoring::run_commands;
use crate::naming::make_newer;

/// The first session that `list` finds so.
fn listed(game: &Game, filters: &str) -> Result<SessionId, Box<dyn Error>> {
    let found = game.run(&format!("list --json DIR {filters}"))?.objects()?;
    let id = found.first().and_then(|it| it["id"].as_str()).ok_or("a session")?;
    Ok(id.parse()?)
}

#[test]
fn my_save_is_gone() -> Done {
    let game = Game::of_format("1.3")?;
    let thrown = listed(&game, "--in trash")?;
    let all = game.run("list DIR")?.text;
    assert!(all.lines().any(|line| line.contains("Thrown away") && line.contains("in the trash")));
    run_commands("My save is gone", &game, thrown)?;
    let in_trash = game.run("list --json DIR --in trash")?.text;
    assert!(in_trash.lines().count() == 1 && !in_trash.contains(&thrown.to_string()), "{in_trash}");
    let place = game.run("list --json DIR --in open")?.text;
    assert!(place.contains(&thrown.to_string()), "it should be back");
    assert_eq!(game.run("list --slots --json DIR")?.objects()?.len(), 3, "the file was imported");
    Ok(())
}

#[test]
fn it_wont_load_after_the_update() -> Done {
    let game = Game::new()?;
    // The update was taken back, and the newest file was written by it.
    make_newer(&journals(&game.session(RELICS))?.pop().ok_or("a file")?)?;
    run_commands("It won't load after the update", &game, RELICS.parse()?)?;
    let said = game.run("doctor DIR")?.text;
    assert!(said.contains("BS0103"), "{said}");
    let shown = game.run(&format!("show DIR {RELICS}"))?.text;
    assert!(shown.contains("newer than this tool") && shown.contains("game version"), "{shown}");
    Ok(())
}

#[test]
fn it_is_huge() -> Done {
    let game = Game { root: tempfile::tempdir()? };
    fs::create_dir(game.directory())?;
    session_with(&game.directory(), "Small", |_| 1_u64)?;
    let noise: String = (0..60_000_u64)
        .map(|it| format!("{:016x}", it.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    session_with(&game.directory(), "Huge", move |_| noise.clone())?;
    let huge = listed(&game, "--sort bytes")?;
    let stats = game.run(&format!("stats DIR {huge}"))?.text;
    assert!(stats.contains("Huge") && stats.contains("odd::Odd"), "{stats}");
    let before = game.run(&format!("stats --json DIR {huge}"))?.object()?;
    run_commands("It is huge", &game, huge)?;
    let listed = game.run("list --json DIR --in archive")?.object()?;
    assert_eq!(
        (&listed["name"], listed["id"].as_str()),
        (&"Huge".into(), Some(&*huge.to_string()))
    );
    assert!(listed["bytes"].as_u64() < before["bytes"].as_u64(), "{listed} and {before}");
    Ok(())
}

#[test]
fn which_of_the_two_is_newer() -> Done {
    let game = Game::new()?;
    run_commands("Which of the two is newer", &game, RELICS.parse()?)?;
    // Two slots, of which the quick one was saved a second of play later.
    let sent = tempfile::tempdir()?;
    copy(&game.profile().join("slots"), sent.path())?;
    let place = sent.path().display().to_string();
    let objects = game.run_words(&["list", "--slots", "--json", &place])?.objects()?;
    let played = |at: usize| objects[at]["play_time_ms"].as_u64();
    assert!(played(0) > played(1) && objects[0]["kind"] == "Quick", "{objects:?}");
    Ok(())
}

/// A time before this process began, so that what it says of then is another's, which is gone.
fn long_ago() -> Timestamp {
    Timestamp::now() - Duration::from_secs(3600)
}

#[test]
fn what_happened_before_it_crashed() -> Done {
    let game = Game::new()?;
    let (local, now) = (game.local(), long_ago());
    let guard = begin_watched_process(&local, now);
    guard.hold(EVENINGS.parse()?, RunId(EVENINGS_RUN));
    let logged = RecentLog::default();
    guard.keep_log(logged.clone());
    (0..30).for_each(|number| logged.add(now, &format!("WARN enemy {number} has no path")));
    let panicked = std::thread::spawn(|| panic!("index out of bounds: the len is 3")).join();
    assert!(panicked.is_err());
    guard.beat(&local, now);
    run_commands("What happened before it crashed", &game, EVENINGS.parse()?)?;
    let shown = game.run(&format!("show DIR {EVENINGS}"))?.text;
    assert!(!shown.contains("log file"), "it keeps none: {shown}");
    assert!(shown.contains("index out of bounds: the len is 3"), "{shown}");
    assert!(shown.contains("logged       ") && shown.contains("enemy 29 has no path"), "{shown}");
    let shown = game.run(&format!("show --json DIR {EVENINGS}"))?.object()?;
    let head = &shown["heads"][0];
    assert_eq!(head["logged"].as_array().map(Vec::len), Some(20), "the last of them: {head}");
    Ok(())
}

struct Json;

impl LogWords for Json {
    fn panicked(&self, panic: &PanicInfo) -> String {
        let (time, message) = (panic.time, &panic.message);
        format!(
            r#"{{"timestamp":"{time}","level":"ERROR","target":"panic","message":"panicked: {message}","fields":{{"exception.stacktrace":"0: main"}}}}"#
        )
    }

    fn dropped(&self, _: u64) -> String {
        String::new()
    }
}

#[test]
fn a_server_that_keeps_its_log_in_files_says_where_they_are() -> Done {
    let game = Game::new()?;
    let (local, now) = (game.local(), long_ago());
    let guard = begin_watched_process(&local, now);
    guard.hold(EVENINGS.parse()?, RunId(EVENINGS_RUN));
    let log = LogQueue::new(LogBounds { file_bytes: 1 << 20, files: 4 }, Json);
    guard.keep_log_files(log.clone());
    let line = |number: u32| {
        format!(
            r#"{{"timestamp":"{now}","level":"WARN","target":"hop::path","message":"no path","fields":{{"enemy":{number}}},"session.id":"{EVENINGS}"}}"#
        )
    };
    (0..30).for_each(|number| log.add(&line(number)));
    let panicked = std::thread::spawn(|| panic!("out of mana")).join();
    assert!(panicked.is_err());
    guard.beat(&local, now);
    run_commands("What happened before it crashed", &game, EVENINGS.parse()?)?;
    let shown = game.run(&format!("show DIR {EVENINGS}"))?.text;
    assert!(shown.contains("WARN hop::path: no path enemy=29\n"), "{shown}");
    assert!(shown.contains("ERROR panic: panicked: out of mana\n"), "{shown}");
    assert!(shown.contains("log file     ") && shown.contains(".jsonl"), "{shown}");
    let shown = game.run(&format!("show --json DIR {EVENINGS}"))?.object()?;
    let head = &shown["heads"][0];
    assert_eq!(head["logged"].as_array().map(Vec::len), Some(20), "the last of them: {head}");
    let file = head["log_files"][0].as_str().ok_or("a file")?;
    let kept = fs::read_to_string(file)?;
    // Panics of other tests of this process may be among them.
    let ours = kept.lines().filter(|line| line.contains("no path") || line.contains("out of mana"));
    assert_eq!(ours.count(), 31, "{kept}");
    Ok(())
}

#[test]
fn a_declined_session_shows_the_panic_that_ended_it() -> Done {
    let game = Game::new()?;
    let (local, now) = (game.local(), long_ago());
    let guard = begin_watched_process(&local, now);
    guard.hold(EVENINGS.parse()?, RunId(EVENINGS_RUN));
    let panicked = std::thread::spawn(|| panic!("the well is dry")).join();
    assert!(panicked.is_err());
    guard.beat(&local, now);
    // It is gone, and its lock with it.
    let state = game.directory().join("state");
    for entry in fs::read_dir(&state)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "lock") {
            fs::remove_file(path)?;
        }
    }
    let mut journal = JournalOptions::new(game.directory())
        .watch_panics(false)
        .open(AnyValue(PhantomData::<u64>))?;
    journal.decline(EVENINGS.parse::<SessionId>()?)?;
    drop(journal);
    // The record of the process is gone.
    let records = read_all(&RealDisk, &state)?;
    let left = records.iter().filter_map(|it| it.record.as_ref().ok()).map(|it| it.runs.len());
    assert_eq!(left.sum::<usize>(), 0, "its record is settled");
    let log = game.run(&format!("log --json DIR {EVENINGS}"))?.objects()?;
    let declined = log.iter().find(|line| line["subtype"] == "declined").ok_or("a decline")?;
    let panic = &declined["deaths"][0]["panic"];
    assert_eq!(panic["message"], "the well is dry", "{declined}");
    assert!(panic["place"].as_str().is_some_and(|it| it.contains("support.rs")), "{declined}");
    assert!(panic["backtrace"].is_string(), "{declined}");
    let said = game.run(&format!("log DIR {EVENINGS}"))?.text;
    let line = said.lines().find(|line| line.contains("session declined; died: "));
    assert!(line.is_some_and(|line| line.contains("the well is dry at ")), "{said}");
    let shown = game.run(&format!("show DIR {EVENINGS}"))?.text;
    assert!(shown.contains("the well is dry") && shown.contains(", declined "), "{shown}");
    let shown = game.run(&format!("show --json DIR {EVENINGS}"))?.object()?;
    let recorded = &shown["recorded_deaths"][0];
    assert_eq!(recorded["panic"]["message"], "the well is dry", "{recorded}");
    assert!(recorded["declined"].is_string() && recorded["recovered"].is_null(), "{recorded}");
    // A backtrace is read at each start, so there is only the beginning of it.
    let bytes = recorded["panic"]["backtrace"].as_str().ok_or("a backtrace")?.len();
    assert!((1..=2048).contains(&bytes), "{bytes}");
    // The archive takes the place of all files.
    assert_eq!(game.run(&format!("archive DIR {EVENINGS}"))?.code, Some(0));
    let shown = game.run(&format!("show --json DIR {EVENINGS}"))?.object()?;
    assert_eq!(shown["recorded_deaths"].as_array().map(Vec::len), Some(1), "{shown}");
    assert_eq!(shown["recorded_deaths"][0]["panic"]["message"], "the well is dry", "{shown}");
    Ok(())
}
