//! Asks the player what is to become of a crashed session.

mod act;
mod draw;
mod fork;
mod hold;
mod state;
mod view;

use std::path::PathBuf;

use bevy::prelude::*;

use self::act::{
    answer, backup_not_loaded, corruption_detected, go_back, offers_changed, recovery_available,
    recovery_failed, reopen, report_written, request_rejected, restore_cancelled, restore_stalled,
    scroll, session_restored, session_started, show_dialog,
};
use self::fork::LocalZone;
use self::hold::{StandsStill, hint_at_camera, hold_time};
pub use self::state::RecoveryDialog;
use self::state::ReportPlace;
use super::core::{SessionUiSystems, add_core};

/// A dialog that opens when [`RecoveryAvailable`](bevy_session::RecoveryAvailable) says that a crashed
/// session can be had back.
///
/// It says what happened and what was lost, proposes the best checkpoint, lets the player choose
/// another one, a slot, a backup of the game's own or a way out that the game adds, and answers with
/// [`recover`](bevy_session::SessionCommands::recover),
/// [`recover`](bevy_session::external::ExternalCommands::recover),
/// [`take_option`](bevy_session::external::ExternalCommands::take_option) or
/// [`decline`](bevy_session::SessionCommands::decline). If what was chosen can't be restored, it says so and
/// proposes the next best. It opens where
/// [`offer_recovery_in`](bevy_session::SessionHooksExt::offer_recovery_in) lets it, and closes by itself once
/// a session is played.
///
/// While it is open, `Time<Virtual>` is paused, and with it all that goes by time: nothing of a game
/// that plays on behind the question would be in the session that is recovered. If the game loads a
/// level to put the session into, time goes on. See [`let_time_pass`](Self::let_time_pass).
///
/// Escape, or East on a gamepad, puts the question off: the offer stays, and
/// [`OpenRecoveryDialog`] asks again.
///
/// ```no_run
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session_ui::RecoveryDialogPlugin;
///
/// App::new()
///     .add_plugins((DefaultPlugins, SessionPlugin::new("Studio", "Hop")))
///     .add_plugins(RecoveryDialogPlugin::default())
///     .run();
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RecoveryDialogPlugin {
    reports: Option<PathBuf>,
    lets_time_pass: bool,
}

impl RecoveryDialogPlugin {
    /// The directory, which must exist, for reports that the player saves. By default it is the one
    /// that the platform has for documents, or the player's home.
    #[must_use]
    pub fn reports_in(mut self, directory: impl Into<PathBuf>) -> Self {
        self.reports = Some(directory.into());
        self
    }

    /// Lets `Time<Virtual>` run while the dialog is open: for menus whose background moves. A game without a menu then
    /// has to stand still by itself, with
    /// `run_if(not(recovery_is_pending).or_else(session_is_active))`.
    #[must_use]
    pub fn let_time_pass(mut self) -> Self {
        self.lets_time_pass = true;
        self
    }
}

/// Asks again about crashed sessions that the player has not answered. Trigger it, from a menu say:
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session_ui::OpenRecoveryDialog;
///
/// fn what_was_that_again(mut commands: Commands) {
///     commands.trigger(OpenRecoveryDialog);
/// }
/// # bevy::ecs::system::assert_is_system(what_was_that_again);
/// ```
#[derive(Event, Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OpenRecoveryDialog;

impl Plugin for RecoveryDialogPlugin {
    fn build(&self, app: &mut App) {
        add_core(app);
        app.init_resource::<RecoveryDialog>()
            .init_resource::<LocalZone>()
            .insert_resource(ReportPlace(self.reports.clone()))
            .insert_resource(StandsStill(!self.lets_time_pass))
            .add_observer(reopen)
            .add_observer(recovery_available)
            .add_observer(recovery_failed)
            .add_observer(request_rejected)
            .add_observer(backup_not_loaded)
            .add_observer(corruption_detected)
            .add_observer(restore_stalled)
            .add_observer(restore_cancelled)
            .add_observer(session_restored)
            .add_observer(session_started)
            .add_observer(report_written)
            .add_observer(answer)
            .add_observer(scroll)
            .add_observer(go_back)
            .add_systems(
                Update,
                (offers_changed, show_dialog, hold_time, hint_at_camera)
                    .chain()
                    .in_set(SessionUiSystems::Show),
            );
    }
}
