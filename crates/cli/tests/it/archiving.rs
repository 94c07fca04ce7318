//! `archive` and `unarchive`: as a game does it.

// Feature: `import`, `archive`, `unarchive`, `delete` and `undelete` do as the game does.

use std::fs;
use std::marker::PhantomData;

use bevy_session_journal::internal::disk::process::{ProcessGuard, ProcessOptions};
use bevy_session_journal::{CheckpointKind, JournalOptions, RestoreFrom};
use jiff::Timestamp;

use crate::common::{AnyValue, Done, EVENINGS, Game, RELICS, begin_process, damage, journals};

/// Bytes of all that lies in the session's directory, but for its card.
fn bytes_of(game: &Game) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(game.session(RELICS))? {
        let entry = entry?;
        bytes += if entry.file_name().to_string_lossy().starts_with("session.") {
            0
        } else {
            entry.metadata()?.len()
        };
    }
    Ok(bytes)
}

#[test]
fn a_session_goes_into_the_archive_with_its_world_and_comes_back() -> Done {
    let game = Game::new()?;
    let rows = game.run("cat --json DIR Relics")?.text;
    let bytes = bytes_of(&game)?;
    let ran = game.run("archive --json DIR Relics")?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let moved = ran.object()?;
    assert_eq!(moved["session"], RELICS);
    assert_eq!((&moved["from"], &moved["to"]), (&"open".into(), &"archive".into()));
    assert_eq!(moved["bytes_before"], bytes);
    assert!(moved["bytes"].as_u64() < moved["bytes_before"].as_u64(), "{moved}");
    assert_eq!(journals(&game.session(RELICS))?.len(), 1, "it should be one file");
    assert_eq!(moved["bytes"], bytes_of(&game)?);
    assert_eq!(game.run("list --in archive --json DIR")?.object()?["id"], RELICS);
    let verified = game.run("verify --read-data DIR Relics")?;
    assert_eq!(verified.code, Some(0), "{}", verified.text);
    assert_eq!(game.run("cat --json DIR Relics")?.text, rows);

    let again = game.run("archive --json DIR Relics")?.object()?;
    assert_eq!((&again["from"], &again["bytes"]), (&"archive".into(), &moved["bytes"]));
    assert!(game.run("archive DIR Relics")?.text.contains("was in the archive already"));

    let ran = game.run(&format!("unarchive --json DIR Relics {RELICS}"))?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let back = ran.object()?;
    assert_eq!((&back["from"], &back["to"]), (&"archive".into(), &"open".into()));
    assert_eq!(game.run("list --in archive DIR")?.text.lines().count(), 1);
    assert_eq!(game.run("cat --json DIR Relics")?.text, rows);
    let ran = game.run("unarchive DIR Relics")?;
    assert_eq!((ran.code, &*ran.text), (Some(1), ""), "{}", ran.error);
    assert!(ran.error.contains("isn't in the archive"), "{}", ran.error);
    Ok(())
}

#[test]
fn a_session_archived_as_a_summary_cannot_be_unarchived() -> Done {
    let game = Game::new()?;
    let ran = game.run("archive DIR Relics --keep summary")?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    assert!(ran.text.contains("is in the archive now: 1"), "{}", ran.text);
    assert_eq!(game.run("list --search Relics --json DIR")?.object()?["name"], "Relics");
    assert_eq!(game.run("cat DIR Relics")?.code, Some(2));
    for line in ["unarchive DIR Relics", "archive DIR Relics"] {
        let ran = game.run(line)?;
        assert_eq!((ran.code, &*ran.text), (Some(1), ""), "{line}: {}", ran.error);
        assert!(ran.error.contains("only the summary"), "{line}: {}", ran.error);
    }
    Ok(())
}

#[test]
fn a_session_is_undeleted() -> Done {
    let game = Game::of_format("1.3")?;
    let thrown = game.run("list --in trash --json DIR")?.object()?;
    let session = thrown["id"].as_str().ok_or("an id")?;
    let ran = game.run(&format!("undelete --json DIR {session}"))?;
    assert_eq!(ran.code, Some(0), "{}", ran.error);
    let moved = ran.object()?;
    assert_eq!((&moved["from"], &moved["to"]), (&"trash".into(), &"open".into()));
    assert_eq!(game.run("list --in trash DIR")?.text.lines().count(), 1, "nothing but its heading");
    let ran = game.run(&format!("undelete DIR {session}"))?;
    assert_eq!((ran.code, &*ran.text), (Some(1), ""), "{}", ran.error);
    assert!(ran.error.contains("isn't in the trash"), "{}", ran.error);
    Ok(())
}

#[test]
fn a_played_or_crashed_session_is_not_archived() -> Done {
    let game = Game::new()?;
    let (local, now) = (game.local(), Timestamp::now());
    let guard = begin_process(&local, now);
    guard.beat(&local, now);
    let lock = local.store.lock_session(RELICS.parse()?)?.ok_or("the lock")?;
    let before = game.snapshot()?;
    for line in ["archive DIR Relics", "archive DIR Relics --keep summary", "unarchive DIR Relics"]
    {
        let ran = game.run(line)?;
        assert_eq!((ran.code, &*ran.text), (Some(1), ""), "{line}: {}", ran.error);
        assert!(ran.error.contains("another process plays"), "{line}: {}", ran.error);
    }
    assert!(game.snapshot()? == before, "nothing should be written");
    drop(lock);
    let ran = game.run(&format!("archive --json DIR Relics {EVENINGS}"))?;
    assert_eq!(ran.code, Some(1), "{}", ran.text);
    assert!(ran.error.contains("recover or decline it first"), "{}", ran.error);
    assert_eq!(ran.object()?["session"], RELICS, "what came before it is done and said");
    Ok(())
}

