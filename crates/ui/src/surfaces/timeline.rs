//! The timeline of the session that is played: its checkpoints and branches, to go back to.

mod act;
mod draw;
mod rows;
mod state;
mod thin;
mod view;

use bevy::prelude::*;

use self::act::{
    act, close_timeline, corruption_detected, go_back, open_timeline, recovery_failed,
    request_rejected, restore_cancelled, scroll, session_restored, show_timeline,
};
pub use self::state::SessionTimeline;
use self::state::StandsStill;
use super::core::{SessionUiSystems, add_core};

/// The timeline of the session that is played, to go back in. Open it with [`OpenSessionTimeline`]; the
/// [session menu](super::SessionMenuPlugin) and the [session panel](super::SessionPanelPlugin) have a
/// button for it.
///
/// It shows the line that is played, the newest checkpoint first, each with its play time, what it is
/// called, the chapter and the picture (an attachment that is called `thumbnail`), and beneath the
/// checkpoint where it left that line each branch. What is chosen is gone back to with a button of its
/// own, by [`rewind`](bevy_session::SessionCommands::rewind); what that leaves is a branch then, and another
/// button takes it back. It closes once something was restored.
///
/// Of the line that is played these are shown: the newest 8 checkpoints and the oldest; those that have a
/// name or begin a chapter, and those where a branch left; and of all others the newest of each minute of
/// play within the last 10 minutes, and of each 10 minutes before. Of a branch its end is shown and its newest
/// 3 of those that have a name or begin a chapter.
///
/// While it is open, `Time<Virtual>` is paused, as it is with the recovery dialog, and goes on where the
/// game loads a level. See [`let_time_pass`](Self::let_time_pass).
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session_ui::{OpenSessionTimeline, SessionTimelinePlugin};
///
/// App::new()
///     .add_plugins((DefaultPlugins, SessionPlugin::new("Studio", "Hop")))
///     .add_plugins(SessionTimelinePlugin::default())
///     .add_systems(Update, rewind_key.run_if(|keys: Res<ButtonInput<KeyCode>>| {
///         keys.just_pressed(KeyCode::KeyR)
///     }))
///     .run();
///
/// fn rewind_key(mut commands: Commands) {
///     commands.trigger(OpenSessionTimeline::default());
/// }
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SessionTimelinePlugin {
    lets_time_pass: bool,
}

impl SessionTimelinePlugin {
    /// Lets `Time<Virtual>` run while the timeline is open.
    #[must_use]
    pub fn let_time_pass(mut self) -> Self {
        self.lets_time_pass = true;
        self
    }
}

/// Opens the [timeline](SessionTimelinePlugin) of the session that is played. Without one, and while it is open, it does
/// nothing. Trigger it.
///
/// [`OpenSessionTimeline::default`] opens it for the game itself, [`by`](Self::by) for a player, as it is with the
/// [session menu](super::OpenSessionMenu).
#[derive(Event, Clone, PartialEq, Eq, Debug, Default)]
pub struct OpenSessionTimeline {
    pub(super) by: Option<String>,
}

impl OpenSessionTimeline {
    /// Opens it for a player, as the game calls them.
    #[must_use]
    pub fn by(player: impl Into<String>) -> Self {
        Self { by: Some(player.into()) }
    }
}

/// Closes the [timeline](SessionTimelinePlugin). Trigger it.
#[derive(Event, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CloseSessionTimeline;

impl Plugin for SessionTimelinePlugin {
    fn build(&self, app: &mut App) {
        add_core(app);
        app.init_resource::<SessionTimeline>()
            .insert_resource(StandsStill(!self.lets_time_pass))
            .add_observer(open_timeline)
            .add_observer(close_timeline)
            .add_observer(request_rejected)
            .add_observer(corruption_detected)
            .add_observer(recovery_failed)
            .add_observer(session_restored)
            .add_observer(restore_cancelled)
            .add_observer(act)
            .add_observer(scroll)
            .add_observer(go_back)
            .add_systems(Update, (show_timeline, hold_time).chain().in_set(SessionUiSystems::Show));
    }
}

/// Pauses the game's time while the timeline is open.
fn hold_time(
    timeline: Res<SessionTimeline>,
    stands_still: Res<StandsStill>,
    held: super::hold::Held,
) {
    held.while_open(timeline.is_open() && stands_still.0);
}
