//! `repair`: what is left of a damaged session.

// Feature: `repair` copies all that can be read of a damaged session.
// Page: ../crates/cli/README.md#what-is-written

use std::fs;

use std::marker::PhantomData;

use bevy_session_journal::{JournalOptions, RestoreFrom};
use serde_json::Value;

use crate::common::{
    AnyValue, Done, EVENINGS, Game, RELICS, Ran, damage, journals, run, session_with,
};

/// Runs the tool on another directory.
fn tool(line: &str, directory: &std::path::Path) -> std::io::Result<Ran> {
    run(line.split_whitespace().map(|word| match word {
        "DIR" => directory.as_os_str().to_owned(),
        word => word.into(),
    }))
}

#[test]
fn a_session_without_damage_is_copied_whole() -> Done {
    let game = Game::new()?;
    let before = game.snapshot()?;
    let to = tempfile::tempdir()?;
    let copy = to.path().join("repaired");
    let place = copy.display().to_string();
    let words = ["repair", "--json", "DIR", "Relics", "--to", &place];
    let ran = game.run_words(&words)?;
    assert_eq!(ran.code, Some(0), "{}{}", ran.text, ran.error);
    let report = ran.object()?;
    assert_eq!((&report["session"], &report["lost"]), (&RELICS.into(), &Value::Array(vec![])));
    let files = report["files"].as_array().ok_or("files")?;
    assert!(files.iter().all(|file| file["kept"] == "whole"), "{files:?}");
    assert!(files.iter().any(|file| file["kind"] == "slot"), "{files:?}");
    assert_eq!(game.snapshot()?, before, "the original should stay as it is");

    let show = |directory: &std::path::Path| -> Result<Value, Box<dyn std::error::Error>> {
        let mut shown = tool(&format!("show --json DIR {RELICS}"), directory)?.object()?;
        // What this machine knows of processes isn't copied.
        shown
            .as_object_mut()
            .ok_or("an object")?
            .retain(|key, _| key == "checkpoints" || key == "timeline");
        Ok(shown)
    };
    assert_eq!(show(&copy)?, show(&game.directory())?);
    let verified = tool("verify --read-data DIR", &copy)?;
    assert_eq!(verified.code, Some(0), "{}", verified.text);
    Ok(())
}

#[test]
fn losses_are_named_and_the_repaired_copy_has_no_damage() -> Done {
    let game = Game::new()?;
    let path = journals(&game.session(RELICS))?.pop().ok_or("a file")?;
    let length = fs::read(&path)?.len();
    damage(&path, length / 2)?;
    let before = game.snapshot()?;
    let verified = game.run(&format!("verify --read-data --json DIR {RELICS}"))?.object()?;
    let to = tempfile::tempdir()?;
    let to_text = to.path().display().to_string();
    let ran = game.run_words(&["repair", "DIR", "Relics", "--to", &to_text])?;
    assert_eq!(ran.code, Some(1), "{}{}", ran.text, ran.error);
    for damaged in verified["damaged"].as_array().ok_or("some")? {
        let lost = format!("checkpoint {} is lost", damaged.as_str().unwrap_or_default());
        assert!(ran.text.contains(&lost), "{lost}: {}", ran.text);
    }
    let newest = verified["newest_intact"].as_str().ok_or("one is whole")?;
    assert!(ran.text.contains(&format!("the newest is {newest}")), "{}", ran.text);
    assert!(ran.text.contains(" kept in part: damaged at bytes "), "{}", ran.text);
    assert_eq!(game.snapshot()?, before, "the original should stay as it is");

    let again = tool("verify --read-data --json DIR", to.path())?;
    assert_eq!(again.code, Some(0), "{}", again.text);
    let again = again.objects()?.into_iter().next().ok_or("a session")?;
    assert_eq!(again["newest_intact"], newest);
    let cat = |directory| tool(&format!("cat DIR {RELICS} {newest}"), directory);
    assert_eq!(cat(to.path())?.text, cat(&game.directory())?.text);
    Ok(())
}

#[test]
fn no_copy_is_written_of_a_session_that_cannot_be_read() -> Done {
    let game = Game::new()?;
    for path in journals(&game.session(EVENINGS))? {
        fs::write(path, b"\0bvysess is what it once began with")?;
    }
    let to = tempfile::tempdir()?;
    let copy = to.path().join("repaired");
    let place = copy.display().to_string();
    let words = ["repair", "--json", "DIR", EVENINGS, "--to", &place];
    let ran = game.run_words(&words)?;
    assert_eq!(ran.code, Some(2), "{}{}", ran.text, ran.error);
    let report = ran.object()?;
    assert!(report["written_to"].is_null() && report["newest"].is_null(), "{report}");
    assert!(!copy.exists());
    Ok(())
}

