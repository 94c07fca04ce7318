//! The developer's panel.

// Feature: An indicator and a developer's panel show saves, events, alerts and errors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::events::RecordingExt;
use bevy_session::external::Operation;
use bevy_session::prelude::*;
use bevy_session_ops::{Alert, AlertsExt, SessionFiguresPlugin, SessionOperation};
use bevy_session_ui::{SessionPanel, SessionPanelPlugin, SessionUiPlugins};
use serde::{Deserialize, Serialize};

use super::kit::*;
use super::layout::{WINDOWS, assert_tidy};
use crate::common::*;

#[derive(Message, TypePath, Clone, Debug, Serialize, Deserialize)]
struct Mined {
    ore: String,
    amount: u32,
}

#[test]
fn a_key_opens_and_closes_the_panel_with_the_session_in_it() {
    let mut app = ui_game(&MemoryDisk::default());
    app.world_mut().spawn(Health(1));
    key(&mut app, KeyCode::F9);
    frames(&mut app, 2);
    assert!(app.world().resource::<SessionPanel>().is_open());
    assert!(is_shown(&mut app, "none is being played"), "{:?}", texts(&mut app));
    start(&mut app, "Campaign");
    seconds(&mut app, 7.0);
    for shown in ["Campaign", "Active", "0:07", "(max "] {
        assert!(is_shown(&mut app, shown), "{shown} should be in {:?}", texts(&mut app));
    }
    key(&mut app, KeyCode::F9);
    frames(&mut app, 2);
    assert!(!is_shown(&mut app, "Campaign"));
}

#[test]
fn the_buttons_of_the_panel_take_a_checkpoint_and_crash_the_game() {
    static CRASHES: AtomicUsize = AtomicUsize::new(0);
    fn crash() {
        CRASHES.fetch_add(1, Ordering::Relaxed);
    }
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        add_ui(app);
        app.add_plugins(SessionUiPlugins.set(SessionPanelPlugin::default().crash(Some(crash))));
        listen::<CheckpointSaved>(app);
        resize(app, 1280, 720, 1.0);
    });
    app.world_mut().spawn(Health(1));
    start(&mut app, "Campaign");
    key(&mut app, KeyCode::F9);
    frames(&mut app, 2);
    press(&mut app, "Checkpoint");
    frames(&mut app, 3);
    let manual = |saved: &CheckpointSaved| saved.kind == bevy_session::CheckpointKind::Manual;
    assert_eq!(received::<CheckpointSaved>(&app).iter().filter(|saved| manual(saved)).count(), 1);
    press(&mut app, "Crash");
    assert_eq!(CRASHES.load(Ordering::Relaxed), 1);
    press(&mut app, "Close");
    seconds(&mut app, 2.0); // the mark that something was saved is gone by then
    assert!(texts(&mut app).is_empty());
}

#[test]
fn the_crash_button_can_be_left_out() {
    let mut app = game_with(plugin(&MemoryDisk::default()), |app| {
        add_ui(app);
        app.add_plugins(SessionUiPlugins.set(SessionPanelPlugin::default().crash(None)));
        resize(app, 1280, 720, 1.0);
    });
    key(&mut app, KeyCode::F9);
    frames(&mut app, 2);
    assert!(button(&mut app, "Checkpoint").is_some());
    assert!(button(&mut app, "Crash").is_none());
}

#[test]
fn errors_are_listed_and_the_panel_stays_tidy() {
    let mut app = ui_game(&MemoryDisk::default());
    key(&mut app, KeyCode::F9);
    for number in 0..10 {
        let name = format!("{number}").repeat(200);
        request(&mut app, |commands| commands.session().checkpoint(name));
        frames(&mut app, 2);
    }
    assert!(is_shown(&mut app, "no session is being played"), "{:?}", texts(&mut app));
    for (width, height, scale) in WINDOWS {
        resize(&mut app, width, height, scale);
        frames(&mut app, 3);
        assert_tidy(&mut app, &format!("{width} x {height} at {scale}"));
    }
}

#[test]
fn the_panel_says_where_sessions_are() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data").display().to_string();
    let on_disk = plugin(&MemoryDisk::default()).directory(directory.path());
    for (plugin, said) in [(on_disk, &*data), (plugin(&MemoryDisk::default()), "memory")] {
        let mut app = game_with(plugin, |app| {
            add_ui(app);
            app.add_plugins(SessionUiPlugins);
        });
        key(&mut app, KeyCode::F9);
        frames(&mut app, 2);
        assert!(is_shown(&mut app, "Saved in"), "{:?}", texts(&mut app));
        assert!(is_shown(&mut app, said), "{said} should be in {:?}", texts(&mut app));
        for (width, height, scale) in WINDOWS {
            resize(&mut app, width, height, scale);
            frames(&mut app, 3);
            assert_tidy(&mut app, &format!("{width} x {height} at {scale}"));
        }
    }
}

