//! Replicas as places, `pull`, `push` and `remove`.

// Feature: The tool reads replicas, and pulls, pushes, mirrors and removes sessions.
// Page: guide/outliving-a-machine.md#watching-it

use std::fs;
use std::sync::Arc;

use bevy_session_journal::replica::{Claimant, Direct, DirectoryReplica, Log, block_on};
use serde_json::Value;

use crate::common::{Done, EVENINGS, Game, RELICS, run};

/// Runs the tool, and expects it to end with this.
#[track_caller]
fn tool(words: &[&str], code: i32) -> String {
    let ran = run(words.iter().map(|word| (*word).into())).unwrap();
    assert_eq!(ran.code, Some(code), "{words:?}\n{}{}", ran.text, ran.error);
    format!("{}{}", ran.text, ran.error)
}

fn json(words: &[&str]) -> Value {
    serde_json::from_str(tool(words, 0).lines().next().unwrap()).unwrap()
}

#[test]
fn a_session_goes_to_a_replica_is_read_there_and_comes_back() -> Done {
    let replica = tempfile::tempdir()?;
    goes_is_read_and_comes_back(&format!("dir:{}", replica.path().display()))
}

#[cfg(feature = "postgres")]
#[test]
#[ignore = "needs a server: ci/postgres.sh"]
fn a_session_goes_to_a_database_and_comes_back() -> Done {
    goes_is_read_and_comes_back(&std::env::var("BEVY_SESSION_POSTGRES")?)
}

#[cfg(feature = "objects")]
#[test]
#[ignore = "needs a server: ci/objects.sh"]
fn a_session_goes_to_a_bucket_and_comes_back() -> Done {
    let endpoint = std::env::var("BEVY_SESSION_S3")?;
    goes_is_read_and_comes_back(&format!("s3://sessions/carrying?endpoint={endpoint}"))
}

/// On a replica that is empty.
fn goes_is_read_and_comes_back(there: &str) -> Done {
    let game = Game::new()?;
    let here = game.directory().display().to_string();
    let pushed = json(&["push", "--json", &here, RELICS, "--to", there]);
    assert_eq!((&pushed["session"], &pushed["came"]), (&RELICS.into(), &"brought".into()));
    let again = json(&["push", "--json", &here, RELICS, "--to", there]);
    assert_eq!(again["came"], "same");

    // It is read as on a disk.
    let listed = tool(&["list", there], 0);
    assert!(listed.contains("Relics"), "{listed}");
    let of = |place: &str| {
        let mut shown = json(&["show", "--json", place, RELICS]);
        let keeps = |key: &String| key == "checkpoints" || key == "timeline";
        shown.as_object_mut().unwrap().retain(|key, _| keeps(key));
        shown
    };
    assert_eq!(of(there), of(&here));
    tool(&["verify", "--read-data", there], 0);
    assert_eq!(tool(&["log", there, RELICS], 0), tool(&["log", &here, RELICS], 0));
    tool(&["diff", there, RELICS, "last", "last", "--with", &here], 0);

    let to = tempfile::tempdir()?;
    let copy = to.path().join("copy").display().to_string();
    tool(&["pull", there, RELICS, "--to", &copy], 0);
    tool(&["verify", "--read-data", &copy], 0);
    assert_eq!(of(&copy), of(&here));
    // Nothing is written over what is there.
    tool(&["pull", there, RELICS, "--to", &copy], 64);

    tool(&["remove", there, RELICS, "--apply"], 0);
    assert!(!tool(&["list", there], 0).contains("Relics"));
    Ok(())
}

/// A replica may have thousands of sessions, and one of them may be damaged.
#[test]
fn only_the_session_named_by_its_id_is_fetched() -> Done {
    let game = Game::new()?;
    let here = game.directory().display().to_string();
    let replica = tempfile::tempdir()?;
    let there = format!("dir:{}", replica.path().display());
    for session in [RELICS, EVENINGS] {
        tool(&["push", &here, session, "--to", &there], 0);
    }
    for entry in fs::read_dir(replica.path().join(EVENINGS))? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == "entry") {
            fs::write(path, b"damaged")?;
        }
    }
    assert!(tool(&["show", &there, RELICS], 0).contains("Relics"));
    assert!(tool(&["log", &there, &RELICS[..13].to_uppercase()], 0).contains("checkpoint"));
    // Whose name it is can only be read.
    let said = tool(&["show", &there, "Relics"], 2);
    assert!(said.contains("it is damaged"), "{said}");
    Ok(())
}

#[test]
fn a_push_or_pull_that_is_impossible_is_refused_with_the_reason() -> Done {
    let game = Game::new()?;
    let here = game.directory().display().to_string();
    let replica = tempfile::tempdir()?;
    let there = format!("dir:{}", replica.path().display());
    let said = tool(&["pull", &here, RELICS, "--to", "x"], 64);
    assert!(said.contains("a session of a replica"), "{said}");
    let said = tool(&["push", &here, RELICS, "--to", "ftp://x"], 64);
    assert!(said.contains("--to is dir:PATH"), "{said}");
    let said = tool(&["list", "dir:/nowhere/at/all"], 64);
    assert!(said.contains("it isn't a directory"), "{said}");
    let said = tool(&["archive", &there, RELICS], 64);
    assert!(!said.is_empty());

    // A game plays it.
    let lock = game.local().store.lock_session(EVENINGS.parse()?)?;
    assert!(lock.is_some());
    let said = tool(&["push", &here, EVENINGS, "--to", &there], 1);
    assert!(said.contains("is being played on this machine"), "{said}");
    assert!(
        fs::read_dir(replica.path())?.all(|it| it.is_ok_and(|it| it.file_name() == "unfinished"))
    );
    Ok(())
}

