//! A menu of everything that can be played: sessions and slots.

mod act;
mod draw;
mod state;
mod view;

use std::time::Duration;

use bevy::prelude::*;

use self::act::{
    act, close_menu, corruption_detected, count_down, go_back, open_menu, recovery_failed,
    request_rejected, restore_cancelled, scroll, session_restored, show_menu,
};
pub use self::state::SessionMenu;
use self::state::UndoTime;
use super::{SessionUiSystems, add_core};

/// A menu to continue, load and delete what was saved. Open it with [`OpenSessionMenu`].
///
/// It lists sessions and slots with their thumbnails (attachments that are called `thumbnail`), sorts
/// them, and closes once something was loaded. What is deleted can be had back for a while: the
/// request is made only when that time is over or the menu is closed.
///
/// While a session is being played it is closed before another one is continued, with a last
/// checkpoint.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::ui::{OpenSessionMenu, SessionMenuPlugin};
///
/// App::new()
///     .add_plugins((DefaultPlugins, SessionPlugin::new("Studio", "Hop")))
///     .add_plugins(SessionMenuPlugin::default())
///     .add_systems(Update, load_button.run_if(|keys: Res<ButtonInput<KeyCode>>| {
///         keys.just_pressed(KeyCode::KeyL)
///     }))
///     .run();
///
/// fn load_button(mut commands: Commands) {
///     commands.trigger(OpenSessionMenu);
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionMenuPlugin {
    undo_time: Duration,
}

impl Default for SessionMenuPlugin {
    fn default() -> Self {
        Self { undo_time: Duration::from_secs(6) }
    }
}

impl SessionMenuPlugin {
    /// How long what was deleted can be had back. 6 seconds by default.
    #[must_use]
    pub fn undo_time(mut self, time: Duration) -> Self {
        self.undo_time = time;
        self
    }
}

/// Opens the [session menu](SessionMenuPlugin). Trigger it.
#[derive(Event, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OpenSessionMenu;

/// Closes the [session menu](SessionMenuPlugin). Trigger it.
#[derive(Event, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CloseSessionMenu;

impl Plugin for SessionMenuPlugin {
    fn build(&self, app: &mut App) {
        add_core(app);
        app.init_resource::<SessionMenu>()
            .insert_resource(UndoTime(self.undo_time))
            .add_observer(open_menu)
            .add_observer(close_menu)
            .add_observer(request_rejected)
            .add_observer(corruption_detected)
            .add_observer(recovery_failed)
            .add_observer(session_restored)
            .add_observer(restore_cancelled)
            .add_observer(act)
            .add_observer(scroll)
            .add_observer(go_back)
            .add_systems(Update, (count_down, show_menu).chain().in_set(SessionUiSystems::Show));
    }
}
