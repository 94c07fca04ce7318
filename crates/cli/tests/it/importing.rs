//! `import`: files of a game, brought into its directory.

// Feature: `import`, `archive`, `unarchive`, `delete` and `undelete` do as the game does.
// Page: ../crates/cli/README.md#what-is-changed

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{Done, Game, RELICS, Ran, copy, damage, journals, run};
use crate::naming::{make_newer, report};

/// The name of the older game's slots, which have the same names in the newer one.
const QUICK: &str = "quick-d456f21221c1c606.save";
const BRIDGE: &str = "before-the-bridge-d37158a19c22c24c.save";

/// Imports files into the directory of a game.
fn import(game: &Game, files: &[&Path], more: &[&str]) -> std::io::Result<Ran> {
    let files = files.iter().map(|path| path.as_os_str().to_owned());
    let into = ["--into".into(), game.directory().into_os_string()];
    let more = more.iter().map(Into::into);
    run(["import".into()].into_iter().chain(files).chain(into).chain(more))
}

fn slots(game: &Game) -> std::io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(game.profile().join("slots"))?;
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn rows(file: &Path) -> std::io::Result<String> {
    Ok(run(["cat".into(), file.into()])?.text)
}

/// A game, and the slots of another machine on which it was played as well.
fn game_and_guest() -> std::io::Result<(Game, Game)> {
    Ok((Game::of_format("1.2")?, Game::of_format("1.0")?))
}

#[test]
fn a_file_is_imported_into_a_directory_in_which_the_game_was_never_started() -> Done {
    let guest = Game::of_format("1.0")?;
    let file = guest.profile().join("slots").join(QUICK);
    let empty = tempfile::tempdir()?;
    let directory = empty.path().join("new");
    let import = |more: &[&str]| {
        let into = [
            "import".into(),
            file.clone().into(),
            "--into".into(),
            directory.clone().into_os_string(),
        ];
        run(into.into_iter().chain(more.iter().map(Into::into)))
    };
    let unnamed = import(&[])?;
    assert_eq!(unnamed.code, Some(64), "of which game? {}", unnamed.error);
    let ran = import(&["--game", "Tests/Game", "--json"])?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let written = PathBuf::from(ran.object()?["written_to"].as_str().ok_or("a path")?);
    assert_eq!(rows(&written)?, rows(&file)?);
    assert!(written.starts_with(directory.join("data").join("profiles")), "{written:?}");
    let again = import(&["--game", "Tests/Game", "--json"])?;
    assert_eq!(again.object()?["already_there"], true);
    Ok(())
}

#[test]
fn an_imported_slot_is_added_and_replaces_no_other() -> Done {
    let (game, guest) = game_and_guest()?;
    let file = guest.profile().join("slots").join(QUICK);
    let (before, known) = (game.snapshot()?, slots(&game)?);
    let ran = import(&game, &[&file], &["--json"])?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let outcome = ran.object()?;
    assert_eq!(outcome["already_there"], false);
    assert_eq!((&outcome["session"], &outcome["name"]), (&RELICS.into(), &"Relics".into()));
    let written = PathBuf::from(outcome["written_to"].as_str().ok_or("a path")?);
    assert_eq!(fs::metadata(&written)?.len(), outcome["bytes"].as_u64().ok_or("bytes")?);
    assert_eq!(slots(&game)?.len(), known.len() + 1, "nothing else should be left there");
    assert!(!known.contains(&written));
    assert_eq!(rows(&written)?, rows(&file)?);
    let verified = run(["verify".into(), "--read-data".into(), written.clone().into()])?;
    assert_eq!(verified.code, Some(0), "{}", verified.text);
    let after = game.snapshot()?;
    for (path, (_, content)) in &before {
        assert_eq!(after.get(path).map(|(_, content)| content), Some(content), "{path:?}");
    }

    let again = import(&game, &[&file], &[])?;
    assert_eq!(again.code, Some(0), "{}", again.error);
    assert!(again.text.contains("was there already"), "{}", again.text);
    let again = import(&game, &[&file], &["--json"])?.object()?;
    assert_eq!((&again["already_there"], &again["slot"]), (&true.into(), &outcome["slot"]));
    // What was imported is the same wherever it is imported from.
    let again = import(&game, &[&written], &["--json"])?.object()?;
    assert_eq!(again["already_there"], true);
    assert_eq!(slots(&game)?.len(), known.len() + 1);
    Ok(())
}

#[test]
fn importing_a_report_imports_its_slot() -> Done {
    let (game, guest) = game_and_guest()?;
    let file = guest.root.path().join("report.tar");
    let slot = guest.profile().join("slots").join(BRIDGE);
    report(&file, &fs::read(&slot)?)?;
    let ran = import(&game, &[&file], &[])?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    assert!(ran.text.contains("Before the bridge"), "{}", ran.text);
    // The slot itself is the same thing.
    let ran = import(&game, &[&slot], &["--json"])?;
    assert_eq!(ran.object()?["already_there"], true);
    Ok(())
}