#[test]
fn the_panel_warns_if_power_cuts_are_not_covered() {
    const SAID: &str = "Files may be lost in a power cut";
    for refuses in [false, true] {
        let disk = MemoryDisk::default();
        let mut app = ui_game(&disk);
        key(&mut app, KeyCode::F9);
        frames(&mut app, 2);
        assert!(!is_shown(&mut app, SAID));
        if refuses {
            disk.fail_always(Operation::SyncDirectory, std::io::ErrorKind::Unsupported);
        }
        app.world_mut().spawn(Health(1));
        start(&mut app, "On FUSE");
        frames(&mut app, 2);
        assert_eq!(is_shown(&mut app, SAID), refuses, "{:?}", texts(&mut app));
        for (width, height, scale) in WINDOWS {
            resize(&mut app, width, height, scale);
            frames(&mut app, 3);
            assert_tidy(&mut app, &format!("{width} x {height} at {scale}"));
        }
    }
}

#[test]
fn the_panel_does_not_take_the_keyboard_from_the_game() {
    let mut app = ui_game(&MemoryDisk::default());
    let before = app.world().resource::<bevy::input_focus::InputFocus>().get();
    key(&mut app, KeyCode::F9);
    frames(&mut app, 3);
    assert_eq!(app.world().resource::<bevy::input_focus::InputFocus>().get(), before);
}

#[test]
fn the_panel_shows_recent_events_and_standing_alerts() {
    let disk = MemoryDisk::default();
    let mut app = game_with(plugin(&disk), |app| {
        add_ui(app);
        app.add_plugins((SessionUiPlugins, SessionFiguresPlugin));
        app.add_message::<Mined>().record_messages::<Mined>();
        let never = Duration::from_nanos(1);
        let alert = Alert::p95_above(SessionOperation::Checkpoint, never).at_least(1);
        app.raise_session_alert(alert).unwrap();
        resize(app, 1280, 720, 1.0);
    });
    key(&mut app, KeyCode::F9);
    start(&mut app, "Campaign");
    seconds(&mut app, 6.0);
    assert!(is_shown(&mut app, "0:00 started, active"), "{:?}", texts(&mut app));
    app.world_mut().write_message(Mined { ore: "copper".to_owned(), amount: 7 });
    seconds(&mut app, 6.0);
    let shown = texts(&mut app).join("\n");
    assert!(shown.contains("0:06 Mined amount 7 copper"), "{shown}");
    assert!(shown.contains("BS0"), "{shown}");
    for (width, height, scale) in WINDOWS {
        resize(&mut app, width, height, scale);
        frames(&mut app, 3);
        assert_tidy(&mut app, &format!("{width} x {height} at {scale}"));
    }
    close(&mut app);
    frames(&mut app, 3);
    assert!(!is_shown(&mut app, "copper"), "what another session did isn't its");
}

#[derive(Component, TypePath, Clone, Serialize, Deserialize)]
struct Armor(u32);

/// A developer starts a build in which a type is gone: the panel opens by itself and names it.
#[test]
fn the_panel_opens_on_types_that_a_rebuild_cannot_restore() {
    for is_gone in [true, false] {
        let disk = MemoryDisk::default();
        let development =
            |plugin: SessionPlugin| plugin.development(true).resume_in_development(true);
        let mut before = game_with(development(plugin(&disk)), |app| {
            app.save_component::<Armor>();
        });
        before.world_mut().spawn((Health(1), Armor(2)));
        start(&mut before, "Work");
        let mut app = game_with(development(plugin_later(&disk.snapshot())), |app| {
            add_ui(app);
            let panel = SessionPanelPlugin::default().opens_on_losses(true);
            app.add_plugins(SessionUiPlugins.set(panel));
            resize(app, 1280, 720, 1.0);
            if !is_gone {
                app.save_component::<Armor>();
            }
        });
        frames(&mut app, 4);
        assert_eq!(app.world().resource::<CurrentSession>().name(), "Work");
        assert_eq!(app.world().resource::<SessionPanel>().is_open(), is_gone);
        assert_eq!(is_shown(&mut app, "Armor not restored"), is_gone, "{:?}", texts(&mut app));
    }
}
