//! Failures of the game that it survives.

use bevy::prelude::*;

use crate::checkpoints::SurvivedFailure;
use crate::content::Order;
use crate::failures::{Failure, FailureWatch, Failures};
use crate::lifecycle::hints::{SessionHint, give_hint};
use crate::lifecycle::runtime::RuntimeParts;

/// Records that code of the game failed in this frame and the game continues.
pub(in crate::lifecycle) fn note_failures(parts: &mut RuntimeParts, world: &mut World) {
    let Failures { count, newest: Some(Failure { of, error, panicked }) } =
        FailureWatch::take(world)
    else {
        return;
    };
    let frame = parts.exit.frame();
    let hint = SessionHint::WentOnAfterFailure { of: of.clone(), error: error.clone(), frame };
    give_hint(world, hint);
    let failure = SurvivedFailure::new(of, error, panicked, parts.time.now().wall);
    if parts.exit.game_goes_on_after(failure, count) {
        parts.order(Order::Beat);
    }
    parts.has_failed = true;
}
