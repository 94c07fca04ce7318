//! Reports of a colony that is killed, and colonies that open them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::game::{Game, Story};

const LIVELY: [&str; 6] = ["--entities", "300", "--checkpoint-ms", "50", "--changes", "1"];

/// All files below a directory.
fn files_in(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (directories, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let below = directories.iter().flat_map(|directory| files_in(directory));
    files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).chain(below).collect()
}

fn line<'a>(story: &'a Story, event: &str) -> &'a Value {
    story.events.iter().find(|line| line["event"] == event).unwrap_or_else(|| panic!("{story}"))
}

/// Opens a report on separate data, where nothing is written.
fn opened(report: &Path) -> Story {
    let elsewhere = tempfile::tempdir().unwrap();
    let arguments = ["--open", report.to_str().unwrap(), "--seconds", "0.2"];
    let story = Game::start(elsewhere.path(), &arguments).finish();
    assert_eq!(files_in(elsewhere.path()), BTreeMap::new(), "it is played in memory\n{story}");
    story
}

#[test]
fn a_report_opens_with_the_reported_colony_even_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let report = directory.path().join("a report.tar");
    let mut game = Game::driven(&data, &LIVELY);
    game.wait_for("checkpoint_saved");
    let answer = game.ask(&format!("report {}", report.display()));
    assert_eq!(answer["ok"], true, "{answer}");
    assert_eq!(answer["bytes"].as_u64(), Some(fs::metadata(&report).unwrap().len()));
    let again = game.ask(&format!("report {}", report.display()));
    assert!(again["error"].as_str().unwrap().contains("is there already"), "{again}");
    game.wait_for("checkpoint_saved");
    let story = game.kill();
    let captured: BTreeMap<u64, &Value> = story
        .events
        .iter()
        .filter(|line| line["event"] == "captured")
        .map(|line| (line["checkpoint"].as_u64().unwrap(), &line["hash"]))
        .collect();
    let before = files_in(&data);
    let seen = opened(&report);
    assert_eq!(seen.exit_code(), Some(0), "{seen}");
    let restored = line(&seen, "session_continued");
    let checkpoint = restored["checkpoint"].as_u64().unwrap();
    assert_eq!(Some(&&restored["hash"]), captured.get(&checkpoint), "{seen}\n{story}");
    assert_eq!(files_in(&data), before, "the player's sessions stay as they are");
}

#[test]
fn a_report_that_was_being_written_is_whole_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..12_u64 {
        let report = directory.path().join(format!("{round}.tar"));
        let data = directory.path().join(format!("data-{round}"));
        let arguments = ["--entities", "20000", "--checkpoint-ms", "50", "--changes", "0.1"];
        let mut game = Game::driven(&data, &arguments);
        game.wait_for("checkpoint_saved");
        game.send(format!("report {}\n", report.display()));
        std::thread::sleep(std::time::Duration::from_millis(round * 12));
        let story = game.kill();
        if !report.exists() {
            continue;
        }
        let seen = opened(&report);
        match seen.exit_code() {
            Some(0) => assert_eq!(seen.count("session_continued"), 1, "{seen}"),
            _ => assert_eq!(seen.errors(), ["not_opened"], "{seen}\n{story}"),
        }
    }
}

#[test]
fn a_missing_or_invalid_report_is_refused_with_a_message() {
    let directory = tempfile::tempdir().unwrap();
    let (missing, other) = (directory.path().join("missing.tar"), directory.path().join("other"));
    fs::write(&other, "no report").unwrap();
    for file in [missing, other] {
        let story = opened(&file);
        assert_eq!(story.exit_code(), Some(1), "{story}");
        assert_eq!(story.errors(), ["not_opened"], "{story}");
        let said = line(&story, "error")["message"].as_str().unwrap();
        assert!(said.contains(file.to_str().unwrap()), "{said}");
    }
}
