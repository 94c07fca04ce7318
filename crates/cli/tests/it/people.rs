//! What is kept of players, and who did what with it.

use std::ffi::OsString;

use bevy_session_journal::{CheckpointKind, JournalOptions, NewSession};

use crate::common::{AnyValue, Done, run};

fn of(words: &[&str], place: &std::path::Path) -> std::io::Result<crate::common::Ran> {
    let words = words.iter().map(OsString::from);
    run(words.chain([place.as_os_str().to_owned()]))
}

fn play(place: &std::path::Path, player: &str) -> Done {
    let options = JournalOptions::new(place).watch_panics(false);
    let mut journal = options.open(AnyValue(std::marker::PhantomData))?;
    let mut run = journal.start(NewSession::named("Garden").player(player));
    run.checkpoint(CheckpointKind::Manual, &|_: bevy_session_journal::Scope| 1_u64);
    run.close(&|_: bevy_session_journal::Scope| 1_u64)?;
    Ok(())
}

#[test]
fn a_player_is_listed_exported_and_erased() -> Done {
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
    assert!(archive.windows(11).any(|it| it == b"player.json"));
    let ran = of(&["player", "erase", "--name", "Ann", "--json"], &place)?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    assert_eq!(ran.objects()?[0]["sessions"], 1);
    let listed = of(&["player", "list", "--json"], &place)?.objects()?;
    assert_eq!(listed.len(), 1);
    let deeds = of(&["audit", "--json"], &place)?.objects()?;
    let deeds: Vec<_> = deeds.iter().filter_map(|it| it["what"].as_str()).collect();
    assert_eq!(deeds, ["exported_player", "erased_player"]);
    Ok(())
}

#[test]
fn the_inventory_says_of_every_kind_what_becomes_of_it() -> Done {
    let ran = run(["inventory", "--json"].map(OsString::from))?;
    let kinds = ran.objects()?;
    assert!(kinds.len() > 10, "{kinds:?}");
    assert!(kinds.iter().all(|it| it["erased"].as_str().is_some_and(|text| !text.is_empty())));
    Ok(())
}