#[test]
fn archiving_keeps_process_records_for_the_next_start() -> Done {
    let game = Game::new()?;
    let (local, now) = (game.local(), Timestamp::now());
    let guard = begin_process(&local, now);
    guard.beat(&local, now);
    drop(guard);
    assert_eq!(game.run("archive DIR Relics")?.code, Some(0));
    let (_, dead) = ProcessGuard::begin(&local, "1.2.4", ProcessOptions { panics: false }, now);
    assert_eq!(dead.len(), 1, "the game should hear how its last process ended");
    Ok(())
}

#[test]
fn a_session_archived_by_the_tool_is_restored_by_its_program() -> Done {
    let root = tempfile::tempdir()?;
    let game = Game { root };
    fs::create_dir(game.directory())?;
    crate::common::session_with(&game.directory(), "Kept", |_| 7_u64)?;
    assert_eq!(game.run("archive DIR Kept")?.code, Some(0));
    assert_eq!(game.run("unarchive DIR Kept")?.code, Some(0));
    let listed = game.run("list --json DIR")?.object()?;
    let session = listed["id"].as_str().ok_or("an id")?.parse()?;
    let options = JournalOptions::new(game.directory()).watch_panics(false);
    let mut journal = options.open(AnyValue::<u64>(PhantomData))?;
    let (_, mut run) = journal.restore(session, RestoreFrom::Latest)?.go_on();
    run.checkpoint(CheckpointKind::Manual, |_| 8);
    run.close(|_| 8)?;
    drop(journal);
    assert_eq!(game.run("verify --read-data DIR")?.code, Some(0));
    Ok(())
}

#[test]
fn invalid_archive_commands_change_nothing() -> Done {
    let game = Game::new()?;
    let before = game.snapshot()?;
    for line in [
        "archive DIR",
        "archive DIR nobody",
        "archive DIR Relics nobody",
        "archive DIR Relics --keep half",
        "archive nowhere Relics",
        "archive SLOT:quick-d456f21221c1c606.save",
        "unarchive DIR",
    ] {
        let ran = game.run(line)?;
        assert_eq!((ran.code, &*ran.text), (Some(64), ""), "{line}: {}", ran.error);
    }
    assert!(game.snapshot()? == before, "nothing should be written");
    journals(&game.session(RELICS))?.iter().try_for_each(|path| damage(path, 30))?;
    assert_eq!(game.run(&format!("archive DIR {RELICS}"))?.code, Some(1), "nothing is left of it");
    fs::remove_dir_all(game.directory().join("state"))?;
    let ran = game.run("archive DIR Relics")?;
    assert_eq!(ran.code, Some(64), "{}", ran.error);
    Ok(())
}

/// As a cleanup of a game leaves it, by docs/FORMAT.md.
#[test]
fn archives_on_another_drive_are_read_and_a_missing_drive_is_reported() -> Done {
    let game = Game::new()?;
    assert_eq!(game.run("archive --json DIR Relics")?.code, Some(0));
    let rows = game.run("cat --json DIR Relics")?.text;
    let drive = tempfile::tempdir()?;
    let (here, there) = (game.session(RELICS), drive.path().join("default").join(RELICS));
    fs::create_dir_all(&there)?;
    fs::write(drive.path().join("bevy_session.archives"), "00000000000000aa\n")?;
    fs::write(there.join("archives.owner"), format!("{}\n", here.display()))?;
    let mark = format!("00000000000000aa\n{}\ndefault/{RELICS}\n", drive.path().display());
    fs::write(here.join("archives.place"), mark)?;
    for file in fs::read_dir(&here)? {
        let name = file?.file_name();
        let is_moved = [".journal", ".attachment"];
        if is_moved.iter().any(|end| name.to_string_lossy().ends_with(end)) {
            fs::rename(here.join(&name), there.join(&name))?;
        }
    }
    assert_eq!(journals(&here)?.len(), 0);
    assert_eq!(game.run("list --in archive --json DIR")?.object()?["id"], RELICS);
    assert_eq!(game.run("verify --read-data DIR Relics")?.code, Some(0));
    assert_eq!(game.run("cat --json DIR Relics")?.text, rows);

    // Another drive in its place.
    fs::write(drive.path().join("bevy_session.archives"), "00000000000000bb\n")?;
    let ran = game.run(&format!("cat --json DIR {RELICS}"))?;
    assert_ne!(ran.code, Some(0), "{}", ran.text);
    assert!(ran.error.contains("can't be reached"), "{}", ran.error);
    fs::write(drive.path().join("bevy_session.archives"), "00000000000000aa\n")?;
    assert_eq!(game.run(&format!("unarchive --json DIR {RELICS}"))?.code, Some(0));
    assert_eq!(game.run("cat --json DIR Relics")?.text, rows);
    Ok(())
}
