//! Notes, by the commands of `--stdin`.

use serde_json::json;

use super::commands::{done, refused, succeeded};
use super::game::Game;

/// A colony in which nothing happens.
const STILL: [&str; 6] = ["--entities", "300", "--checkpoint-ms", "86400000", "--changes", "0"];

#[test]
fn an_answered_note_survives_kill_9_and_a_rewind() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &STILL);
    succeeded(&mut game, "checkpoint begin");
    assert_eq!(game.ask("note Ore below the bridge, @Ben"), done("note", json!({ "id": 1 })));
    succeeded(&mut game, "pause");
    assert_eq!(
        succeeded(&mut game, "note \u{1b}[2J")["id"],
        json!(2),
        "also while it stands still"
    );
    let events = succeeded(&mut game, "events 100");
    assert!(events.to_string().contains("Ore below the bridge, @Ben"), "{events}");
    game.ask("die kill");
    game.finish();

    let mut game = Game::driven(directory.path(), &STILL);
    assert_eq!(succeeded(&mut game, "note third")["id"], json!(3));
    succeeded(&mut game, "rewind 3600");
    assert_eq!(succeeded(&mut game, "note fourth")["id"], json!(4));
    assert!(refused(&mut game, "note").contains("a text"));
    assert!(refused(&mut game, "note   ").contains("a text"));
    let long = format!("note {}", "x".repeat(4_001));
    assert!(refused(&mut game, &long).contains("4000 bytes"));
    assert_eq!(succeeded(&mut game, "note fifth")["id"], json!(5), "a refusal costs no id");
    game.ask("close");
    game.finish();
}
