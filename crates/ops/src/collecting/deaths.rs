//! The processes that died before this one.

use bevy::prelude::*;
use bevy_session::PreviousRun;
use bevy_session::presentation::wall_clock;

use super::super::session_figures::SessionFigures;

/// Takes over which processes died, and the moment since which that is.
pub(in super::super) fn collect(world: &mut World) {
    let has_died = |previous: &PreviousRun| !previous.recent_deaths.is_empty();
    if !world.get_resource::<PreviousRun>().is_some_and(has_died) {
        return;
    }
    let now = wall_clock(world);
    world.resource_scope(|world, mut figures: Mut<SessionFigures>| {
        let Some(previous) = world.get_resource::<PreviousRun>() else { return };
        let deaths = &mut figures.bypass_change_detection().deaths;
        // A process learns at its start of those before it, and of no more.
        if deaths.all.is_empty() {
            deaths.all.clone_from(&previous.recent_deaths);
        }
        deaths.now = now;
    });
}
