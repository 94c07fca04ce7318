//! Games of two studios that are called the same know nothing of each other.

// Feature: Two games of one name by two studios share no session.
// Page: guide/getting-started.md#where-sessions-are-kept

#![cfg_attr(target_os = "linux", expect(clippy::print_stdout, reason = "a child reports so"))]

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, RequestError};

use crate::common::*;

fn hints_of(studio: &str, disk: &MemoryDisk) -> App {
    let plugin = SessionPlugin::new(studio, "Hints").disk(disk.clone());
    let mut app = game_with(plugin, |app| {
        listen::<RecoveryAvailable>(app);
        listen::<RequestRejected>(app);
        listen::<SessionRestored>(app);
    });
    frames(&mut app, 2);
    app
}

#[test]
fn a_session_of_another_studio_is_neither_listed_nor_restored() {
    let disk = MemoryDisk::default();
    let mut app = hints_of("Studio", &disk);
    app.world_mut().resource_mut::<Score>().0 = 7;
    start(&mut app, "World");
    let session = app.world().resource::<CurrentSession>().id();
    let disk = disk.snapshot();

    let mut other = hints_of("Other Studio", &disk);
    assert!(received::<RecoveryAvailable>(&other).is_empty());
    assert_eq!(other.world().resource::<SessionCatalog>().sessions().len(), 0);
    request(&mut other, |commands| commands.session().continue_session(session));
    request(&mut other, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut other, 4);
    for rejected in received::<RequestRejected>(&other) {
        let game = "Studio/Hints".to_owned();
        assert_eq!(rejected.error, RequestError::OtherGame { game });
    }
    assert_eq!(received::<RequestRejected>(&other).len(), 2);
    request(&mut other, |commands| {
        commands.session().start_or_continue(NewSession::named("World"));
    });
    frames(&mut other, 4);
    assert_ne!(other.world().resource::<CurrentSession>().id(), session);
    assert_eq!(other.world().resource::<Score>().0, 0);
    drop(other);

    // The other one has written down what it found, which doesn't matter here.
    let mut app = hints_of("Studio", &disk.snapshot());
    assert_eq!(received::<RecoveryAvailable>(&app).len(), 1);
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 4);
    assert_eq!(app.world().resource::<Score>().0, 7);
}

#[test]
fn a_quota_removes_nothing_of_another_game() {
    let disk = MemoryDisk::default();
    let mut app = hints_of("Studio", &disk);
    start(&mut app, "World");
    for minute in 1..=30 {
        app.world_mut().resource_mut::<Score>().0 = minute;
        request(&mut app, |commands| commands.session().checkpoint(format!("minute {minute}")));
        long(&mut app, 60);
    }
    close(&mut app);
    drop(app);
    let files = |disk: &MemoryDisk| -> Vec<_> {
        let paths = disk.paths().into_iter().filter(|path| path.starts_with("sessions/data"));
        paths.map(|path| (disk.content(&path), path)).collect()
    };
    let before = files(&disk);
    assert!(before.len() > 1);

    let mut other = hints_of("Other Studio", &disk);
    let mut settings = other.world_mut().resource_mut::<SessionSettings>();
    settings.storage.max_total_bytes = 1;
    start(&mut other, "World");
    long(&mut other, 60);
    let after = files(&disk);
    let is_of_other = |file: &&(Option<Vec<u8>>, std::path::PathBuf)| {
        file.1.extension().is_some_and(|it| it == "journal" || it == "archive")
    };
    for file in before.iter().filter(is_of_other) {
        assert!(after.contains(file), "{} is gone or changed", file.1.display());
    }
}

#[cfg(target_os = "linux")]
mod places {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use bevy_session::library::SessionPlace;

    use super::*;

    const STUDIO: &str = "BEVY_SESSION_TEST_STUDIO";

    #[test]
    #[ignore = "the game, run by the other tests of this module"]
    fn child() {
        let Ok(studio) = std::env::var(STUDIO) else { return };
        let plugin = SessionPlugin::new(studio, "Hints").development(false).manual_writer();
        let mut app = game_with(plugin, |_| {});
        request(&mut app, |commands| {
            commands.session().start_or_continue(NewSession::named("World"));
        });
        frames(&mut app, 5);
        let score = app.world().resource::<Score>().0;
        let data = app.world().resource::<SessionPlace>().data().to_path_buf();
        println!("# found {score} in {}", data.display());
        app.world_mut().resource_mut::<Score>().0 += 1;
        app.world_mut().write_message(AppExit::Success);
        app.update();
    }

    /// Plays the game of a studio once; what it found, and where.
    fn play(studio: &str, home: &Path) -> String {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "studios::places::child", "--ignored", "--nocapture"])
            .env(STUDIO, studio)
            .env("HOME", home)
            .env("XDG_DATA_HOME", home.join("share"))
            .env("XDG_STATE_HOME", home.join("state"))
            .env_remove("BEVY_SESSION")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let found = said.lines().find_map(|line| Some(line.split_once("# found ")?.1.to_owned()));
        let found = found.unwrap_or_else(|| panic!("{output:?}"));
        found.replace(&home.join("share").display().to_string(), "share")
    }

    #[test]
    fn each_studio_has_a_place_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(play("Studio", home.path()), "0 in share/studio/hints");
        assert_eq!(play("Other Studio", home.path()), "0 in share/otherstudio/hints");
        assert_eq!(play("Studio", home.path()), "1 in share/studio/hints");
        assert_eq!(play("Other Studio", home.path()), "1 in share/otherstudio/hints");
    }

    #[test]
    fn sessions_of_an_earlier_release_without_a_studio_are_found_in_place() {
        let home = tempfile::tempdir().unwrap();
        play("Studio", home.path());
        for root in ["share", "state"] {
            let root = home.path().join(root);
            fs::rename(root.join("studio/hints"), root.join("hints")).unwrap();
            fs::remove_dir(root.join("studio")).unwrap();
        }
        // It is known whose it is.
        assert_eq!(play("Other Studio", home.path()), "0 in share/otherstudio/hints");
        assert_eq!(play("Studio", home.path()), "1 in share/hints");
        assert_eq!(play("Studio", home.path()), "2 in share/hints");
        assert_eq!(play("Other Studio", home.path()), "1 in share/otherstudio/hints");
    }

    #[test]
    fn sessions_that_name_no_game_are_found_in_place() {
        let home = tempfile::tempdir().unwrap();
        // Written by a release that knew nothing of this.
        let golden = root().join("tests/golden/1.0/files/sessions/data");
        copy_directory(&golden, &home.path().join("share/hints"));
        let found = play("Studio", home.path());
        assert!(found.ends_with("in share/hints"), "{found}");
    }
}
