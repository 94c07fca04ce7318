//! Applies the pace that is in force, and the write rate.

use bevy::prelude::*;
use tracing::info;

use crate::lifecycle::SessionSettings;
use crate::lifecycle::notifications::{AutosaveStretched, PaceChanged, notify};
use crate::lifecycle::paces::{CurrentPace, SessionPaces};
use crate::lifecycle::runtime::RuntimeParts;
use crate::monitoring::Restraints;

/// Updates the current pace, once a frame.
pub(in crate::lifecycle) fn follow_paces(parts: &mut RuntimeParts, world: &mut World) {
    let mut now = CurrentPace::of(&world.get_resource_or_init::<SessionSettings>());
    for condition in &mut parts.hooks.paces {
        let holds = condition.ask(world);
        let paces = world.get_resource::<SessionPaces>();
        if let Some(pace) = paces.filter(|_| holds).and_then(|it| it.get(&condition.name)) {
            now.take_over(&condition.name, pace);
        }
    }
    if let Some(restraints) = world.get_resource::<Restraints>() {
        now.stretch(restraints.stretch);
        now.limit_capture(restraints.capture_time);
    }
    let before = world.get_resource::<CurrentPace>();
    let is_first = before.is_none();
    if before == Some(&now) {
        return;
    }
    world.insert_resource(now.clone());
    keep_to_write_rate(parts, world);
    let Some(session) = parts.session().filter(|_| !is_first) else { return };
    let CurrentPace { interval, max_bytes_per_second, capture_budget, by, .. } = now;
    info!(%session, ?interval, max_bytes_per_second, ?by, "the pace of automatic checkpoints has changed");
    notify(world, PaceChanged { session, interval, capture_budget, by });
}

/// Lengthens the interval if automatic checkpoints write more than they may.
pub(in crate::lifecycle) fn keep_to_write_rate(parts: &mut RuntimeParts, world: &mut World) {
    let Some(playing) = &mut parts.playing else { return };
    let session = playing.session;
    let CurrentPace { interval, max_bytes_per_second, .. } =
        *world.get_resource_or_init::<CurrentPace>();
    let Some(interval) = playing.pace.keep_to_rate(interval, max_bytes_per_second) else {
        return;
    };
    info!(?interval, "automatic checkpoints are taken less often, to keep to the write rate");
    notify(world, AutosaveStretched { session, interval });
}
