//! Backups of the game's own in the recovery dialog.

use bevy::prelude::*;
use bevy_session::external::{
    ExternalAutosave, ExternalRestoreRequested, ExternalSave, ExternalSaves, ExternalSavesExt,
};
use bevy_session::prelude::*;
use bevy_session_ui::{OpenSessionMenu, RecoveryDialog};

use super::kit::*;
use super::recovery_dialog::damage_all;
use crate::common::*;

fn is_open(app: &App) -> bool {
    app.world().resource::<RecoveryDialog>().is_open()
}

/// A save system of the game's own with one backup, newer than any checkpoint.
struct OneBackup;

impl ExternalSaves for OneBackup {
    fn list(&self) -> Result<Vec<ExternalSave>> {
        let time = "2026-01-01T00:59:00Z".parse()?;
        Ok(vec![ExternalSave::manual("save-7", time).name("Before the siege")])
    }

    fn validate(&self, _: &ExternalSave) -> Result {
        Ok(())
    }

    fn autosave(&self) -> ExternalAutosave {
        ExternalAutosave::Off
    }
}

/// A game with that backup, in whose dialog it stands.
fn game_with_backup(add: impl FnOnce(&mut App)) -> App {
    let mut app = ui_game_with(&killed("Campaign", 2), |app| {
        app.external_saves(OneBackup);
        add(app);
    });
    for _ in 0..10_000 {
        if is_open(&app) && is_shown(&mut app, "Before the siege") {
            return app;
        }
        std::thread::yield_now();
        app.update();
    }
    panic!("the backup should be shown: {:?}", texts(&mut app));
}

#[test]
fn a_newer_backup_of_the_game_is_chosen_and_recovered_from() {
    let mut app = game_with_backup(|app| {
        app.add_observer(|asked: On<ExternalRestoreRequested>| asked.answer.done("loaded"));
    });
    assert_eq!(focused(&mut app), ["Recover"]);
    key(&mut app, KeyCode::Enter);
    frames(&mut app, 6);
    assert_eq!(received::<SessionRecovered>(&app).len(), 1);
    assert!(!is_open(&app));
    assert_eq!(health(&mut app), Vec::<u32>::new(), "no checkpoint should be put into its world");
}

#[test]
fn a_backup_that_the_game_cannot_load_leads_to_a_checkpoint() {
    let mut app = game_with_backup(|app| {
        app.add_observer(|asked: On<ExternalRestoreRequested>| asked.answer.failed("no such file"));
    });
    key(&mut app, KeyCode::Enter);
    frames(&mut app, 6);
    assert!(is_shown(&mut app, "This save could not be loaded"), "{:?}", texts(&mut app));
    assert_eq!(focused(&mut app), ["Recover"]);
    key(&mut app, KeyCode::Enter);
    frames(&mut app, 6);
    assert_eq!(health(&mut app), [2]);
}

#[test]
fn the_menu_also_recovers_from_a_newer_backup_of_the_game() {
    let mut app = game_with_backup(|app| {
        app.add_observer(|asked: On<ExternalRestoreRequested>| asked.answer.done("loaded"));
    });
    key(&mut app, KeyCode::Escape);
    app.world_mut().trigger(OpenSessionMenu::default());
    frames(&mut app, 3);
    press(&mut app, "Recover");
    frames(&mut app, 6);
    assert_eq!(received::<SessionRecovered>(&app).len(), 1);
    assert_eq!(health(&mut app), Vec::<u32>::new(), "no checkpoint should be put into its world");
}

#[test]
fn a_new_session_with_the_backup_of_a_lost_one_closes_the_dialog() {
    let disk = killed("Campaign", 2);
    damage_all(&disk);
    let mut app = ui_game_with(&disk, |app| {
        app.external_saves(OneBackup);
        app.add_observer(|asked: On<ExternalRestoreRequested>| asked.answer.done("loaded"));
        listen::<SessionStarted>(app);
    });
    for _ in 0..10_000 {
        if is_open(&app) && is_shown(&mut app, "Before the siege") {
            break;
        }
        std::thread::yield_now();
        app.update();
    }
    press(&mut app, "Before the siege");
    press(&mut app, "Recover");
    frames(&mut app, 8);
    assert_eq!(received::<SessionStarted>(&app).len(), 1, "{:?}", texts(&mut app));
    assert!(!is_open(&app), "{:?}", texts(&mut app));
    assert!(!app.world().resource::<Time<Virtual>>().is_paused());
}
