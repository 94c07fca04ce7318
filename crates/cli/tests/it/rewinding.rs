//! `rewind`: a session goes on at another of its checkpoints.

// Feature: `rewind` takes a session that nobody plays back to a checkpoint, or to a branch.
// Page: ../crates/cli/README.md#what-is-changed

use std::error::Error;
use std::path::Path;

use bevy_session_journal::{EndReason, NewSession, RestoreFrom, SessionId, SessionStatus};
use serde_json::Value;

use crate::common::{Done, EVENINGS, Game, RELICS, Ran, damage, journals, run};
use crate::judging::{open, save};
use crate::left_behind::{gone, restored};

/// A session with the values from 0 to 4, each in a checkpoint that is called after it. It was left by a crash.
fn crashed(root: &Path) -> Result<SessionId, Box<dyn Error>> {
    let mut journal = open(root)?;
    let mut run = journal.start(NewSession::named("World"));
    let session = run.session();
    save(&mut run, 0..5)?;
    Ok(session)
}

fn on(root: &Path, words: &[&str]) -> std::io::Result<Ran> {
    let verb = words.first().map(Into::into);
    let rest = words.iter().skip(1).map(Into::into);
    run(verb.into_iter().chain([root.as_os_str().to_owned()]).chain(rest))
}

/// The value of a checkpoint.
fn value(root: &Path, checkpoint: &str) -> Result<u64, Box<dyn Error>> {
    let rows = on(root, &["cat", "last", checkpoint, "--json"])?;
    let odd = rows.objects()?.into_iter().find(|row| row["type"] == "odd::Odd");
    Ok(odd.and_then(|row| row["value"].as_u64()).ok_or(rows.error)?)
}

/// The id of the checkpoint of this value.
fn number(root: &Path, value: u64) -> Result<String, Box<dyn Error>> {
    let shown = on(root, &["show", "last", "--json"])?.object()?;
    let checkpoints = shown["timeline"]["checkpoints"].as_array().ok_or("a timeline")?;
    let is_wanted = |it: &&Value| it["label"] == format!("number {value}");
    let id = checkpoints.iter().find(is_wanted).and_then(|it| it["id"].as_str());
    Ok(id.ok_or("a checkpoint of this name")?.to_owned())
}

#[test]
fn a_rewound_session_resumes_there_and_keeps_the_newer_branch() -> Done {
    let root = tempfile::tempdir()?;
    let root = root.path();
    let session = crashed(root)?;
    let (second, last) = (number(root, 2)?, number(root, 4)?);
    let rewound = on(root, &["rewind", "world", &second, "--json"])?;
    assert_eq!(rewound.code, Some(0), "{}", rewound.error);
    let rewound = rewound.object()?;
    assert_eq!(rewound["checkpoint"], *second);
    assert_eq!(rewound["left"], *last);
    assert_eq!(value(root, "last")?, 2);
    assert_eq!(on(root, &["verify", "last", "--read-data"])?.code, Some(0));
    let listed = on(root, &["list", "--json"])?.object()?;
    assert_eq!((&listed["status"], &listed["left"]), (&"closed".into(), &"cleanly".into()));

    // The game goes on there, by the newest checkpoint, and is asked nothing.
    let mut journal = open(root)?;
    let found = journal.detect()?;
    assert!(found.iter().all(|found| found.offers.is_empty()), "{found:?}");
    let entry = found.iter().find_map(|found| found.entry.as_ref()).ok_or("an entry")?;
    assert_eq!(entry.status, SessionStatus::Closed);
    let restored = journal.restore(session, RestoreFrom::Latest)?;
    assert_eq!(restored.checkpoint().to_string(), rewound["newest"]);
    let (_, mut run) = restored.go_on();
    save(&mut run, 10..12)?;
    run.close(|_| 12)?;
    drop(journal);
    assert_eq!(value(root, "last")?, 12);
    // What was newer is a branch, to which the same way leads back.
    assert_eq!(value(root, &last)?, 4);
    assert_eq!(on(root, &["rewind", "last", &last])?.code, Some(0));
    assert_eq!(value(root, "last")?, 4);
    assert_eq!(value(root, &number(root, 11)?)?, 11);
    Ok(())
}

#[test]
fn a_rewind_keeps_the_recorded_deaths() -> Done {
    let game = Game::new()?;
    let show = || game.run(&format!("show DIR {EVENINGS} --json")).map(|ran| ran.object());
    let deaths = |shown: &Value| shown["recorded_deaths"].as_array().map_or(0, Vec::len);
    let before = show()??;
    assert_eq!((&before["left"], deaths(&before)), (&"crash".into(), 0));
    assert_eq!(game.run(&format!("rewind DIR {EVENINGS} last~1"))?.code, Some(0));
    let after = show()??;
    assert_eq!((&after["left"], deaths(&after)), (&"cleanly".into(), 1));
    Ok(())
}

