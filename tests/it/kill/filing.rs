//! Commands about another session, beside play.

use serde_json::Value;

use super::commands::{refused, session, succeeded};
use super::game::Game;

/// A colony in which everybody does something all the time, and a checkpoint is due each second.
const BUSY: [&str; 7] = ["--new", "--entities", "300", "--checkpoint-ms", "1000", "--changes", "1"];

#[test]
fn filing_another_colony_loses_no_event_or_checkpoint_of_this_one() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &BUSY);
    let other = session(&mut game);
    succeeded(&mut game, "close");
    game.finish();

    let mut game = Game::driven(directory.path(), &BUSY);
    let mut round = 0;
    while mined(&mut game) < 20 || captured(&game) < 4 {
        round += 1;
        succeeded(&mut game, &format!("rename {other} Round {round}"));
        succeeded(&mut game, &format!("archive {other}"));
        succeeded(&mut game, &format!("unarchive {other}"));
    }
    assert!(refused(&mut game, "rename nothing Round 0").contains("no session's id"));
    succeeded(&mut game, &format!("rename {other} The last round"));
    let story = game.kill();
    assert_eq!(story.errors(), [""; 0], "{story}");

    let mut game = Game::driven(directory.path(), &BUSY);
    let listed = succeeded(&mut game, "sessions");
    let found = listed["sessions"].as_array().unwrap().iter().find(|it| it["id"] == *other);
    assert_eq!(found.expect("it is listed")["name"], "The last round");
    game.kill();
}

/// The number of `Mined` events, by the colony's own count, which the log agrees with.
fn mined(game: &mut Game) -> u64 {
    let read = succeeded(game, "events 1000000");
    let is_mined = |event: &&Value| event["type"].as_str().unwrap().ends_with("Mined");
    let logged = read["events"].as_array().unwrap().iter().filter(is_mined).count();
    assert_eq!(read["mined"], logged as u64, "{read}");
    logged as u64
}

/// The number of checkpoints so far that nobody asked for.
fn captured(game: &Game) -> usize {
    game.said("captured").iter().filter(|line| line["ticket"].is_null()).count()
}
