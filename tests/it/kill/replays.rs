//! A colony with a bug panics, and panics again from its report alone.

use std::path::Path;

use serde_json::Value;

use super::game::{Game, Story};
use super::number_from_environment;

const LIVELY: [&str; 6] = ["--entities", "300", "--checkpoint-ms", "500", "--changes", "1"];
/// Bugs, unless `BEVY_SESSION_PANICS` asks for more.
const BUGS: u64 = 4;
/// Of those the last is found in a colony of the size that a report has room for.
const MANY: [&str; 2] = ["--entities", "2000"];
/// Colonies that are played at once.
const AT_ONCE: u64 = 4;

fn lines<'a>(story: &'a Story, event: &str) -> Vec<&'a Value> {
    story.events.iter().filter(|line| line["event"] == event).collect()
}

/// The line of its panic, and that of a replay of the report.
fn panics_twice(directory: &Path, game: Game) -> (Value, Value) {
    let story = game.finish();
    assert_eq!(story.exit_code(), Some(101), "{story}");
    let panicking = lines(&story, "panicking").pop().unwrap_or_else(|| panic!("{story}")).clone();
    let report = directory.join("report.tar");
    let path = report.to_str().unwrap();
    let story = Game::start(directory, &["--last-report", path]).finish();
    assert_eq!(story.exit_code(), Some(0), "{story}");
    assert!(std::fs::metadata(&report).unwrap().len() < 1_000_000, "it is small");
    let elsewhere = tempfile::tempdir().unwrap();
    let story = Game::start(elsewhere.path(), &["--replay-report", path]).finish();
    assert_eq!(story.exit_code(), Some(0), "{story}");
    let panicked = lines(&story, "panicked").pop().unwrap_or_else(|| panic!("{story}")).clone();
    (panicking, panicked)
}

// Feature: A report plays a panic again, at the same tick.
// Page: guide/replay.md#play-a-report
#[test]
fn reports_of_bugs_panic_again_at_the_same_tick() {
    let bugs = number_from_environment("BEVY_SESSION_PANICS").unwrap_or(BUGS);
    let seeds: Vec<u64> = (1..=bugs).collect();
    let mut messages = Vec::new();
    for seeds in seeds.chunks(AT_ONCE as usize) {
        let games: Vec<_> = seeds
            .iter()
            .map(|seed| {
                let directory = tempfile::tempdir().unwrap();
                let (is_last, seed) = (*seed == bugs, seed.to_string());
                let panics = ["--panic-seed", &seed, "--seed", &seed];
                let size = if is_last { &MANY[..] } else { &[] };
                let arguments = [&LIVELY[..], size, &panics].concat();
                let game = Game::start(directory.path(), &arguments);
                (directory, game)
            })
            .collect();
        for (directory, game) in games {
            let (first, second) = panics_twice(directory.path(), game);
            let tick = first["tick"].as_u64().unwrap();
            assert!((200..2_000).contains(&tick), "{first}");
            assert_eq!((&first["tick"], &first["message"]), (&second["tick"], &second["message"]));
            messages.push(first["message"].clone());
        }
    }
    messages.sort_by_key(ToString::to_string);
    messages.dedup();
    assert!(messages.len() > 1, "they are different bugs: {messages:?}");
}

/// Otherwise a count of ticks would panic again as well.
#[test]
fn with_other_inputs_the_same_bug_panics_at_another_tick() {
    let panicking = ["1", "2"].map(|seed| {
        let directory = tempfile::tempdir().unwrap();
        let arguments = [&LIVELY[..], &["--panic-seed", "1", "--seed", seed]].concat();
        let story = Game::start(directory.path(), &arguments).finish();
        lines(&story, "panicking").pop().unwrap_or_else(|| panic!("{story}")).clone()
    });
    assert_ne!(panicking[0]["tick"], panicking[1]["tick"], "{panicking:?}");
}

#[test]
fn a_session_is_played_again_exactly_and_from_checkpoint_to_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &LIVELY);
    for _ in 0..4 {
        game.wait_for("checkpoint_saved");
    }
    game.ask("checkpoint here");
    let story = game.kill();
    let captured = lines(&story, "captured");
    for manner in ["exact", "keyframes"] {
        let story = Game::start(directory.path(), &["--replay", manner]).finish();
        assert_eq!(story.exit_code(), Some(0), "{story}");
        let replayed = lines(&story, "replayed");
        let checkpoints = replayed.len() as u64;
        assert!(checkpoints >= 4, "{story}");
        for line in replayed {
            assert_eq!(line["hash"], line["expected"], "{story}");
            let of_it = captured.iter().find(|it| it["checkpoint"] == line["checkpoint"]);
            assert_eq!(of_it.map(|it| &it["hash"]), Some(&line["expected"]), "{story}");
        }
        let done = lines(&story, "replay_done").pop().unwrap();
        assert_eq!(done["diverged"], false, "{story}");
        // Each checkpoint is of a frame of its own, however few a busy machine had time for.
        assert_eq!(
            done["ticks"].as_u64().unwrap() + 1 >= checkpoints,
            manner == "exact",
            "{story}"
        );
        assert!(done["events"].as_u64().unwrap() > 0, "{story}");
    }
}

#[test]
fn a_replay_that_is_impossible_is_refused_with_a_message() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [["--replay", "exact"], ["--replay-report", "nowhere.tar"]] {
        let story = Game::start(directory.path(), &arguments).finish();
        assert_eq!(story.exit_code(), Some(1), "{story}");
        assert_eq!(story.errors(), ["not_replayed"], "{story}");
    }
    let story = Game::start(directory.path(), &["--replay", "backwards"]).finish();
    assert_eq!(story.exit_code(), Some(1), "{story}");
    let path = directory.path().join("report.tar");
    let story = Game::start(directory.path(), &["--last-report", path.to_str().unwrap()]).finish();
    assert_eq!(story.exit_code(), Some(1), "{story}");
    assert_eq!(story.errors(), ["not_reported"], "{story}");
}
