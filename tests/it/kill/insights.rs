//! The insights of the colony's sessions, by the commands of `--stdin`.

use serde_json::Value;

use super::commands::succeeded;
use super::game::Game;

/// A colony in which somebody dies every now and then.
const LIVELY: [&str; 6] = ["--entities", "3000", "--checkpoint-ms", "1000", "--changes", "1"];

/// All deaths that the session has recorded.
fn recorded(game: &mut Game) -> Vec<Value> {
    let answer = succeeded(game, "events 1000000");
    let events = answer["events"].as_array().unwrap().iter();
    let deaths = events.filter(|event| event["type"].as_str().unwrap().ends_with("::Died"));
    deaths.map(|event| event["data"].clone()).collect()
}

#[test]
fn insights_and_the_story_survive_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &LIVELY);
    succeeded(&mut game, "checkpoint begin");
    for _ in 0..10_000 {
        if recorded(&mut game).len() >= 5 {
            break;
        }
    }
    succeeded(&mut game, "pause");
    succeeded(&mut game, "checkpoint paused");
    let deaths = recorded(&mut game);
    assert!(deaths.len() >= 5);
    let insights = succeeded(&mut game, "insights")["insights"].clone();
    assert_eq!(insights["sessions"], 1);
    assert_eq!(insights["deaths"], deaths.len());
    let places = insights["places"].as_array().unwrap();
    let total: u64 = places.iter().map(|place| place[2].as_u64().unwrap()).sum();
    assert_eq!(total, deaths.len() as u64);
    for death in &deaths {
        let cell = |name: &str| (death[name].as_f64().unwrap() / 100.0).floor() as i64;
        let found =
            places.iter().any(|it| (&it[0], &it[1]) == (&cell("x").into(), &cell("y").into()));
        assert!(found, "{death} in {places:?}");
    }
    assert_eq!(insights["crash_free"]["value"], Value::Null, "one session says nothing");
    assert_eq!(insights["crash_free"]["samples"], 1);
    game.ask("die kill");
    game.finish();

    let mut game = Game::driven(directory.path(), &LIVELY);
    let again = succeeded(&mut game, "insights")["insights"].clone();
    let crashes = again["crashes"].as_object().unwrap();
    assert_eq!(crashes.values().map(|count| count.as_u64().unwrap()).sum::<u64>(), 1, "{again}");
    let story = succeeded(&mut game, "story")["text"].as_str().unwrap().to_owned();
    assert!(story.contains("was last played today"), "{story}");
    assert!(story.contains("crashed"), "{story}");
    succeeded(&mut game, "close");
    game.finish();
}
