//! Players: their list, and exports of everything that is kept of one.

// Feature: `player` lists, exports and erases players.
// Page: guide/players-data.md

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use bevy_session_journal::internal::disk::{ConsentFiles, Layout, LocalStore, RealDisk};
use bevy_session_journal::internal::model::session::PlayerConsent;
use bevy_session_journal::{CheckpointKind, ConsentAnswer, JournalOptions, NewSession};
use jiff::Timestamp;

use crate::common::{AnyValue, Done, run};

fn of(words: &[&str], place: &Path) -> std::io::Result<crate::common::Ran> {
    let words = words.iter().map(OsString::from);
    run(words.chain([place.as_os_str().to_owned()]))
}

fn play(place: &Path, player: &str) -> Done {
    let options = JournalOptions::new(place).watch_panics(false);
    let mut journal = options.open(AnyValue(std::marker::PhantomData))?;
    let mut run = journal.start(NewSession::named("Garden").player(player));
    run.checkpoint(CheckpointKind::Manual, &|_: bevy_session_journal::Scope| 1_u64);
    run.close(&|_: bevy_session_journal::Scope| 1_u64)?;
    Ok(())
}

/// The player agrees to reports.
fn answer(place: &Path, player: &str) -> Done {
    let (data, state) = (place.join("data"), place.join("state"));
    let layout = Layout { data, state, profile: "default".to_owned() };
    let answer = ConsentAnswer { is_given: true, version: 1, at: Some(Timestamp::UNIX_EPOCH) };
    let answers = [("reports".to_owned(), answer)].into();
    let consent = PlayerConsent { player: Some(player.to_owned()), answers };
    let local = LocalStore::new(Arc::new(RealDisk), layout);
    ConsentFiles::of(&local.store).write(&consent)?;
    Ok(())
}

#[test]
fn a_player_is_listed_and_exported() -> Done {
    let root = tempfile::tempdir()?;
    let place = root.path().join("game");
    play(&place, "Ann")?;
    play(&place, "Annabel")?;
    let listed = of(&["player", "list", "--json"], &place)?.objects()?;
    let names: Vec<_> = listed.iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["Ann", "Annabel"]);
    let file = root.path().join("ann.tar");
    let to = file.display().to_string();
    let ran = of(&["player", "export", "--name", "Ann", "--to", &to], &place)?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let archive = std::fs::read(&file)?;
    let has = |text: &str| archive.windows(text.len()).any(|it| it == text.as_bytes());
    assert!(has("player.json") && has("session.json") && has("checkpoint-"));
    assert!(!has("Annabel"), "the other player's is the other's");
    let again = of(&["player", "export", "--name", "Ann", "--to", &to], &place)?;
    assert_eq!((again.code, std::fs::read(&file)?), (Some(64), archive), "{}", again.error);
    for name in ["Cleo", "An", "ann", ""] {
        let ran = of(&["player", "export", "--name", name, "--to", "x.tar"], &place)?;
        assert_eq!(ran.code, Some(64), "{name}: {}", ran.error);
    }
    Ok(())
}

/// Somebody was given the data of a game, without what a machine knows of its processes: reading needs no more.
#[test]
fn a_player_is_exported_from_a_place_without_records() -> Done {
    let root = tempfile::tempdir()?;
    let place = root.path().join("game");
    play(&place, "Ann")?;
    std::fs::remove_dir_all(place.join("state"))?;
    let file = root.path().join("ann.tar");
    let to = file.display().to_string();
    let ran = of(&["player", "export", "--name", "Ann", "--to", &to], &place)?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    assert!(std::fs::read(&file)?.len() > 1024);
    assert!(!place.join("state").exists(), "nothing is made there");
    let beside = std::fs::read_dir(root.path())?.count();
    assert_eq!(beside, 2, "the game and the file, and nothing else");
    Ok(())
}

