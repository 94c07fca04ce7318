//! Consequences of changes: other objectives become available, and groups close and open.

use std::time::Duration;

use bevy::prelude::*;
use tracing::debug;

use super::change::ObjectiveStep;
use super::changing::{make, save};
use super::notifications::ObjectiveAvailable;
use super::progress::ObjectiveState;
use super::summary;
use super::tree::Objectives;
use crate::line::announce;

/// Follows up on all that changed, and says in the session's fields how far it is now.
pub(crate) fn settle(world: &mut World, at: Duration) {
    let objectives = world.get_resource_or_init::<Objectives>();
    if !objectives.is_stale() {
        return;
    }
    follow_up(world, at);
    let mut objectives = world.get_resource_or_init::<Objectives>();
    objectives.add_up();
    objectives.note_settled();
    summary::publish(world);
}

/// Follows up on all that changed, until nothing more follows.
pub(crate) fn follow_up(world: &mut World, at: Duration) {
    loop {
        let touched = world.get_resource_or_init::<Objectives>().take_touched();
        if touched.is_empty() {
            return;
        }
        unlock(world, &touched, at);
        close_groups(world, &touched, at);
    }
}

/// Makes available what waited for these, and these themselves if they are new.
pub(crate) fn unlock(world: &mut World, touched: &[usize], at: Duration) {
    let mut objectives = world.get_resource_or_init::<Objectives>();
    let mut unlocked = Vec::new();
    for place in objectives.waiting_for(touched) {
        let changed = objectives.change(place, |progress| progress.unlock(at));
        let key = objectives.node(place).map(|node| node.definition.key().clone());
        unlocked.extend(changed.zip(key));
    }
    for (changed, key) in unlocked {
        save(world, changed);
        debug!(%key, "objective available");
        announce(world, ObjectiveAvailable { key });
    }
}

/// Closes the groups around these whose members are done, and opens those whose members aren't any more.
fn close_groups(world: &mut World, touched: &[usize], at: Duration) {
    for group in world.get_resource_or_init::<Objectives>().groups_around(touched) {
        let objectives = world.get_resource_or_init::<Objectives>();
        let Some(state) = objectives.state_by_members(group) else { continue };
        if objectives.node(group).is_some_and(|node| node.progress.state() != state) {
            let step = match state {
                ObjectiveState::Open => ObjectiveStep::Reopened,
                ObjectiveState::Completed => ObjectiveStep::Completed,
                ObjectiveState::Failed => ObjectiveStep::Failed,
            };
            make(world, group, step, at);
        }
    }
}
