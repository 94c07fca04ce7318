//! The plugin's activity, for developers.

mod activity;
mod chart;
mod draw;
mod record;

use bevy::prelude::*;

use self::activity::{ask_for_activity, show_activity};
use self::draw::{PanelView, act, fill_in, go_back, show_panel, toggle};
pub use self::record::SessionPanel;
use self::record::{
    note_captured, note_corrupted, note_drifted, note_failed, note_hint, note_losses,
    note_place_changed, note_rejected, note_saved, note_slot_failed, note_stretched,
    note_type_failed, note_unsaved_type,
};
use super::core::{SessionUiSystems, add_core, schedules};
use super::replay_bar;

/// A panel for developers: status, play time, the history of checkpoints with the time that captures
/// and writes took, what is on its way, what happened last as the session has recorded it, alerts that stand,
/// errors, and buttons that take a checkpoint and crash the game. F9 opens and closes it; together with Shift it takes the keyboard, for the buttons.
///
/// In an app that [watches a recorded run](bevy_session::replay::Replay::watch), there is a bar at the lower edge of the window as well:
/// the position, checkpoints, events, chapters and the crash on a line that can be clicked, and buttons for pause, step, speed and
/// the checkpoints before and after. The window's present mode becomes `AutoNoVsync` then, since a replay has its own clock.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session_ui::SessionPanelPlugin;
///
/// App::new()
///     .add_plugins((DefaultPlugins, SessionPlugin::new("Studio", "Hop")))
///     .add_plugins(SessionPanelPlugin::default().key(KeyCode::F3))
///     .run();
/// ```
#[derive(Resource, Clone, Copy, Debug)]
pub struct SessionPanelPlugin {
    key: Option<KeyCode>,
    crash: Option<fn()>,
    opens_on_losses: bool,
}

impl Default for SessionPanelPlugin {
    /// F9; in builds with debug assertions also a button that aborts the process, and it opens when a restore loses something.
    fn default() -> Self {
        let crash: fn() = || std::process::abort();
        Self {
            key: Some(KeyCode::F9),
            crash: cfg!(debug_assertions).then_some(crash),
            opens_on_losses: cfg!(debug_assertions),
        }
    }
}

impl SessionPanelPlugin {
    /// The key that opens and closes the panel.
    #[must_use]
    pub fn key(mut self, key: KeyCode) -> Self {
        self.key = Some(key);
        self
    }

    /// No key: only [`ToggleSessionPanel`] opens the panel.
    #[must_use]
    pub fn without_key(mut self) -> Self {
        self.key = None;
        self
    }

    /// Sets the action of the button "Crash"; `None` leaves the button out. By default it is there in builds with debug
    /// assertions only, and aborts the process.
    #[must_use]
    pub fn crash(mut self, crash: Option<fn()>) -> Self {
        self.crash = crash;
        self
    }

    /// Opens the panel when a restore can't use something of a checkpoint, as after a build in which saved types have changed.
    /// By default it is so in builds with debug assertions.
    #[must_use]
    pub fn opens_on_losses(mut self, opens: bool) -> Self {
        self.opens_on_losses = opens;
        self
    }
}

/// Opens or closes the [session panel](SessionPanelPlugin). Trigger it.
#[derive(Event, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ToggleSessionPanel;

impl Plugin for SessionPanelPlugin {
    fn build(&self, app: &mut App) {
        add_core(app);
        replay_bar::add(app);
        app.insert_resource(*self)
            .init_resource::<SessionPanel>()
            .add_observer(|_: On<ToggleSessionPanel>, mut panel: ResMut<SessionPanel>| {
                panel.is_open ^= true;
            })
            .add_observer(note_captured)
            .add_observer(note_saved)
            .add_observer(note_failed)
            .add_observer(note_rejected)
            .add_observer(note_slot_failed)
            .add_observer(note_corrupted)
            .add_observer(note_drifted)
            .add_observer(note_stretched)
            .add_observer(note_place_changed)
            .add_observer(note_type_failed)
            .add_observer(note_unsaved_type)
            .add_observer(note_hint)
            .add_observer(note_losses)
            .add_observer(show_activity)
            .add_observer(act)
            .add_observer(go_back);
        for schedule in schedules() {
            app.add_systems(
                schedule,
                (toggle, show_panel, (ask_for_activity, fill_in).chain().run_if(is_shown))
                    .chain()
                    .in_set(SessionUiSystems::Show),
            );
        }
    }
}

fn is_shown(surface: Option<Res<super::surface::Surface<PanelView>>>) -> bool {
    surface.is_some_and(|surface| surface.root.is_some())
}
