//! `log`: what happened, and when.

// Feature: `log` shows what happened, and follows a game that runs.
// Page: ../crates/cli/README.md#what-is-looked-at

use std::fs;
use std::io::{BufRead, BufReader};
use std::marker::PhantomData;
use std::process::{Child, Stdio};

use bevy_session_journal::{CheckpointKind, JournalOptions, NewSession};
use serde_json::Value;

use crate::common::{AnyValue, Done, Game, damage, run, tool};

/// The session of the newest golden files in which the game's own events were recorded.
const LOOTERS: &str = "Looters";

#[test]
fn events_and_checkpoints_are_logged_in_order_of_time() -> Done {
    let game = Game::of_format("1.2")?;
    let ran = game.run(&format!("log --json DIR {LOOTERS}"))?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let lines = ran.objects()?;
    let times: Vec<&str> = lines.iter().filter_map(|line| line["time"].as_str()).collect();
    assert_eq!(times.len(), lines.len());
    let moments: Vec<jiff::Timestamp> =
        times.iter().map(|time| time.parse()).collect::<Result<_, _>>()?;
    assert!(moments.is_sorted(), "{times:?}");

    let of_type = |path: &str| lines.iter().filter(|line| line["type"] == path).collect::<Vec<_>>();
    let started = of_type("bevy_session::Lifecycle")[0];
    assert_eq!(
        (&started["subtype"], &started["previous"], &started["status"], &started["trigger"]),
        (&"started".into(), &Value::Null, &"active".into(), &"player".into())
    );
    assert_eq!((&started["sequence"], &started["source"]), (&1.into(), &"bevy_session".into()));
    assert!(started["version"].is_string() && started["session"].is_string());
    let looted = of_type("golden::Looted")[0];
    assert_eq!((&looted["data"], &looted["source"]), (&1.into(), &"message".into()));
    assert_eq!((&looted["version"], &looted["subtype"]), (&"0".into(), &Value::Null));
    let checkpoints = of_type("checkpoint");
    let shown = game.run(&format!("show --json DIR {LOOTERS}"))?.object()?;
    assert_eq!(shown["checkpoints"].as_array().map(Vec::len), Some(checkpoints.len()));
    assert!(checkpoints.iter().all(|it| it["checkpoint"].is_string() && it["subtype"].is_string()));

    let numbers: Vec<u64> = lines.iter().filter_map(|line| line["sequence"].as_u64()).collect();
    let mut once = numbers.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), numbers.len(), "no event is written twice");
    Ok(())
}

#[test]
fn the_log_as_text_has_a_line_for_each_event() -> Done {
    let game = Game::of_format("1.2")?;
    let lines = game.run(&format!("log --json DIR {LOOTERS}"))?.objects()?.len();
    let text = game.run(&format!("log DIR {LOOTERS}"))?.text;
    assert_eq!(text.lines().count(), lines);
    for words in ["session started → active", "golden::Looted 1", "session closed active → closed"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("golden::Whispered \"1 under the oak\""), "{text}");
    Ok(())
}

#[test]
fn a_damaged_log_is_reported_and_the_rest_is_shown() -> Done {
    let game = Game::of_format("1.2")?;
    let whole = game.run(&format!("log --json DIR {LOOTERS}"))?.objects()?;
    let session = whole[0]["session"].as_str().ok_or("a session")?;
    let mut files = Vec::new();
    for entry in fs::read_dir(game.session(session))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "events") {
            files.push((fs::read(&path)?.len(), path));
        }
    }
    files.sort();
    let (length, path) = files.pop().ok_or("a file of events")?;
    // The last payload, behind a header that is good.
    damage(&path, length - 2)?;
    let ran = game.run(&format!("log --json DIR {LOOTERS}"))?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.error.contains("damaged"), "{}", ran.error);
    let left = ran.objects()?;
    assert!(left.len() < whole.len() && left.iter().all(|line| whole.contains(line)));
    Ok(())
}

#[test]
fn a_file_or_session_without_events_has_its_checkpoints() -> Done {
    let game = Game::new()?;
    for line in ["log DIR Relics", "log SLOT:quick-d456f21221c1c606.save"] {
        let ran = game.run(line)?;
        assert_eq!((ran.code, &*ran.error), (Some(0), ""), "{line}");
        assert!(ran.text.lines().all(|line| line.contains(" checkpoint ")), "{}", ran.text);
        assert!(!ran.text.is_empty(), "{line}");
    }
    Ok(())
}

#[test]
fn logs_of_several_sessions_are_shown_together() -> Done {
    let game = Game::of_format("1.2")?;
    let sessions = game.run("list --json DIR")?.objects()?;
    let mut expected = 0;
    for session in &sessions {
        let id = session["id"].as_str().ok_or("an id")?;
        expected += game.run(&format!("log --json DIR {id}"))?.objects()?.len();
    }
    let ran = game.run("log --json DIR")?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let lines = ran.objects()?;
    assert_eq!(lines.len(), expected);
    let named: std::collections::BTreeSet<&str> =
        lines.iter().filter_map(|line| line["session"].as_str()).collect();
    assert!(named.len() > 1, "{named:?}");
    let times = lines.iter().map(|line| line["time"].as_str().unwrap_or_default().parse());
    let times: Vec<jiff::Timestamp> = times.collect::<Result<_, _>>()?;
    assert!(times.is_sorted());
    let text = game.run("log DIR")?.text;
    assert_eq!(text.lines().count(), expected);
    for session in &named {
        assert!(text.contains(&session[..18]), "{session}");
    }
    assert_eq!(game.run("log --all DIR")?.text, text);
    // Some of them, in any order.
    let two: Vec<&str> = named.into_iter().take(2).collect();
    let ran = game.run(&format!("log --json DIR {} {} {}", two[1], two[0], two[1]))?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let of_two = |line: &&Value| line["session"].as_str().is_some_and(|it| two.contains(&it));
    let expected: Vec<&Value> = lines.iter().filter(of_two).collect();
    assert_eq!(ran.objects()?.iter().collect::<Vec<_>>(), expected);
    Ok(())
}

/// A process that ends with its test, even if that fails.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

#[test]
fn a_followed_log_shows_new_entries() -> Done {
    let root = tempfile::tempdir()?;
    let options = JournalOptions::new(root.path()).watch_panics(false);
    let mut journal = options.open(AnyValue(PhantomData))?;
    let mut game = journal.start(NewSession::named("Live"));
    let patience = || std::time::Instant::now() + std::time::Duration::from_secs(300);
    game.checkpoint(CheckpointKind::Auto, |_| 1_u64);
    game.wait(patience()).ok_or("it is saved")?;

    let mut command = tool();
    command.args(["log", "--follow", "--json"]).arg(root.path()).arg("Live");
    let mut following = Following(command.stdout(Stdio::piped()).spawn()?);
    let mut lines = BufReader::new(following.0.stdout.take().ok_or("a pipe")?).lines();
    let mut next = || -> Result<Value, Box<dyn std::error::Error>> {
        Ok(serde_json::from_str(&lines.next().ok_or("it goes on")??)?)
    };
    assert_eq!(next()?["subtype"], "Opening");
    game.named_checkpoint("The bridge", |_| 2_u64)?;
    game.wait(patience()).ok_or("it is saved")?;
    let bridge = next()?;
    assert_eq!((&bridge["subtype"], &bridge["data"]), (&"Manual".into(), &"The bridge".into()));
    drop(following);
    game.close(|_| 3)?;

    let all = run(["log".into(), root.path().into(), "Live".into()])?;
    assert_eq!(all.text.lines().count(), 3, "{}", all.text);
    Ok(())
}