/// Everything below a directory, by path.
fn files(place: &Path) -> std::io::Result<std::collections::BTreeMap<std::path::PathBuf, Vec<u8>>> {
    let mut files = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(place)? {
        let path = entry?.path();
        match path.is_dir() {
            true => files.extend(self::files(&path)?),
            false => drop(files.insert(path.clone(), std::fs::read(&path)?)),
        }
    }
    Ok(files)
}

#[test]
fn a_player_is_erased_only_with_apply() -> Done {
    let root = tempfile::tempdir()?;
    let place = root.path().join("game");
    play(&place, "Ann")?;
    play(&place, "Annabel")?;
    let before = files(&place)?;
    let ran = of(&["player", "erase", "--json", "--name", "Ann"], &place)?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let preview = ran.objects()?.remove(0);
    assert_eq!((&preview["applied"], &preview["sessions"]), (&false.into(), &1.into()));
    assert_eq!(files(&place)?, before, "nothing is changed without --apply");
    let both = ["player", "erase", "--name", "Ann", "--apply", "--dry-run"];
    assert_eq!(of(&both, &place)?.code, Some(64));
    for name in ["Cleo", "An", "ann", ""] {
        let ran = of(&["player", "erase", "--name", name, "--apply"], &place)?;
        assert_eq!(ran.code, Some(64), "{name}: {}", ran.error);
    }
    let ran = of(&["player", "erase", "--json", "--name", "Ann", "--apply"], &place)?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let receipt = ran.objects()?.remove(0);
    assert_eq!((&receipt["applied"], &receipt["sessions"]), (&true.into(), &1.into()));
    assert!(receipt["bytes"].as_u64() >= preview["bytes"].as_u64(), "{receipt} {preview}");
    let after = files(&place)?;
    let is_session = |path: &Path| path.components().any(|part| part.as_os_str() == "sessions");
    for (path, bytes) in after.iter().filter(|(path, _)| is_session(path)) {
        assert_eq!(before.get(path), Some(bytes), "{} is the other's", path.display());
    }
    let listed = of(&["player", "list", "--json"], &place)?.objects()?;
    let names: Vec<_> = listed.iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["Annabel"]);
    let ran = of(&["player", "erase", "--name", "Ann", "--apply"], &place)?;
    assert_eq!(ran.code, Some(64), "there is nothing any more");
    Ok(())
}

#[test]
fn a_player_of_whom_only_answers_are_left_is_exported_and_erased() -> Done {
    let root = tempfile::tempdir()?;
    let place = root.path().join("game");
    play(&place, "Ann")?;
    answer(&place, "Ann")?;
    let of_session = |path: &Path| path.components().any(|part| part.as_os_str() == "sessions");
    for path in files(&place)?.into_keys().filter(|path| of_session(path)) {
        std::fs::remove_file(path)?;
    }
    let to = root.path().join("ann.tar").display().to_string();
    let ran = of(&["player", "export", "--name", "Ann", "--to", &to], &place)?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let ran = of(&["player", "erase", "--name", "Ann", "--apply"], &place)?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let names = files(&place)?.into_values().any(|bytes| bytes.windows(3).any(|it| it == b"Ann"));
    assert!(!names, "her answers are gone");
    let ran = of(&["player", "erase", "--name", "Ann", "--apply"], &place)?;
    assert_eq!(ran.code, Some(64), "nothing of her is kept any more: {}", ran.error);
    Ok(())
}

// Feature: An inventory lists each kind of file, its place and its personal data.
#[test]
fn the_inventory_lists_every_kind_of_data() -> Done {
    let ran = run(["inventory", "--json"].map(OsString::from))?;
    let kinds = ran.objects()?;
    assert!(kinds.len() > 10, "{kinds:?}");
    assert!(kinds.iter().all(|it| it["goes"].as_str().is_some_and(|text| !text.is_empty())));
    let text = run(["inventory"].map(OsString::from))?.text;
    assert!(text.contains("state/logs/*.jsonl"), "{text}");
    Ok(())
}
