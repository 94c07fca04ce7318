//! Drives the example from outside, as programs do, by the commands of `--stdin`.

use std::collections::HashMap;
use std::fs;

use serde_json::{Value, json};

use super::game::{Game, Story};
use super::learn;
use super::oracle::Oracle;

/// A colony that changes a lot, and is saved by itself only at its beginning and its end.
const LIVELY: [&str; 6] = ["--entities", "300", "--checkpoint-ms", "60000", "--changes", "1"];
/// A colony in which everybody does something in each second.
const BUSY: [&str; 6] = ["--entities", "300", "--checkpoint-ms", "1000", "--changes", "1"];
/// A colony in which nothing happens, and which is saved by itself once a day.
const STILL: [&str; 6] = ["--entities", "300", "--checkpoint-ms", "86400000", "--changes", "0"];

#[test]
fn every_command_is_answered_once_its_effect_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &LIVELY);
    assert_eq!(game.ask("slots"), done("slots", json!({ "slots": [] })));

    let checkpoint = succeeded(&mut game, "checkpoint before the storm");
    let saved = succeeded(&mut game, "save Autumn");
    assert!(number(&saved) > number(&checkpoint), "{saved}");
    assert_ne!(saved["hash"], checkpoint["hash"], "the colony should have lived on");
    let listed = succeeded(&mut game, "slots");
    assert_eq!(listed["slots"][0]["name"], "Autumn", "{listed}");
    assert_eq!(listed["slots"][0]["checkpoint"], saved["checkpoint"], "{listed}");
    assert!(listed["slots"][0]["bytes"].as_u64().unwrap() > 0, "{listed}");

    assert_eq!(game.ask("protect Autumn"), done("protect", json!({})));
    assert!(refused(&mut game, "save Autumn").contains("protected"));
    assert_eq!(game.ask("unprotect Autumn"), done("unprotect", json!({})));
    let saved = succeeded(&mut game, "save Autumn");

    let early = succeeded(&mut game, "hash");
    succeeded(&mut game, "checkpoint later");
    let late = succeeded(&mut game, "hash");
    assert!(late["frame"].as_u64() > early["frame"].as_u64(), "{early} {late}");
    assert_ne!(late["hash"], early["hash"], "the colony should have lived on");

    let loaded = succeeded(&mut game, "load Autumn");
    assert_eq!(loaded["checkpoint"], saved["checkpoint"]);
    assert_eq!(loaded["hash"], saved["hash"], "what was saved should be back");

    assert_eq!(game.ask("pause"), done("pause", json!({})));
    assert_eq!(status(&mut game), "paused");
    let still = succeeded(&mut game, "hash");
    assert_eq!(succeeded(&mut game, "checkpoint paused")["hash"], still["hash"]);
    assert_eq!(succeeded(&mut game, "hash")["hash"], still["hash"], "nothing should go on");
    assert!(refused(&mut game, "pause").contains("the step Pause"));
    assert_eq!(game.ask("resume"), done("resume", json!({})));
    assert_eq!(status(&mut game), "active");
    assert!(refused(&mut game, "resume").contains("the step Resume"));

    assert_eq!(game.ask("close"), done("close", json!({})));
    let story = game.finish();
    assert_eq!(story.exit_code(), Some(0), "{story}");
    assert_eq!(story.count("session_closed"), 1, "{story}");
    assert_eq!(story.errors(), [""; 0], "{story}");
    each_answer_agrees_with_its_capture(&story);
}

#[test]
fn an_answered_move_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &STILL);
    let own = succeeded(&mut game, "sessions")["sessions"][0]["id"].clone();
    let own = own.as_str().unwrap().to_owned();
    assert!(refused(&mut game, &format!("delete {own}")).contains("being played"));
    assert!(refused(&mut game, "archive nothing").contains("no session's id"));
    succeeded(&mut game, "close");
    game.finish();
    // What is in the trash isn't continued, so this is another one.
    let moves = ["delete", "undelete", "archive", "unarchive", "archive", "delete"];
    let mut game = Game::driven(directory.path(), &["--new"]);
    for verb in moves {
        assert_eq!(game.ask(&format!("{verb} {own}")), done(verb, json!({})));
    }
    game.kill();
    let mut game = Game::driven(directory.path(), &["--new"]);
    let why = refused(&mut game, &format!("unarchive {own}"));
    assert!(why.contains("isn't in the archive"), "{why}");
    assert_eq!(game.ask(&format!("undelete {own}")), done("undelete", json!({})));
    game.kill();
}

