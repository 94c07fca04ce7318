//! The game goes to its menu while a checkpoint is read, or while a restore waits for its level.

use bevy::prelude::*;

use super::restoring::{give_up_restoring, leave_world};
use super::take_up::{give_up_prepared, give_up_preparing};
use crate::capture::is_about_to_leave;
use crate::lifecycle::activity::set_activity;
use crate::lifecycle::notifications::{RestoreCancelled, notify};
use crate::lifecycle::requests::{RequestQueue, close};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::transition::{Restoring, Taken, Transition};

/// Gives up what is being read or restored, if the game has entered a state that closes the session. What was played before
/// is closed as it was left.
pub(in crate::lifecycle) fn give_way_to_menu(parts: &mut RuntimeParts, world: &mut World) {
    let Some(mut queue) = world.get_resource_mut::<RequestQueue>() else { return };
    if !queue.take_menu() {
        return;
    }
    let then = match &mut parts.transition {
        Some(Transition::Restoring(_)) => return abandon_restoring(parts, world),
        Some(Transition::Preparing(preparing)) if parts.playing.is_some() => {
            let has_left_world = preparing.takes_cancellation_back();
            give_up_preparing(parts, world);
            if has_left_world {
                close_played(parts, world);
            }
            return;
        }
        Some(Transition::Ending(ending)) => ending.then.take(),
        Some(Transition::Leaving(leaving)) => leaving.then.take(),
        _ => None,
    };
    if let Some(Taken { prepared, preparing }) = then.map(|taken| *taken) {
        give_up_prepared(parts, world, prepared.metadata.id, preparing.ticket);
    }
}

/// Returns true if the game is about to enter a state that closes the session: what was read isn't wanted any more.
pub(super) fn is_on_the_way_to_menu(parts: &RuntimeParts, world: &mut World) -> bool {
    let is_on_its_way = parts.playing.is_some() && is_about_to_leave(world);
    if is_on_its_way {
        // So that the state closes it, also where the world was to be brought back.
        set_activity(world, |activity| activity.restore = None);
    }
    is_on_its_way
}

fn abandon_restoring(parts: &mut RuntimeParts, world: &mut World) {
    let Some(restoring) = give_up_restoring(parts, world) else { return };
    let Restoring { prepared, preparing, .. } = *restoring;
    let (session, ticket) = (prepared.metadata.id, preparing.ticket);
    leave_world(parts);
    close(world, ticket);
    notify(world, RestoreCancelled { session, ticket, began: true });
    close_played(parts, world);
}

/// Closes the session whose world was left. The state hasn't done it, since that belonged to a restore.
fn close_played(parts: &RuntimeParts, world: &mut World) {
    set_activity(world, |activity| activity.restore = None);
    if let Some(played) = parts.session() {
        world.get_resource_or_init::<RequestQueue>().close_by_state(played);
    }
}
