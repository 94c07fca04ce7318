//! A menu of everything that can be played: sessions and slots.

mod act;
mod answers;
mod chosen;
mod draw;
mod facts;
mod form;
mod found;
mod grouped;
mod listed;
mod state;
mod unconfirmed;
mod view;

use std::time::Duration;

use bevy::prelude::*;

use self::act::{act, close_menu, count_down, follow_typing, go_back, open_menu, scroll};
use self::answers::{
    corruption_detected, recovery_failed, request_rejected, restore_cancelled, session_copied,
    session_moved, session_purged, session_restored, session_updated, slot_renamed,
};
use self::facts::show_menu;
pub use self::state::SessionMenu;
use self::state::UndoTime;
use super::core::{SessionUiSystems, add_core};

/// A menu to find, continue, load, archive and delete what was saved. Open it with [`OpenSessionMenu`].
///
/// It lists sessions and slots with their thumbnails (attachments that are called `thumbnail`), in views of all that is
/// at hand, of favourites, of the archive and of the trash. What is typed into its search field narrows the list by the
/// words of a [`SessionQuery`](bevy_session::library::SessionQuery). It closes once something was loaded.
///
/// A session that is deleted is in the trash at once, and can be had back from there. Slots have no trash: they can be had
/// back for a while, and are deleted when that time is over or the menu is closed. Edits are seen at once, and
/// taken back with the reason if they are refused.
///
/// While a session is being played it is closed before another one is continued, with a last
/// checkpoint.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session_ui::{OpenSessionMenu, SessionMenuPlugin};
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
///     commands.trigger(OpenSessionMenu::default());
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
    /// Sets the time for which a button undoes a deletion. 6 seconds by default.
    #[must_use]
    pub fn undo_time(mut self, time: Duration) -> Self {
        self.undo_time = time;
        self
    }
}

/// Opens the [session menu](SessionMenuPlugin). Trigger it; while the menu is open, nothing happens.
///
/// [`OpenSessionMenu::default`] opens it for the game itself: guards see no player. All requests from a menu that a
/// player opened are made by that player: the game's [guards](bevy_session::SessionHooksExt::guard_session_requests)
/// may refuse it, and the menu shows their reason.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_ui::OpenSessionMenu;
///
/// fn load_was_pressed(mut commands: Commands) {
///     commands.trigger(OpenSessionMenu::by("Ben"));
/// }
/// # bevy::ecs::system::assert_is_system(load_was_pressed);
/// ```
#[derive(Event, Clone, PartialEq, Eq, Debug, Default)]
pub struct OpenSessionMenu {
    pub(in crate::surfaces) by: Option<String>,
}

impl OpenSessionMenu {
    /// Opens it for a player, as the game calls them.
    #[must_use]
    pub fn by(player: impl Into<String>) -> Self {
        Self { by: Some(player.into()) }
    }
}

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
            .add_observer(session_updated)
            .add_observer(session_copied)
            .add_observer(session_moved)
            .add_observer(session_purged)
            .add_observer(slot_renamed)
            .add_observer(act)
            .add_observer(follow_typing)
            .add_observer(scroll)
            .add_observer(go_back)
            .add_systems(Update, (count_down, show_menu).chain().in_set(SessionUiSystems::Show));
    }
}