#[test]
fn an_answered_draft_and_an_answered_scenario_survive_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("colony.scenario.ron");
    let mut game = Game::driven(directory.path(), &STILL);
    let planned = succeeded(&mut game, "draft Friday at eight")["id"].clone();
    let saved = succeeded(&mut game, &format!("scenario {}", path.display()));
    game.kill();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("colony.world"), "{text}");
    let world = fs::metadata(directory.path().join("colony.world")).unwrap();
    assert_eq!(saved["bytes"], world.len());
    let mut game = Game::driven(directory.path(), &STILL);
    let listed = succeeded(&mut game, "sessions");
    let mut listed = listed["sessions"].as_array().unwrap().iter();
    let found = listed.find(|session| session["id"] == planned).expect("it should be listed");
    assert_eq!(found["name"], "Friday at eight");
    assert!(refused(&mut game, &format!("scenario {}", path.display())).contains("is there"));
    game.kill();
}

#[test]
fn an_answered_save_and_its_slot_survive_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let mut oracle = Oracle::default();
    let mut slots = HashMap::new();
    for round in 0..6 {
        let mut game = Game::driven(directory.path(), &LIVELY);
        for (name, saved) in &slots {
            let loaded = succeeded(&mut game, &format!("load {name}"));
            assert_eq!(loaded["hash"], *saved, "slot {name:?} should be as it was saved");
        }
        let name = format!("round {}", round % 4);
        let saved = succeeded(&mut game, &format!("save {name}"));
        slots.insert(name, saved["hash"].clone());
        if round % 2 == 0 {
            succeeded(&mut game, "checkpoint and another");
        }
        let story = game.kill();
        each_answer_agrees_with_its_capture(&story);
        learn(&mut oracle, &story);
    }
}

#[test]
fn an_answered_load_survives_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &LIVELY);
    let saved = succeeded(&mut game, "save here");
    succeeded(&mut game, "checkpoint further on");
    let loaded = succeeded(&mut game, "load here");
    assert_eq!(loaded["hash"], saved["hash"]);
    let story = game.kill();

    let opening = story.events.iter().rfind(|line| line["event"] == "captured").unwrap();
    assert_eq!(opening["hash"], saved["hash"], "the loaded colony should go on as it is\n{story}");
    let mut game = Game::driven(directory.path(), &LIVELY);
    game.wait_for("captured");
    let story = game.kill();
    let back = story.events.iter().find(|line| line["event"] == "session_recovered").unwrap();
    assert_eq!(back["hash"], saved["hash"], "{story}");
    assert_eq!(back["checkpoint"], opening["checkpoint"], "{story}");
}

/// Takes a checkpoint and lets the colony live on.
fn live_on(game: &mut Game) -> Value {
    let saved = succeeded(game, "checkpoint on the way");
    for _ in 0..30 {
        succeeded(game, "hash");
    }
    saved
}

#[test]
fn a_rewind_names_what_it_left_and_can_be_undone_after_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &LIVELY);
    let saved: Vec<Value> = (0..4).map(|_| live_on(&mut game)).collect();
    let rewound = succeeded(&mut game, "rewind 0.000001");
    assert!(number(&rewound) >= number(&saved[3]), "{rewound}");
    assert!(number(&rewound["left"]) > number(&saved[3]), "what was played is captured first");
    let far = succeeded(&mut game, "rewind 100000");
    // The first of all is written as one with the one that was asked for, if the disk was slow.
    assert!(number(&far) <= number(&saved[0]), "the oldest one: {far}");
    assert_ne!(far["left"]["hash"], far["hash"]);
    succeeded(&mut game, "checkpoint further on");
    let story = game.kill();
    each_answer_agrees_with_its_capture(&story);

    let mut game = Game::driven(directory.path(), &LIVELY);
    for rewind in [&far, &rewound] {
        let undone = succeeded(&mut game, "undo-rewind");
        assert_eq!(undone["checkpoint"], rewind["left"]["checkpoint"]);
        assert_eq!(undone["hash"], rewind["left"]["hash"]);
    }
    assert!(refused(&mut game, "undo-rewind").contains("nothing to undo"));
    let story = game.kill();
    assert_eq!(story.count("session_continued"), 2, "{story}");
    each_answer_agrees_with_its_capture(&story);
}

