//! A game in a world that its owner lends, for frames of its own within a frame of the owner's.

use std::time::Duration;

use bevy::app::{App, SubApps};
use bevy_session_journal::MemoryDisk;

use super::{FRAME, Heard, TestGame, first_start};
use crate::SessionPlugin;

/// The owner of the world in which frames are run.
pub(super) enum Owner {
    /// The game's own app.
    Game,
    /// Another app. At the end of its frame it forgets which components were removed in the frame before, once, however
    /// many frames were run within.
    Another {
        /// True if a frame was run within this one of the owner's.
        has_run: bool,
    },
}

impl Owner {
    /// Runs a frame.
    pub(super) fn run(&mut self, app: &mut App) {
        let Self::Another { has_run } = self else { return app.update() };
        if std::mem::replace(has_run, true) {
            app.world_mut().clear_trackers();
        }
        let SubApps { main, sub_apps } = app.sub_apps_mut();
        main.run_default_schedule();
        for drawing in sub_apps.values_mut() {
            drawing.extract(main.world_mut());
            drawing.update();
        }
    }
}

/// A game that plays in the world of another app. That one has the [plugin](plugin_on) on this disk, and
/// [listens](listen_in).
pub(crate) fn game_in_lent_world(app: App, disk: MemoryDisk) -> TestGame {
    TestGame {
        build: Box::new(|_| App::empty()),
        plugin: SessionPlugin::new("", ""),
        app,
        owner: Owner::Another { has_run: false },
        disk,
        disk_is_full: false,
        frame: FRAME,
        started_at: first_start(),
        away: Duration::ZERO,
        started: None,
    }
}

/// A frame of the world's owner begins.
pub(crate) fn begin_frame_of_owner(game: &mut TestGame) {
    if let Owner::Another { has_run } = &mut game.owner {
        *has_run = false;
    }
}

/// A plugin that saves on this disk, and whose clock only frames move.
pub(crate) fn plugin_on(plugin: SessionPlugin, disk: MemoryDisk) -> SessionPlugin {
    plugin.disk(disk).clock_from(first_start())
}

/// Listens to the answers that a game under test gets, in an app that isn't complete yet.
pub(crate) fn listen_in(app: &mut App) {
    Heard::listen(app);
}