#[test]
fn a_session_that_is_removed_from_a_replica_never_comes_back() -> Done {
    let game = Game::new()?;
    let here = game.directory().display().to_string();
    let replica = tempfile::tempdir()?;
    let there = format!("dir:{}", replica.path().display());
    tool(&["push", &here, RELICS, "--to", &there], 0);
    let said = tool(&["list", &replica.path().display().to_string()], 64);
    assert!(said.contains("write dir: before its path"), "{said}");
    let shown = json(&["remove", "--json", &there, &RELICS[..13]]);
    assert_eq!((&shown["session"], &shown["removed"]), (&RELICS.into(), &false.into()));
    assert!(tool(&["list", &there], 0).contains("Relics"), "nothing is removed without --apply");

    let said = tool(&["remove", &there, RELICS, "--apply"], 0);
    assert!(said.contains("removed, "), "{said}");
    assert!(!tool(&["list", &there], 0).contains("Relics"));
    let said = tool(&["push", &here, RELICS, "--to", &there], 1);
    assert!(said.contains("was removed from the replica"), "{said}");
    assert!(tool(&["list", &here], 0).contains("Relics"), "this machine keeps its own");
    tool(&["remove", &there, RELICS, "--apply"], 0);
    tool(&["remove", &there, "", "--apply"], 64);
    let said = tool(&["remove", &there, "0000", "--apply"], 64);
    assert!(said.contains("has no session 0000"), "{said}");
    Ok(())
}

#[test]
fn an_owned_session_is_removed_only_with_from_owner() -> Done {
    let game = Game::new()?;
    let here = game.directory().display().to_string();
    let replica = tempfile::tempdir()?;
    let there = format!("dir:{}", replica.path().display());
    tool(&["push", &here, RELICS, "--to", &there], 0);
    let reach = Direct(Arc::new(DirectoryReplica::open(replica.path())?));
    let session = RELICS.parse()?;
    block_on(Claimant::new(session, &reach).claim(&reach, &mut Log::new(session)))?;

    let said = tool(&["remove", &there, RELICS], 0);
    assert!(said.contains("--from-owner"), "{said}");
    let said = tool(&["remove", &there, RELICS, "--apply"], 1);
    assert!(said.contains("is being played by another machine"), "{said}");
    tool(&["remove", &there, RELICS, "--apply", "--from-owner"], 0);
    assert!(!tool(&["list", &there], 0).contains("Relics"));
    Ok(())
}

#[cfg(not(feature = "objects"))]
#[test]
fn a_bucket_needs_its_feature() {
    let said = tool(&["list", "s3://saves/arena"], 64);
    assert!(said.contains("its feature `objects`"), "{said}");
}

#[cfg(feature = "objects")]
#[test]
fn a_bucket_that_is_not_there_is_named_without_its_keys() {
    let said = tool(&["list", "s3://saves/arena?endpoint=http://192.0.2.1:80"], 2);
    assert!(said.contains("has no TLS"), "{said}");
    let said = tool(&["list", "s3://key:s3cret@saves/arena"], 2);
    assert!(said.contains("without keys") && !said.contains("s3cret"), "{said}");
}

#[cfg(not(feature = "postgres"))]
#[test]
fn a_database_needs_its_feature_and_its_password_is_not_shown() {
    let said = tool(&["list", "postgres://arena:s3cret@127.0.0.1:1/worlds"], 64);
    assert!(said.contains("postgres") && !said.contains("s3cret"), "{said}");
}

#[test]
fn a_replica_is_mirrored_with_what_was_removed_and_never_without_what_it_lost() -> Done {
    let game = Game::new()?;
    let here = game.directory().display().to_string();
    let [from, to] = [tempfile::tempdir()?, tempfile::tempdir()?];
    let [there, second] = [&from, &to].map(|it| format!("dir:{}", it.path().display()));
    for session in [RELICS, EVENINGS] {
        tool(&["push", &here, session, "--to", &there], 0);
    }
    let mirrored = tool(&["mirror", &there, "--to", &second], 0);
    assert!(mirrored.contains(&format!("{RELICS}: mirrored")), "{mirrored}");
    let again = json(&["mirror", "--json", &there, RELICS, "--to", &second]);
    assert_eq!((&again["session"], &again["came"]), (&RELICS.into(), &"same".into()));
    tool(&["verify", "--read-data", &second], 0);

    tool(&["remove", &there, RELICS, "--apply"], 0);
    assert!(tool(&["mirror", &there, "--to", &second], 0).contains("removed"));
    assert!(!tool(&["list", &second], 0).contains("Relics"));

    // What is absent in the replica stays.
    let said = tool(&["mirror", &second, "--to", &second], 1);
    assert!(said.contains("the same store"), "{said}");
    fs::remove_dir_all(from.path().join(EVENINGS))?;
    tool(&["mirror", &there, EVENINGS, "--to", &second], 64);
    tool(&["mirror", &there, "--to", &second], 0);
    tool(&["show", &second, EVENINGS], 0);
    Ok(())
}
