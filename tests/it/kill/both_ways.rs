//! Scripts that nobody thought of, in which a colony goes back in both ways and is killed.

use std::collections::HashMap;

use serde_json::Value;

use super::commands::succeeded;
use super::game::Game;
use crate::common::Dice;

/// Processes of one script.
const PROCESSES: usize = 4;
/// Entities of the colony.
const ENTITIES: u64 = 120;
/// Commands that each gets before it is killed.
const COMMANDS: usize = 9;
/// The refusals that are allowed at the beginning of a script.
const MAY_BE_REFUSED: [&str; 3] = ["nothing to undo", "no slot", "no moment was forked"];

/// The state that has to come back, regardless of what happens in between.
#[derive(Default)]
struct Kept {
    /// The colony's hash in each checkpoint that was captured, the newest of a number.
    captured: HashMap<u64, Value>,
    slot: Option<Value>,
    fork: Option<Value>,
}

impl Kept {
    fn learn(&mut self, game: &Game) {
        for captured in game.said("captured") {
            let number = captured["checkpoint"].as_u64().unwrap();
            self.captured.insert(number, captured["hash"].clone());
        }
    }

    fn must_agree(&mut self, command: &str, answer: &Value, game: &Game) {
        self.learn(game);
        let verb = command.split(' ').next().unwrap();
        if answer["ok"] != true {
            let why = answer["error"].as_str().unwrap();
            assert!(MAY_BE_REFUSED.iter().any(|known| why.contains(known)), "{command}: {answer}");
            return;
        }
        let hash = &answer["hash"];
        match verb {
            "save" => self.slot = Some(hash.clone()),
            "fork-world" => self.fork = Some(hash.clone()),
            "load" => assert_eq!(Some(hash), self.slot.as_ref(), "{answer}"),
            "return" => assert_eq!(Some(hash), self.fork.as_ref(), "{answer}"),
            _ => {}
        }
        let number = answer["checkpoint"].as_u64().unwrap();
        assert_eq!(Some(hash), self.captured.get(&number), "{command}: {answer}");
    }
}

/// In place, only what differs is touched; otherwise everything is despawned and spawned.
fn counts_must_agree(was_in_place: bool, answer: &Value) {
    let [written, spawned, despawned] =
        ["written", "spawned", "despawned"].map(|name| answer[name].as_u64().unwrap());
    match was_in_place {
        true => assert!(written <= ENTITIES && spawned.max(despawned) < ENTITIES / 2, "{answer}"),
        false => assert!(written == 0 && spawned.min(despawned) >= ENTITIES, "{answer}"),
    }
}

fn command(dice: &mut Dice) -> &'static str {
    match dice.roll(10) {
        0 | 1 => "checkpoint here",
        2 => "save here",
        3 => "load here",
        4 => "rewind 0.05",
        5 => "rewind 100000",
        6 => "undo-rewind",
        7 => "fork-world",
        _ => "return",
    }
}

#[test]
fn random_commands_with_both_manners_of_rewind_survive_kills() {
    let mut went_back = [0; 2];
    for seed in 0..3 {
        let directory = tempfile::tempdir().unwrap();
        let (mut dice, mut kept) = (Dice(seed), Kept::default());
        for process in 0..PROCESSES {
            let manner =
                if (process as u64 + seed).is_multiple_of(2) { "in-place" } else { "respawn" };
            let entities = ENTITIES.to_string();
            let colony = ["--entities", &entities, "--checkpoint-ms", "60000", "--changes", "1"];
            let arguments = [&colony[..], &["--restore", manner]].concat();
            let mut game = Game::driven(directory.path(), &arguments);
            // A fork goes with its process.
            kept.fork = None;
            let first = succeeded(&mut game, "checkpoint begun");
            kept.must_agree("checkpoint begun", &first, &game);
            for _ in 0..COMMANDS {
                let command = command(&mut dice);
                let answer = game.ask(command);
                kept.must_agree(command, &answer, &game);
                if let Some(was_in_place) = answer["in_place"].as_bool() {
                    went_back[usize::from(was_in_place)] += 1;
                    counts_must_agree(was_in_place, &answer);
                }
            }
            game.kill();
        }
    }
    assert!(went_back.iter().all(|times| *times > 5), "this says little: {went_back:?}");
}
