//! Follows the run that began with a restore, until it was played for long enough.

use bevy::prelude::*;
use bevy_session_journal::internal::read::recovery::PROBATION;

use super::RunOnTrial;
use crate::content::Order;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::{CurrentSession, SessionSettings};

/// Follows the run that began with a restore, until it was played for long enough.
pub(in crate::lifecycle) fn follow_trial(parts: &mut RuntimeParts, world: &World) {
    let Some(playing) = &parts.playing else {
        parts.start_up.trial = None;
        return;
    };
    if !world.contains_resource::<CurrentSession>() {
        return;
    }
    let session = playing.session;
    let is_known =
        parts.start_up.trial.as_ref().is_some_and(|trial| trial.run == playing.line.run());
    if !is_known {
        let was_restored = playing.line.was_restored();
        let settings = world.get_resource::<SessionSettings>();
        let probation = settings.map_or(PROBATION, |settings| settings.probation);
        let left = was_restored.then_some(probation);
        parts.start_up.trial = Some(RunOnTrial { run: playing.line.run(), left });
        parts.start_up.ladders.remove(&session);
    }
    let Some(trial) = &mut parts.start_up.trial else { return };
    if trial.left.take_if(|left| left.is_zero()).is_some() {
        parts.order(Order::EndTrial(session));
    }
}
