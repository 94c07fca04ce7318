//! What an erasure removed stays away whatever kills the process right after the answer.

// Feature: An audit log keeps who exported, erased, archived, deleted or reported what.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::game::Game;

const SMALL: [&str; 4] = ["--entities", "100", "--checkpoint-ms", "50"];

fn play(directory: &Path, player: &str) -> Game {
    let mut game = Game::driven(directory, &[&SMALL[..], &["--player", player]].concat());
    game.wait_for("checkpoint_saved");
    game
}

fn close(mut game: Game) {
    assert_eq!(game.ask("save Base")["ok"], json!(true));
    assert_eq!(game.ask("close")["ok"], json!(true));
    game.finish();
}

/// The files below a directory in which a name is, but for the last lines of processes, which a receipt names.
fn files_that_name(directory: &Path, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_that_name(&path, name));
        } else if path.extension().is_none_or(|it| it != "log")
            && fs::read(&path).unwrap().windows(name.len()).any(|it| it == name.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}

fn names(answer: &Value) -> Vec<&str> {
    let players = answer["players"].as_array().unwrap().iter();
    players.filter_map(|player| player["name"].as_str()).collect()
}

#[test]
fn an_erasure_survives_a_kill_and_the_audit_log_names_who_did_it() {
    let directory = tempfile::tempdir().unwrap();
    close(play(directory.path(), "Ann-Q 1"));
    let mut game = play(directory.path(), "Ben");
    let listed = game.ask("players");
    assert_eq!(names(&listed), ["Ann-Q 1", "Ben"]);
    assert!(!files_that_name(directory.path(), "Ann-Q 1").is_empty());
    assert_eq!(game.ask("erase Ben")["ok"], json!(false), "a session of theirs is played");
    assert_eq!(game.ask("erase Ann-Q")["ok"], json!(false), "nobody is called so");
    let erased = game.ask("erase Ann-Q 1");
    assert_eq!(erased["ok"], json!(true), "{erased}");
    let receipt = &erased["receipt"];
    assert!(receipt["files"].as_u64() > Some(3) && receipt["bytes"].as_u64() > Some(0), "{erased}");
    game.kill();
    assert_eq!(files_that_name(directory.path(), "Ann-Q 1"), Vec::<String>::new());
    let mut game = play(directory.path(), "Ben");
    assert_eq!(names(&game.ask("players")), ["Ben"]);
    assert_eq!(game.ask("erase Ann-Q 1")["ok"], json!(false), "there is nothing any more");
    let audit = game.ask("audit 2");
    let entries = audit["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2, "{audit}");
    assert_eq!((&entries[1]["who"], &entries[1]["what"]), (&json!("Ben"), &json!("erased_player")));
    assert_eq!(entries[1]["session"], Value::Null);
    assert!(entries[1]["at"].is_string());
    close(game);
}
