//! What happens around the dialog while it is open: nothing, and the player has to see it.

use std::time::Duration;

use bevy::prelude::*;

use super::RecoveryDialog;
use crate::lifecycle::{RestorePhase, SessionActivity, SessionHint, give_hint};

/// Whether the game's time stands still while the dialog is open.
#[derive(Resource)]
pub(super) struct StandsStill(pub bool);

/// Pauses the game's time while the player is asked, unless the game has paused it itself.
pub(super) fn hold_time(
    dialog: Res<RecoveryDialog>,
    stands_still: Res<StandsStill>,
    activity: Option<Res<SessionActivity>>,
    time: Option<ResMut<Time<Virtual>>>,
    mut is_held: Local<bool>,
) {
    let Some(mut time) = time else { return };
    // What the game loads a level with may need time.
    let phase = activity.and_then(|activity| activity.restore());
    let is_put_back = phase.is_some_and(|phase| phase != RestorePhase::Reading);
    let holds = dialog.is_open() && !is_put_back && stands_still.0;
    if holds && !*is_held && !time.is_paused() {
        time.pause();
        *is_held = true;
    } else if !holds && std::mem::take(&mut *is_held) {
        time.unpause();
    }
}

/// A camera that isn't there by then may never be.
const CAMERA_PATIENCE: Duration = Duration::from_secs(2);

/// Gives a hint that the dialog can't be seen.
pub(super) fn hint_at_camera(
    dialog: Res<RecoveryDialog>,
    cameras: Query<(), With<Camera>>,
    time: Res<Time<Real>>,
    mut waited: Local<Duration>,
    mut commands: Commands,
) {
    if !dialog.is_open() || !cameras.is_empty() {
        *waited = Duration::ZERO;
        return;
    }
    let before = *waited;
    *waited += time.delta();
    if before < CAMERA_PATIENCE && *waited >= CAMERA_PATIENCE {
        commands.queue(|world: &mut World| give_hint(world, SessionHint::DialogWithoutCamera));
    }
}
