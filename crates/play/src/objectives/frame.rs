//! The step of objectives in a frame.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::{CurrentSession, SessionStatus};

use super::change::ObjectiveChange;
use super::changing::{make, take_handed_out};
use super::following::follow_changes;
use super::objective::Objective;
use super::progress::ObjectiveProgress;
use super::registry::{Criteria, Criterion};
use super::request::ObjectiveRefusal;
use super::requests::{ObjectiveRequests, handle_requests, refuse_requests};
use super::settling::settle;
use super::tree::Objectives;
use crate::line::{in_rounds, must_wait, pass_over};

/// All that is done about objectives in a frame.
pub(crate) fn go_on(
    world: &mut World,
    objectives: &mut QueryState<(), Changed<Objective>>,
    progress: &mut QueryState<(Entity, &'static ObjectiveProgress), Changed<ObjectiveProgress>>,
) {
    follow_changes(world, (objectives, progress));
    take_handed_out(world);
    if must_wait::<ObjectiveChange>(world) {
        return;
    }
    let Some(session) = world.get_resource::<CurrentSession>() else {
        return refuse_requests(world, &ObjectiveRefusal::NoSession);
    };
    let (now, status) = (session.play_time(), session.status());
    handle_requests(world, now);
    if status == SessionStatus::Active {
        ask_conditions(world, now);
    }
    settle(world, now);
    in_rounds(world, "objectives", |world| answer_observers(world, now));
    pass_over::<ObjectiveChange>(world);
}

/// Does what observers of this frame's changes ask for by now. Whether something was.
fn answer_observers(world: &mut World, now: Duration) -> bool {
    let is_asked = !world.get_resource_or_init::<ObjectiveRequests>().is_empty();
    if is_asked {
        handle_requests(world, now);
        settle(world, now);
    }
    is_asked
}

fn ask_conditions(world: &mut World, now: Duration) {
    let mut criteria = std::mem::take(&mut *world.get_resource_or_init::<Criteria>());
    for Criterion { place, step, condition, .. } in &mut criteria.0 {
        let Some(place) = place.filter(|place| can_be_closed(world, *place)) else { continue };
        if condition.holds(world) {
            make(world, place, step.clone(), now);
        }
    }
    world.insert_resource(criteria);
}

fn can_be_closed(world: &mut World, place: usize) -> bool {
    let objectives = world.get_resource_or_init::<Objectives>();
    objectives
        .view(place)
        .is_some_and(|it| it.is_available() && it.saved().blockers().is_empty() && !it.is_group())
}