#[test]
fn a_repair_overwrites_no_existing_file() -> Done {
    let game = Game::new()?;
    let to = tempfile::tempdir()?;
    fs::write(to.path().join("mine"), "mine")?;
    let inside = game.session(RELICS).join("repaired").display().to_string();
    let before = game.snapshot()?;
    let taken = to.path().display().to_string();
    let file = to.path().join("mine").display().to_string();
    for place in [&taken, &file, &inside] {
        let ran = game.run_words(&["repair", "DIR", "Relics", "--to", place])?;
        assert_eq!((ran.code, &*ran.text), (Some(64), ""), "{place}: {}", ran.error);
        assert!(ran.error.contains("nothing was written"), "{}", ran.error);
    }
    assert_eq!(fs::read_dir(to.path())?.count(), 1);
    assert_eq!(game.snapshot()?, before);
    let slot = "SLOT:quick-d456f21221c1c606.save";
    let new = to.path().join("new").display().to_string();
    let ran = game.run_words(&["repair", slot, "--to", &new])?;
    assert_eq!(ran.code, Some(64), "{}", ran.error);
    Ok(())
}

#[test]
fn readable_events_and_attachments_are_copied() -> Done {
    let game = Game::of_format("1.3")?;
    let listed = game.run("list --json DIR")?.objects()?;
    let (mut damaged_events, mut damaged_attachments) = (0, 0);
    for session in listed.iter().filter_map(|it| it["id"].as_str()) {
        for entry in fs::read_dir(game.session(session))? {
            let path = entry?.path();
            let length = fs::read(&path)?.len();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("events") => {
                    damage(&path, length - 2)?;
                    damaged_events += 1;
                }
                Some("attachment") => {
                    damage(&path, length / 2)?;
                    damaged_attachments += 1;
                }
                _ => {}
            }
        }
        let to = tempfile::tempdir()?;
        let place = to.path().display().to_string();
        let ran = game.run_words(&["repair", "--json", "DIR", session, "--to", &place])?;
        let report = ran.object()?;
        let files = report["files"].as_array().ok_or("files")?;
        for file in files {
            let kept = match file["kind"].as_str() {
                Some("events") => "in_part",
                Some("attachment") => "lost",
                _ => "whole",
            };
            assert_eq!(file["kept"], kept, "{file}");
        }
        let log = |directory: &std::path::Path| tool(&format!("log DIR {session}"), directory);
        let (copy, original) = (log(to.path())?, log(&game.directory())?);
        assert_eq!((copy.code, &copy.text), (Some(0), &original.text), "{session}");
        let verified = tool("verify DIR", to.path())?;
        assert_eq!(verified.code, Some(0), "{}", verified.text);
    }
    assert!(damaged_events > 3 && damaged_attachments > 0);
    Ok(())
}

#[test]
fn a_game_plays_on_from_the_copy() -> Done {
    let game = tempfile::tempdir()?;
    session_with(game.path(), "Torn", |_| 7_u64)?;
    let listed = tool("list --json DIR", game.path())?.object()?;
    let session = listed["id"].as_str().ok_or("an id")?;
    let directory = listed["directory"].as_str().ok_or("a directory")?;
    let path = journals(std::path::Path::new(directory))?.pop().ok_or("a file")?;
    // A commit of which the frame behind it is good.
    let whole = fs::read(&path)?;
    let frames: Vec<usize> =
        (0..whole.len() - 4).filter(|at| whole.get(*at..at + 4) == Some(b"bvF\x1e")).collect();
    let second = frames.get(frames.len() - 2).ok_or("a frame")?;
    damage(&path, second + 50)?;
    let to = tempfile::tempdir()?;
    let ran = run([
        "repair".into(),
        game.path().into(),
        session.into(),
        "--to".into(),
        to.path().into(),
        "--json".into(),
    ])?;
    assert_eq!(ran.code, Some(1), "{}{}", ran.text, ran.error);
    let report = ran.object()?;
    let newest = report["newest"].as_str().ok_or("one is left")?;

    let options = JournalOptions::new(to.path()).watch_panics(false);
    let mut journal = options.open(AnyValue::<u64>(PhantomData))?;
    let restored = journal.restore(session.parse()?, RestoreFrom::Latest)?;
    assert_eq!(restored.checkpoint().to_string(), newest);
    let (_, run) = restored.go_on();
    run.close(|_| 8)?;
    let verified = tool("verify --read-data DIR", to.path())?;
    assert_eq!(verified.code, Some(0), "{}", verified.text);
    Ok(())
}

/// Archives, drafts, the trash, events, forks: everything that a build ever wrote.
#[test]
fn sessions_of_every_sort_and_version_are_copied_whole() -> Done {
    for version in ["1.0", "1.1", "1.2", "1.3"] {
        let game = Game::of_format(version)?;
        let sessions = game.run("list --json DIR")?.objects()?;
        assert!(!sessions.is_empty(), "{version}");
        for listed in sessions {
            let session = listed["id"].as_str().ok_or("an id")?;
            let what = format!("{version}, {session}");
            let to = tempfile::tempdir()?;
            let place = to.path().display().to_string();
            let ran = game.run_words(&["repair", "--json", "DIR", session, "--to", &place])?;
            assert_eq!(ran.code, Some(0), "{what}: {}{}", ran.text, ran.error);
            let copy = tool("list --json DIR", to.path())?.object()?;
            for key in
                ["id", "name", "newest", "checkpoints", "bytes", "place", "draft", "declined"]
            {
                assert_eq!(copy[key], listed[key], "{what}: {key}");
            }
            let verified = tool("verify --read-data DIR", to.path())?;
            assert_eq!(verified.code, Some(0), "{what}: {}", verified.text);
        }
    }
    Ok(())
}