#[test]
fn without_changes_a_rewind_leaves_the_last_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &STILL);
    let last = succeeded(&mut game, "checkpoint the last one");
    let rewound = succeeded(&mut game, "rewind 3600");
    assert_eq!(rewound["left"]["checkpoint"], last["checkpoint"]);
    assert_eq!(rewound["left"]["hash"], last["hash"]);
    let undone = succeeded(&mut game, "undo-rewind");
    assert_eq!(undone["checkpoint"], last["checkpoint"]);
    each_answer_agrees_with_its_capture(&game.kill());
}

#[test]
fn recorded_events_survive_kill_9_with_their_checkpoint() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &BUSY);
    assert!(refused(&mut game, "events some").contains("no number"));
    let mined = loop {
        succeeded(&mut game, "checkpoint while digging");
        let read = succeeded(&mut game, "events 100000");
        assert_eq!(
            read["events"].as_array().unwrap().len() as u64,
            read["total"].as_u64().unwrap()
        );
        let mined = of_type(&read, "Mined");
        if !mined.is_empty() {
            break mined;
        }
    };
    assert!(mined[0]["data"]["ore"].is_u64() && mined[0]["data"]["amount"].is_u64(), "{mined:?}");
    let read = succeeded(&mut game, "events 2");
    assert_eq!(read["events"].as_array().unwrap().len(), 2, "{read}");
    succeeded(&mut game, "checkpoint after all of that");
    game.kill();

    let mut game = Game::driven(directory.path(), &STILL);
    // What is recorded in the frame of the recovery can be read once a checkpoint names it.
    succeeded(&mut game, "checkpoint after the kill");
    let read = succeeded(&mut game, "events 100000");
    let again = of_type(&read, "Mined");
    assert!(again.len() >= mined.len(), "{read}");
    assert_eq!(again[..mined.len()], mined, "what a checkpoint names is there after a kill");
    assert!(!of_type(&read, "Choice").is_empty(), "the colony's choices are recorded as inputs");
    let lifecycle = of_type(&read, "Lifecycle");
    assert_eq!(lifecycle[0]["data"]["subtype"], "started", "{read}");
    assert_eq!(lifecycle.last().unwrap()["data"]["subtype"], "recovered", "{read}");
    let numbers: Vec<u64> = read["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["sequence"].as_u64().unwrap())
        .collect();
    assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
}

fn of_type(read: &Value, name: &str) -> Vec<Value> {
    let events = read["events"].as_array().unwrap();
    let is_of_type = |event: &&Value| event["type"].as_str().unwrap().ends_with(name);
    events.iter().filter(is_of_type).cloned().collect()
}

#[test]
fn loading_a_slot_of_another_session_continues_that_session() {
    let directory = tempfile::tempdir().unwrap();
    let mut first = Game::driven(directory.path(), &LIVELY);
    let saved = succeeded(&mut first, "save of the first");
    let first_session = session(&mut first);
    succeeded(&mut first, "close");
    first.finish();

    let mut second = Game::driven(directory.path(), &[&LIVELY[..], &["--new"]].concat());
    let second_session = session(&mut second);
    assert_ne!(first_session, second_session);
    let loaded = succeeded(&mut second, "load of the first");
    assert_eq!(loaded["hash"], saved["hash"]);
    let listed = succeeded(&mut second, "sessions");
    assert_eq!(status_of(&listed, &first_session), "active", "{listed}");
    assert_eq!(status_of(&listed, &second_session), "closed", "{listed}");
    assert!(listed["sessions"][0]["play_s"].as_f64().unwrap() >= 0.0, "{listed}");
    assert_eq!(listed["sessions"][0]["name"], "Colony", "{listed}");
    succeeded(&mut second, "close");
    let story = second.finish();
    assert_eq!(story.exit_code(), Some(0), "{story}");
    assert_eq!(story.count("session_closed"), 2, "{story}");
    assert_eq!(story.count("session_started"), 1, "nothing else should be taken up\n{story}");
}

