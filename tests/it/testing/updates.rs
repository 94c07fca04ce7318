//! Saves of earlier builds, and the forms of saved types, in real files.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::testing::{TestGame, assert_saved_types, assert_saves_load};
use serde::{Deserialize, Serialize};

use crate::common::Game;

/// Of the first build: it became [`Shield`].
#[derive(Component, TypePath, Clone, Serialize, Deserialize)]
#[type_path = "updates"]
struct Armor {
    plates: u8,
    note: String,
}

#[derive(Component, TypePath, Clone, Serialize, Deserialize)]
#[type_path = "updates"]
struct Shield {
    strength: u32,
}

fn first_build(session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, session)).save_component::<Armor>();
    app
}

/// The build of today, which loads its level before anything is restored.
fn build_of_today(session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, bevy::state::app::StatesPlugin, session))
        .init_state::<Game>()
        .restore_session_in(Game::Playing)
        .save_component::<Shield>()
        .add_systems(Update, |mut next: ResMut<NextState<Game>>, mut frames: Local<u32>| {
            *frames += 1;
            if *frames == 5 {
                next.set(Game::Playing);
            }
        });
    app
}

fn build_with_step(session: SessionPlugin) -> App {
    let mut app = build_of_today(session);
    app.migrate_checkpoint("updates::Armor", 0, |armor: Armor, checkpoint| {
        let entity = checkpoint.entity().ok_or("no entity")?;
        checkpoint.insert(entity, &Shield { strength: armor.plates.into() })?;
        Ok(())
    });
    app
}

/// Writes a save of the first build.
fn save(path: &Path) {
    let mut game = TestGame::new(first_build);
    game.start(NewSession::named("Campaign")).unwrap();
    game.world().spawn((Saved, Armor { plates: 3, note: "worn".to_owned() }));
    game.checkpoint("here").unwrap();
    let session = game.world().resource::<CurrentSession>().id();
    game.request(|commands| commands.session().library().export(session, "save.tar"));
    game.frames(10);
    std::fs::write(path, game.disk().content(Path::new("save.tar")).unwrap()).unwrap();
}

fn said(test: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(test)).err()?;
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
}

#[test]
fn losses_of_an_old_save_are_named_until_a_migration_keeps_them() {
    let directory = tempfile::tempdir().unwrap();
    save(&directory.path().join("first.tar"));
    assert_saves_load(directory.path(), first_build);
    let said = said(|| assert_saves_load(directory.path(), build_of_today)).unwrap();
    assert!(said.contains("updates::Armor: this build doesn't save the type (1 value)"), "{said}");
    assert_saves_load(directory.path(), build_with_step);
}

#[test]
fn removed_saved_types_are_named_until_a_migration_keeps_them() {
    let directory = tempfile::tempdir().unwrap();
    let lock = directory.path().join("saved_types.lock");
    // Where nobody commits the file, it has to be there.
    let nobody_commits = std::env::var_os("CI").is_some();
    let first = said(|| assert_saved_types(&lock, first_build));
    assert_eq!(first.is_some(), nobody_commits, "{first:?}");
    if nobody_commits {
        assert!(!lock.exists());
        return;
    }
    assert_saved_types(&lock, first_build);
    let said = said(|| assert_saved_types(&lock, build_of_today)).unwrap();
    assert!(said.contains("\"updates::Armor 0: gone\","), "{said}");
    assert!(said.contains(".migrate_checkpoint(\"updates::Armor\", 0, …)"), "{said}");
    assert_saved_types(&lock, build_with_step);
    let text = std::fs::read_to_string(&lock).unwrap();
    assert!(text.contains("updates::Armor") && text.contains("updates::Shield"), "{text}");
}

/// A listing says what will be lost before anything is read. What a step keeps isn't.
#[test]
fn a_session_kept_by_a_migration_is_listed_as_migratable() {
    use bevy_session::library::VersionFit;
    let fit = |build: fn(SessionPlugin) -> App| {
        let directory = tempfile::tempdir().unwrap();
        let plugin = || {
            let plugin = SessionPlugin::new("Studio", "Hop").directory(directory.path());
            plugin.manual_writer()
        };
        let start = |build: fn(SessionPlugin) -> App| {
            let mut app = build(plugin());
            app.finish();
            app.cleanup();
            (0..5).for_each(|_| app.update());
            app
        };
        let mut app = start(first_build);
        app.world_mut().spawn((Saved, Armor { plates: 3, note: String::new() }));
        app.world_mut().commands().session().start(NewSession::named("Campaign"));
        app.world_mut().flush();
        (0..5).for_each(|_| app.update());
        app.world_mut().write_message(AppExit::Success);
        (0..3).for_each(|_| app.update());
        drop(app);
        let app = start(build);
        let newest = app.world().resource::<SessionCatalog>().newest_to_continue();
        newest.map(|entry| entry.fit)
    };
    assert_eq!(fit(first_build), Some(VersionFit::Exact));
    assert_eq!(fit(build_of_today), Some(VersionFit::Lossy));
    assert_eq!(fit(build_with_step), Some(VersionFit::Migratable));
}
