//! The colony's objectives, by the commands of `--stdin`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::commands::{refused, succeeded};
use super::game::Game;

/// A colony that changes a lot, and is saved by itself every five seconds.
const LIVELY: [&str; 6] = ["--entities", "3000", "--checkpoint-ms", "5000", "--changes", "1"];
/// A colony in which nothing happens.
const STILL: [&str; 6] = ["--entities", "3000", "--checkpoint-ms", "86400000", "--changes", "0"];

/// State and progress of each objective.
fn objectives(game: &mut Game) -> BTreeMap<String, (String, f64)> {
    let answer = succeeded(game, "objectives");
    let listed = answer["objectives"].as_array().unwrap().iter().map(|objective| {
        let text = |name: &str| objective[name].as_str().unwrap().to_owned();
        let Value::Number(progress) = &objective["progress"] else { panic!("{answer}") };
        (text("key"), (text("state"), progress.as_f64().unwrap()))
    });
    listed.collect()
}

#[test]
fn an_answered_objective_survives_kill_9_without_a_checkpoint_and_goes_back_with_a_rewind() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &LIVELY);
    succeeded(&mut game, "checkpoint begin");
    let begin = objectives(&mut game);
    assert_eq!(begin["monument"], ("locked".to_owned(), 0.0));
    assert_eq!(begin.len(), 7);
    let mut reached = begin;
    for _ in 0..10_000 {
        reached = objectives(&mut game);
        if reached["mine/veins"].1 >= 0.5 {
            break;
        }
    }
    assert_eq!(reached["mine/first_vein"], ("completed".to_owned(), 1.0));
    assert!(reached["mine"].1 > 0.7 && reached["mine"].1 < 1.0, "{reached:?}");
    // What was answered in a frame is on the disk with the next one.
    succeeded(&mut game, "hash");
    succeeded(&mut game, "pause");
    let paused = objectives(&mut game);
    game.ask("die kill");
    game.finish();

    let mut game = Game::driven(directory.path(), &STILL);
    assert_eq!(objectives(&mut game), paused);
    succeeded(&mut game, "rewind 3600");
    assert_eq!(objectives(&mut game)["mine/veins"].0, "locked");
    assert!(refused(&mut game, "objectives all").contains("nothing"));
    game.ask("close");
    game.finish();
}