#[test]
fn an_answered_chapter_survives_kill_9_until_it_has_ended() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &LIVELY);
    let act = succeeded(&mut game, "chapter Act 1");
    let mission = succeeded(&mut game, "chapter Mission 3");
    assert_ne!(act["chapter"], mission["chapter"]);
    game.kill();

    let mut game = Game::driven(directory.path(), &LIVELY);
    let ended = succeeded(&mut game, "end-chapter completed");
    assert_eq!(ended["chapter"], mission["chapter"], "the innermost one should be open");
    game.kill();

    let mut game = Game::driven(directory.path(), &STILL);
    assert_eq!(succeeded(&mut game, "end-chapter failed")["chapter"], act["chapter"]);
    assert_eq!(refused(&mut game, "end-chapter abandoned"), "no chapter is open");
    let again = succeeded(&mut game, "chapter Act 2");
    assert_eq!(succeeded(&mut game, "end-chapter abandoned")["chapter"], again["chapter"]);
    let story = game.kill();
    each_answer_agrees_with_its_capture(&story);
}

#[test]
fn a_thousand_commands_at_once_are_done_one_at_a_time_and_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = ["--entities", "50", "--checkpoint-ms", "20", "--changes", "1"];
    let mut game = Game::driven(directory.path(), &arguments);
    let command = |number: usize| match number % 100 {
        25 => format!("save slot {}", number / 300),
        50 => "load slot 0".to_owned(),
        75 => format!("checkpoint number {number}"),
        _ if number.is_multiple_of(2) => "hash".to_owned(),
        _ => format!("unknown-{number}"),
    };
    let burst: String = (0..1_000).map(|number| command(number) + "\n").collect();
    game.send(burst);
    let mut saved = Value::Null;
    for number in 0..1_000 {
        let answer = game.answer();
        let command = command(number);
        let (verb, name) = command.split_once(' ').unwrap_or((&command, ""));
        assert_eq!(answer["command"], verb, "command {number} should be next");
        assert_eq!(answer["ok"], !verb.starts_with("unknown"), "{answer}");
        match (verb, name) {
            ("save", "slot 0") => saved = answer["hash"].clone(),
            ("load", _) => assert_eq!(answer["hash"], saved, "the newest save should be loaded"),
            _ => {}
        }
    }
    let story = game.kill();
    each_answer_agrees_with_its_capture(&story);
}

#[test]
fn the_colony_is_recovered_after_each_way_to_die() {
    let directory = tempfile::tempdir().unwrap();
    let mut left: Option<(Value, &str)> = None;
    let deaths = ["panic", "abort", "kill", "exit"].map(Some);
    for how in deaths.into_iter().chain([None]) {
        let mut game = Game::driven(directory.path(), &LIVELY);
        let last = succeeded(&mut game, "checkpoint the last one");
        let command = how.map_or("close".to_owned(), |how| format!("die {how}"));
        succeeded(&mut game, &command);
        let story = game.finish();
        assert_eq!(story.exit_code() == Some(0), how.is_none(), "{story}");
        assert_eq!(story.count("session_closed"), usize::from(how.is_none()), "{story}");
        if let Some((last, cause)) = left {
            let offer = story.events.iter().find(|line| line["event"] == "recovery_available");
            assert_eq!(offer.unwrap()["cause"], cause, "{story}");
            let back = story.events.iter().find(|line| line["event"] == "session_recovered");
            assert_eq!(back.unwrap()["checkpoint"], last["checkpoint"], "{story}");
            assert_eq!(back.unwrap()["hash"], last["hash"], "{story}");
        }
        left = Some((last, if how == Some("panic") { "crashed" } else { "abnormal" }));
    }
}

