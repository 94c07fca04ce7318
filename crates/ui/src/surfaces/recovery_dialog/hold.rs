//! Pauses the game's time while the dialog is open, and hints at a missing camera.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::hints::SessionHint;
use bevy_session::internal::give_hint;

use super::RecoveryDialog;
use crate::surfaces::hold::Held;

/// True if the game's time is paused while the dialog is open.
#[derive(Resource)]
pub(super) struct StandsStill(pub bool);

/// Pauses the game's time while the player is asked.
pub(super) fn hold_time(dialog: Res<RecoveryDialog>, stands_still: Res<StandsStill>, held: Held) {
    held.while_open(dialog.is_open() && stands_still.0);
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