#[test]
fn an_import_names_what_failed_and_imports_the_rest() -> Done {
    let (game, guest) = game_and_guest()?;
    let in_guest = |name: &str| guest.profile().join("slots").join(name);
    let (newer, damaged) =
        (guest.root.path().join("newer.save"), guest.root.path().join("bad.save"));
    for path in [&newer, &damaged] {
        fs::copy(in_guest(QUICK), path)?;
    }
    make_newer(&newer)?;
    damage(&damaged, fs::read(&damaged)?.len() / 2)?;
    let segment = journals(&guest.session(RELICS))?.pop().ok_or("a file")?;
    let text = guest.root.path().join("notes.txt");
    fs::write(&text, "nothing of the sort")?;
    let missing = guest.root.path().join("missing.tar");
    let before = game.snapshot()?;
    let refused = [
        (&newer, "newer release"),
        (&damaged, "damaged"),
        (&segment, "a part of a session, and no slot"),
        (&text, "isn't a report"),
        (&missing, "missing.tar"),
    ];
    for (file, why) in refused {
        let ran = import(&game, &[file], &[])?;
        assert_eq!((ran.code, &*ran.text), (Some(2), ""), "{}: {}", file.display(), ran.error);
        assert!(ran.error.contains(why), "{}: {}", file.display(), ran.error);
    }
    let of_other = import(&game, &[&in_guest(QUICK)], &["--game", "Acme/Hop"])?;
    assert_eq!(of_other.code, Some(2), "{}", of_other.error);
    assert!(of_other.error.contains("is of another game"), "{}", of_other.error);
    let contents = |game: &Game| -> Result<Vec<_>, Box<dyn Error>> {
        Ok(game.snapshot()?.into_iter().map(|(path, (_, content))| (path, content)).collect())
    };
    let before: Vec<_> = before.into_iter().map(|(path, (_, content))| (path, content)).collect();
    let locks = |path: &Path| path.extension().is_some_and(|it| it == "lock");
    let after: Vec<_> = contents(&game)?.into_iter().filter(|(path, _)| !locks(path)).collect();
    assert_eq!(after, before, "nothing should be written");

    let ran = import(&game, &[&missing, &in_guest(QUICK), &damaged], &["--json"])?;
    assert_eq!(ran.code, Some(2));
    assert_eq!(ran.object()?["already_there"], false, "the one that is good is imported");
    assert!(ran.error.contains("missing.tar") && ran.error.contains("bad.save"), "{}", ran.error);
    Ok(())
}

#[test]
fn an_import_into_an_unusable_place_is_refused_with_the_reason() -> Done {
    let (game, guest) = game_and_guest()?;
    let file = guest.profile().join("slots").join(QUICK).display().to_string();
    let nowhere = game.root.path().join("nowhere").display().to_string();
    let at = |into: &str| game.run_words(&["import", &file, "--into", into]);
    for (ran, why) in [
        (at(&nowhere)?, "it isn't a directory"),
        (at(&file)?, "--into is a file"),
        (game.run_words(&["import", &file])?, "--into is missing"),
        (game.run_words(&["import", "--into", "DIR"])?, "FILE"),
    ] {
        assert_eq!((ran.code, &*ran.text), (Some(64), ""), "{}", ran.error);
        assert!(ran.error.contains(why), "{why}: {}", ran.error);
    }
    // Several profiles: none of them is guessed.
    let ann = game.profile().with_file_name("ann");
    fs::create_dir(&ann)?;
    copy(&game.profile(), &ann)?;
    let ran = at("DIR")?;
    assert_eq!(ran.code, Some(64), "{}", ran.error);
    assert!(ran.error.contains("several profiles"), "{}", ran.error);
    let ran = at(&ann.display().to_string())?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    fs::remove_dir_all(&ann)?;
    // Without slots nothing says which game it is.
    fs::remove_dir_all(game.profile().join("slots"))?;
    let ran = at("DIR")?;
    assert_eq!(ran.code, Some(64), "{}", ran.error);
    assert!(ran.error.contains("--game"), "{}", ran.error);
    let said = guest.run(&format!("list --json {file}"))?;
    assert_eq!(said.code, Some(0));
    // Nor what its processes hold locked, if there is no state directory.
    fs::remove_dir_all(game.directory().join("state"))?;
    let ran = game.run_words(&["import", &file, "--into", "DIR", "--game", "Studio/Golden"])?;
    assert_eq!(ran.code, Some(64), "{}", ran.error);
    assert!(ran.error.contains("process records"), "{}", ran.error);
    Ok(())
}

#[test]
fn a_profile_with_capitals_is_found_by_its_directory() -> Done {
    use bevy_session_journal::internal::disk::Layout;

    let (game, guest) = game_and_guest()?;
    let (data, state) = (game.directory().join("data"), game.directory().join("state"));
    let slots = Layout { data, state, profile: "Ann".to_owned() }.slots();
    fs::rename(game.profile(), slots.parent().ok_or("a profile")?)?;
    let ran = import(&game, &[&guest.profile().join("slots").join(QUICK)], &["--json"])?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let written = ran.object()?["written_to"].as_str().map(PathBuf::from);
    assert_eq!(written.ok_or("a path")?.parent(), Some(&*slots));
    Ok(())
}