#[test]
fn a_suspended_colony_that_is_killed_loses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let mut game = Game::driven(directory.path(), &LIVELY);
        let named = succeeded(&mut game, "checkpoint before the call")["checkpoint"].clone();
        succeeded(&mut game, "die suspend");
        let story = game.finish();
        assert_ne!(story.exit_code(), Some(0), "{story}");
        let of = |event: &str, checkpoint: &Value| {
            let is_it = |line: &&Value| line["event"] == event && line["checkpoint"] == *checkpoint;
            story.events.iter().find(is_it).cloned().unwrap_or_default()
        };
        assert_eq!(of("captured", &named)["label"], "before the call", "{story}");
        assert_eq!(of("checkpoint_saved", &named)["label"], "before the call", "{story}");
        let captured = story.events.iter().rfind(|line| line["event"] == "captured").unwrap();
        assert_eq!(captured["label"], "suspended", "{story}");
        let last = story.events.last().unwrap();

        let mut next = Game::driven(directory.path(), &LIVELY);
        succeeded(&mut next, "close");
        let next = next.finish();
        let back = next.events.iter().find(|line| line["event"] == "session_recovered");
        let back = back.expect("it should be recovered");
        if last["event"] == "suspended" {
            assert_eq!(captured["checkpoint"], last["checkpoint"], "{story}");
            assert_eq!(back["checkpoint"], last["checkpoint"], "{next}");
            assert_eq!(back["hash"], captured["hash"], "{next}");
        } else {
            // The disk took longer than the second that a phone gives.
            assert!(number(back) >= named.as_u64().unwrap(), "{next}");
        }
    }
}

#[test]
fn invalid_commands_are_refused_and_change_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &STILL);
    succeeded(&mut game, "save Autumn");
    let slots = succeeded(&mut game, "slots");
    let hash = succeeded(&mut game, "hash")["hash"].clone();
    for (command, why) in [
        ("", "no command"),
        (" ", "no command"),
        (" hash", "no command"),
        ("Hash", "no command"),
        ("frobnicate", "no command"),
        ("hash now", "takes nothing"),
        ("close it", "takes nothing"),
        ("checkpoint", "a label"),
        ("checkpoint ", "a label"),
        ("save", "a name"),
        ("save ", "a name"),
        ("save   ", "needs a name"),
        ("load", "a name"),
        ("load Winter", "no slot"),
        ("load autumn", "no slot"),
        ("load Autumn ", "no slot"),
        ("chapter", "a name"),
        ("chapter ", "a name"),
        ("end-chapter", "completed, failed or abandoned"),
        ("end-chapter completed", "no chapter"),
        ("end-chapter soon", "completed, failed or abandoned"),
        ("rewind", "seconds"),
        ("rewind soon", "seconds"),
        ("rewind -1", "seconds"),
        ("rewind nan", "seconds"),
        ("undo-rewind 1", "takes nothing"),
        ("undo-rewind", "nothing to undo"),
        ("die", "panic, abort, kill, exit or suspend"),
        ("die slowly", "no such way"),
        ("die panic ", "no such way"),
    ] {
        let error = refused(&mut game, command);
        assert!(error.contains(why), "{command:?} should be refused with {why:?}, not {error:?}");
    }
    for long in ["save", "checkpoint", "chapter"] {
        let error = refused(&mut game, &format!("{long} {}", "é".repeat(2_500)));
        assert!(error.contains("5000 bytes"), "{error}");
    }
    assert_eq!(succeeded(&mut game, "slots"), slots);
    assert_eq!(succeeded(&mut game, "hash")["hash"], hash);
    let story = game.kill();
    let after_save = story.events.iter().skip_while(|line| line["command"] != "save");
    let captured = after_save.filter(|line| line["event"] == "captured").count();
    assert_eq!(captured, 0, "nothing should be captured after the save\n{story}");
    assert_eq!(story.errors(), [""; 0], "each should be answered, and that is enough\n{story}");
}

#[test]
fn a_name_is_everything_after_the_first_space_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &LIVELY);
    let names = [
        "  before   the boss ",
        "Ősz 🦊 秋",
        "save me",
        "tab\there",
        "CON",
        "../../etc",
        "a\u{0}b\rc\u{2028}d",
    ];
    let mut hashes = Vec::new();
    for name in names {
        hashes.push(succeeded(&mut game, &format!("save {name}"))["hash"].clone());
    }
    let listed = succeeded(&mut game, "slots");
    let mut found: Vec<_> = listed["slots"].as_array().unwrap().iter().map(name_of).collect();
    found.reverse();
    assert_eq!(found, names);
    for (name, hash) in names.iter().zip(&hashes) {
        assert_eq!(succeeded(&mut game, &format!("load {name}"))["hash"], *hash, "{name:?}");
    }
    each_answer_agrees_with_its_capture(&game.kill());
}

