//! Tags and searches, by the commands of `--stdin`.

use serde_json::{Value, json};

use super::commands::{done, refused, session, succeeded};
use super::game::Game;

/// A colony in which nothing happens.
const STILL: [&str; 6] = ["--entities", "300", "--checkpoint-ms", "86400000", "--changes", "0"];

#[test]
fn an_answered_tag_survives_kill_9_and_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &STILL);
    let id = session(&mut game);
    assert_eq!(succeeded(&mut game, "search ironman")["ids"], json!([]));
    assert_eq!(game.ask("tag Ironman Élite"), done("tag", json!({})));
    assert_eq!(succeeded(&mut game, "search elite IRON")["ids"], json!([id]));
    succeeded(&mut game, "pause");
    assert_eq!(game.ask("tag paused"), done("tag", json!({})), "also while it stands still");
    game.ask("die kill");
    game.finish();

    let mut game = Game::driven(directory.path(), &STILL);
    assert_eq!(session(&mut game), id);
    for found in ["elite", "ironman paused", "\u{301}"] {
        assert_eq!(succeeded(&mut game, &format!("search {found}"))["ids"], json!([id]), "{found}");
    }
    assert_eq!(succeeded(&mut game, "search elite casual")["ids"], Value::Array(Vec::new()));
    assert!(refused(&mut game, "search").contains("words"));
    assert!(refused(&mut game, "tag").contains("a tag"));
    assert!(refused(&mut game, "tag  ").contains("space"));
    assert!(refused(&mut game, &format!("tag {}", "x".repeat(65))).contains("65"));
    game.ask("close");
    game.finish();
}
