//! A menu of everything that can be played: sessions and slots.

mod act;
mod answers;
mod beginning;
mod chosen;
mod draw;
mod facts;
mod form;
mod found;
mod grouped;
mod listed;
mod starting;
mod state;
mod unconfirmed;
mod view;

use std::time::Duration;

use bevy::prelude::*;

use self::act::{act, close_menu, count_down, follow_typing, go_back, open_menu, scroll};
use self::answers::{
    corruption_detected, recovery_failed, request_done, request_rejected, restore_cancelled,
    session_copied, session_restored, session_started,
};
use self::facts::show_menu;
pub use self::state::SessionMenu;
use self::state::{NewSessions, UndoTime};
use super::core::{SessionUiSystems, add_core};

/// A menu to find, continue, load, archive and delete what was saved. Open it with [`OpenSessionMenu`].
///
/// It lists sessions and slots with their thumbnails (attachments that are called `thumbnail`), in views of all that is
/// at hand, of favourites, of the archive and of the trash. What is typed into its search field narrows the list by the
/// words of a [`SessionQuery`](bevy_session::library::SessionQuery). It closes once something was loaded or started.
///
/// With [`new_sessions`](Self::new_sessions) it starts sessions as well. The session that is played is paused, resumed
/// and, after a question, ended.
///
/// A session that is deleted is in the trash at once, and can be had back from there. Slots have no trash: they can be had
/// back for a while, and are deleted when that time is over or the menu is closed. Edits are seen at once, and
/// taken back with the reason if they are refused.
///
/// While a session is being played it is closed before another one is continued or started, with a
/// last checkpoint.
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
    new_sessions: bool,
}

impl Default for SessionMenuPlugin {
    fn default() -> Self {
        Self { undo_time: Duration::from_secs(6), new_sessions: false }
    }
}

impl SessionMenuPlugin {
    /// Sets the time for which a button undoes a deletion. 6 seconds by default.
    #[must_use]
    pub fn undo_time(mut self, time: Duration) -> Self {
        self.undo_time = time;
        self
    }

    /// Gives the menu a button *New*, with a form for a new session: its name, and one of the game's scenarios. False by
    /// default, for games that start sessions from a screen of their own.
    ///
    /// The scenarios are all that are loaded as [`ScenarioAsset`](bevy_session::scenarios::ScenarioAsset), the easiest
    /// first, each with its difficulty and description. A game without any starts a session that has only a name. If the
    /// name is left empty, it is that of the scenario.
    ///
    /// [`SessionStarted`](bevy_session::SessionStarted) follows, or
    /// [`SessionRestored`](bevy_session::SessionRestored) with a scenario that has a world. If the game's guards refuse
    /// the start, the form shows their reason.
    ///
    /// ```
    /// use bevy::prelude::*;
    /// use bevy_session_ui::{SessionMenuPlugin, SessionUiPlugins};
    ///
    /// fn ui(app: &mut App) {
    ///     app.add_plugins(SessionUiPlugins.set(SessionMenuPlugin::default().new_sessions(true)));
    /// }
    /// ```
    #[must_use]
    pub fn new_sessions(mut self, new_sessions: bool) -> Self {
        self.new_sessions = new_sessions;
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
            .insert_resource(NewSessions(self.new_sessions))
            .add_observer(open_menu)
            .add_observer(close_menu)
            .add_observer(request_done)
            .add_observer(request_rejected)
            .add_observer(corruption_detected)
            .add_observer(recovery_failed)
            .add_observer(session_restored)
            .add_observer(session_started)
            .add_observer(restore_cancelled)
            .add_observer(session_copied)
            .add_observer(act)
            .add_observer(follow_typing)
            .add_observer(scroll)
            .add_observer(go_back)
            .add_systems(Update, (count_down, show_menu).chain().in_set(SessionUiSystems::Show));
    }
}