#[test]
fn a_save_replaces_the_slot_of_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &LIVELY);
    let first = succeeded(&mut game, "save Autumn");
    let second = succeeded(&mut game, "save Autumn");
    assert_ne!(first["hash"], second["hash"]);
    let listed = succeeded(&mut game, "slots");
    assert_eq!(listed["slots"].as_array().unwrap().len(), 1, "{listed}");
    assert_eq!(listed["slots"][0]["checkpoint"], second["checkpoint"]);
    assert_eq!(succeeded(&mut game, "load Autumn")["hash"], second["hash"]);
}

#[test]
fn a_checkpoint_of_an_unchanged_colony_is_a_checkpoint_all_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &STILL);
    let hash = succeeded(&mut game, "hash")["hash"].clone();
    let mut before = 0;
    for _ in 0..3 {
        let answer = succeeded(&mut game, "checkpoint again");
        assert!(number(&answer) > before, "{answer}");
        assert_eq!(answer["hash"], hash);
        before = number(&answer);
    }
    each_answer_agrees_with_its_capture(&game.kill());

    let mut game = Game::driven(directory.path(), &STILL);
    assert_eq!(succeeded(&mut game, "hash")["hash"], hash);
    let story = game.kill();
    let back = story.events.iter().find(|line| line["event"] == "session_recovered").unwrap();
    assert_eq!(back["checkpoint"], before, "{story}");
}

#[test]
fn broken_bytes_are_answered_and_what_follows_is_done() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &STILL);
    game.send(b"save \xff\xfe\n");
    assert_eq!(game.answer(), failed("save", "a line is UTF-8"));
    game.send(b"\xc3(\n");
    assert_eq!(game.answer(), failed("\u{fffd}(", "a line is UTF-8"));
    game.send(format!("save {}\n", "x".repeat(3 << 20)));
    assert_eq!(game.answer(), failed("save", "a line has 65536 bytes at most"));
    game.send("hash\r\nsave Windows\r\n");
    assert_eq!(game.answer()["ok"], true);
    assert_eq!(game.answer()["ok"], true);
    assert_eq!(name_of(&succeeded(&mut game, "slots")["slots"][0]), "Windows");
    // The last line may do without its end.
    game.send("hash");
    game.send_end();
    assert_eq!(game.answer()["ok"], true);
    assert_eq!(game.kill().count("command"), 7);
}

#[test]
fn a_save_that_the_disk_refuses_is_answered_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let away = directory.path().join("away");
    let mut game = Game::driven(directory.path(), &LIVELY);
    let before = succeeded(&mut game, "save before");
    fs::rename(&data, &away).unwrap();
    // A file where a directory should be: nothing can be created in it.
    fs::File::create_new(&data).unwrap();
    for command in ["checkpoint in vain", "save in vain", "load before"] {
        let answer = game.ask(command);
        assert_eq!(answer["ok"], false, "{answer}");
    }
    fs::remove_file(&data).unwrap();
    fs::rename(&away, &data).unwrap();
    let mut answers = (0..10).map(|_| game.ask("save after"));
    let after = answers.find(|answer| answer["ok"] == true).expect("the disk is back");
    let story = game.kill();
    each_answer_agrees_with_its_capture(&story);

    let mut game = Game::driven(directory.path(), &LIVELY);
    for (name, saved) in [("before", before), ("after", after)] {
        assert_eq!(succeeded(&mut game, &format!("load {name}"))["hash"], saved["hash"], "{name}");
    }
}

#[test]
fn the_end_of_input_closes_the_session_cleanly() {
    let directory = tempfile::tempdir().unwrap();
    let arguments = [&LIVELY[..], &["--seconds", "0.5"]].concat();
    for commands in ["", "checkpoint here\n", "pause\n"] {
        let mut game = Game::driven(directory.path(), &arguments);
        game.send(commands);
        game.send_end();
        let story = game.finish();
        assert_eq!(story.exit_code(), Some(0), "{story}");
        assert_eq!(story.count("session_closed"), 1, "{story}");
        assert_eq!(story.count("command"), commands.lines().count(), "{story}");
        each_answer_agrees_with_its_capture(&story);
    }
}