/// It is recovered with what was recorded after its newest checkpoint, and only its deaths are forgotten.
#[test]
fn a_rewind_to_the_newest_checkpoint_leaves_the_session_crashed() -> Done {
    let game = Game::new()?;
    let guard = restored(&game, 3, false)?;
    drop(guard);
    gone(&game)?;
    let of_deaths = || game.run("doctor DIR --json").map(|ran| ran.text.contains("BS0111"));
    assert!(of_deaths()?);
    let show = || game.run(&format!("show DIR {EVENINGS} --json")).map(|ran| ran.text);
    let before = show()?;
    let ran = game.run(&format!("rewind DIR {EVENINGS} last --json"))?;
    assert_eq!(ran.object()?["newest"], "212@61dd5a61d8609980", "{}", ran.error);
    assert_eq!(show()?, before);
    assert!(!of_deaths()?);
    Ok(())
}

#[test]
fn a_rewind_that_is_refused_changes_nothing() -> Done {
    let root = tempfile::tempdir()?;
    let root = root.path();
    let session = crashed(root)?;
    let refused = |words: &[&str], code: i32, because: &str| -> Done {
        let before = on(root, &["show", "last", "--json"])?.text;
        let ran = on(root, words)?;
        assert_eq!(ran.code, Some(code), "{words:?}: {} {}", ran.text, ran.error);
        assert!(ran.error.contains(because), "{words:?}: {}", ran.error);
        assert_eq!(on(root, &["show", "last", "--json"])?.text, before, "{words:?}");
        Ok(())
    };
    refused(&["rewind", "last"], 64, "a checkpoint is missing")?;
    refused(&["rewind", "last", "99"], 64, "there is no checkpoint 99")?;
    refused(&["rewind", "nobody", "last"], 64, "has no session nobody")?;
    let mut journal = open(root)?;
    let (_, run) = journal.restore(session, RestoreFrom::Latest)?.go_on();
    refused(&["rewind", "last", "last~1"], 1, "another process plays this session")?;
    run.end(EndReason::Completed, |_| 4)?;
    drop(journal);
    refused(&["rewind", "last", "last~1"], 1, "Completed")?;
    Ok(())
}

#[test]
fn a_damaged_checkpoint_is_refused_and_an_intact_one_named() -> Done {
    let game = Game::new()?;
    let path = journals(&game.session(RELICS))?.pop().ok_or("a file")?;
    damage(&path, usize::try_from(std::fs::metadata(&path)?.len() / 2)?)?;
    let verified = game.run(&format!("verify --read-data DIR {RELICS} --json"))?.object()?;
    let damaged = verified["damaged"][0].as_str().ok_or("one is damaged")?;
    let before = game.snapshot()?;
    let ran = game.run(&format!("rewind DIR {RELICS} {damaged}"))?;
    assert_eq!(ran.code, Some(2), "{}", ran.error);
    assert!(ran.error.contains("the newest intact one is"), "{}", ran.error);
    assert!(game.snapshot()? == before, "nothing should have changed");
    Ok(())
}

#[test]
fn sessions_of_each_format_are_rewound() -> Done {
    for version in ["1.0", "1.1", "1.2", "1.3"] {
        let game = Game::of_format(version)?;
        for name in ["Relics", "Hundreds of evenings", "Two machines", "Second thoughts"] {
            let cat = |checkpoint: &str| game.run_words(&["cat", "DIR", name, checkpoint]);
            let (newest, older) = (cat("last")?, cat("last~1")?);
            assert!(older.code == Some(0) && older.text != newest.text, "{}", older.error);
            let ran = game.run_words(&["rewind", "DIR", name, "last~1"])?;
            assert_eq!(ran.code, Some(0), "{version} {name}: {}", ran.error);
            assert_eq!(cat("last")?.text, older.text, "{version} {name}");
            let verified = game.run_words(&["verify", "DIR", name, "--read-data"])?;
            assert_eq!(verified.code, Some(0), "{version} {name}: {}", verified.text);
        }
    }
    Ok(())
}

/// Tried where root runs the tests, as in most containers.
#[test]
#[cfg(unix)]
fn root_writes_nothing_into_the_directory_of_another_user() -> Done {
    use std::os::unix::fs::{MetadataExt, chown};

    const NOBODY: u32 = 65_534;
    let root = tempfile::tempdir()?;
    crashed(root.path())?;
    let sessions = root.path().join("data/profiles/default/sessions");
    if chown(&sessions, Some(NOBODY), None).is_err() {
        assert_ne!(std::fs::metadata(&sessions)?.uid(), 0, "root may");
        return Ok(());
    }
    let checkpoint = number(root.path(), 2)?;
    let ran = on(root.path(), &["rewind", "last", &checkpoint])?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.error.contains("belongs to user 65534"), "{}", ran.error);
    assert!(ran.error.contains("sudo -u '#65534'"), "{}", ran.error);
    assert_eq!(value(root.path(), "last")?, 4, "it goes on where it was");
    Ok(())
}