#[test]
fn commands_are_done_although_nobody_reads_the_output() {
    let directory = tempfile::tempdir().unwrap();
    let mut game = Game::driven(directory.path(), &LIVELY);
    let before = succeeded(&mut game, "checkpoint still heard");
    game.stop_listening();
    game.send("save unheard\nclose\n");
    let story = game.finish();
    assert_eq!(story.exit_code(), Some(0), "{story}");
    assert!(!story.complaints().contains("panicked"), "{story}");

    let mut game = Game::driven(directory.path(), &STILL);
    let slots = succeeded(&mut game, "slots");
    assert_eq!(name_of(&slots["slots"][0]), "unheard");
    let loaded = succeeded(&mut game, "load unheard");
    assert!(number(&loaded) > number(&before), "{loaded}");
}

pub(super) fn done(verb: &str, fields: Value) -> Value {
    let mut answer = json!({ "event": "command", "command": verb, "ok": true });
    answer.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    answer
}

fn failed(verb: &str, why: &str) -> Value {
    json!({ "event": "command", "command": verb, "ok": false, "error": why })
}

pub(super) fn succeeded(game: &mut Game, command: &str) -> Value {
    let answer = game.ask(command);
    assert_eq!(answer["command"], command.split(' ').next().unwrap(), "{answer}");
    assert_eq!(answer["ok"], true, "{command:?}: {answer}");
    assert_eq!(answer.get("error"), None, "{answer}");
    answer
}

pub(super) fn refused(game: &mut Game, command: &str) -> String {
    let answer = game.ask(command);
    assert_eq!(answer["command"], command.split(' ').next().unwrap(), "{answer}");
    assert_eq!(answer["ok"], false, "{command:?}: {answer}");
    answer["error"].as_str().expect("a failure should have a reason").to_owned()
}

fn number(answer: &Value) -> u64 {
    answer["checkpoint"].as_u64().expect("there should be a checkpoint")
}

fn name_of(slot: &Value) -> &str {
    slot["name"].as_str().unwrap()
}

/// The session that is played, where there is one only.
pub(super) fn session(game: &mut Game) -> String {
    let listed = succeeded(game, "sessions");
    let active = |entry: &&Value| entry["status"] == "active";
    let session = listed["sessions"].as_array().unwrap().iter().find(active).unwrap();
    session["id"].as_str().unwrap().to_owned()
}

fn status(game: &mut Game) -> String {
    let listed = succeeded(game, "sessions");
    assert_eq!(listed["sessions"].as_array().unwrap().len(), 1, "{listed}");
    listed["sessions"][0]["status"].as_str().unwrap().to_owned()
}

fn status_of<'a>(listed: &'a Value, session: &str) -> &'a str {
    let sessions = listed["sessions"].as_array().unwrap();
    let entry = sessions.iter().find(|entry| entry["id"] == session).unwrap();
    entry["status"].as_str().unwrap()
}

/// True if an answer is about a checkpoint that was there before.
fn goes_back(answer: &Value) -> bool {
    ["load", "rewind", "undo-rewind"].iter().any(|command| answer["command"] == *command)
}

/// Each answer's moment was captured with that number and hash before, and is durable if it is a save.
fn each_answer_agrees_with_its_capture(story: &Story) {
    let (mut captured, mut tickets) = (HashMap::new(), HashMap::new());
    let mut durable = 0;
    for line in &story.events {
        match line["event"].as_str().unwrap() {
            "captured" => {
                captured.insert(number(line), line["hash"].clone());
                tickets.insert(number(line), line["ticket"].clone());
            }
            "checkpoint_saved" => durable = number(line),
            "command" if line["ok"] == true && !goes_back(line) => {
                let Some(checkpoint) = line["checkpoint"].as_u64() else { continue };
                assert_eq!(Some(&line["hash"]), captured.get(&checkpoint), "{line}\n{story}");
                assert!(durable >= checkpoint, "{line}\n{story}");
                let asked_for = tickets.get(&checkpoint).unwrap_or(&Value::Null);
                assert_eq!(&line["ticket"], asked_for, "{line}\n{story}");
            }
            _ => {}
        }
    }
}
