//! The game goes to its menu while a checkpoint is read, or while a restore waits for its level.

use bevy::prelude::*;
use bevy_session_journal::RequestError;

use super::restoring::{give_up_restoring, leave_world};
use super::take_up::{give_up_prepared, give_up_preparing};
use crate::capture::is_about_to_leave;
use crate::lifecycle::activity::set_activity;
use crate::lifecycle::gates::gate_may_have_moved;
use crate::lifecycle::notifications::{RestoreCancelled, notify};
use crate::lifecycle::requests::{RequestQueue, close, reject_asked};
use crate::lifecycle::runtime::transition::{Restoring, Transition};
use crate::lifecycle::runtime::{Course, RuntimeParts};

/// Gives up what is being read or restored, if the game has entered a state that closes the session. What was played before
/// is closed as it was left.
pub(in crate::lifecycle) fn give_way_to_menu(parts: &mut RuntimeParts, world: &mut World) {
    if matches!(parts.transition, Some(Transition::Opening { .. })) {
        // The session is closed as soon as it has begun.
        return;
    }
    let Some(mut queue) = world.get_resource_mut::<RequestQueue>() else { return };
    if queue.take_menu().is_none() {
        return;
    }
    let is_given_up = give_up_restore(parts, world);
    if is_given_up {
        clear_the_way(parts, world);
    }
    let is_played = parts.playing.is_some() && parts.transition.is_none();
    if is_given_up || is_played {
        // Those of this frame were asked for on the way, and lead on from the menu.
        for asked in world.get_resource_or_init::<RequestQueue>().take_what_led_on() {
            reject_asked(world, asked, RequestError::Cancelled);
        }
    }
    if let Some(played) = parts.session() {
        let mut queue = world.get_resource_or_init::<RequestQueue>();
        // The state itself closes nothing where the world belongs to a restore.
        if !queue.is_closed_by_state() {
            queue.close_by_state(played);
        }
    }
}

/// The states have changed, and nothing of the last ones was despawned. If the game has left its session for a state that
/// closes it, an earlier moment of it that is being read isn't wanted any more: what was played since is saved.
pub(in crate::lifecycle) fn give_way_before_exit(parts: &mut RuntimeParts, world: &mut World) {
    // The gate itself is asked once, by what comes next.
    if parts.course() == Course::Undecided
        && parts.may_capture()
        && gate_may_have_moved(parts, world)
        && parts.hooks.is_where_sessions_close(world)
    {
        give_up_preparing(parts, world);
    }
}

/// Returns true if the game is about to enter a state that closes the session: what was read isn't wanted any more.
pub(super) fn is_on_the_way_to_menu(parts: &mut RuntimeParts, world: &mut World) -> bool {
    let is_on_its_way = parts.playing.is_some() && is_about_to_leave(world);
    if is_on_its_way {
        clear_the_way(parts, world);
    }
    is_on_its_way
}

/// The world isn't brought back: states act as usual, and none that was held back follows the menu.
fn clear_the_way(parts: &mut RuntimeParts, world: &mut World) {
    set_activity(world, |activity| activity.restore = None);
    parts.hooks.held_state = None;
}

/// Gives up what is read, what waits for its level, or what was to follow the session that is being left. Returns false if
/// there is none of it.
fn give_up_restore(parts: &mut RuntimeParts, world: &mut World) -> bool {
    let then = match &mut parts.transition {
        Some(Transition::Restoring(_)) => {
            abandon_restoring(parts, world);
            return true;
        }
        Some(Transition::Preparing(_)) if parts.playing.is_some() => {
            give_up_preparing(parts, world);
            return true;
        }
        Some(Transition::Ending(ending)) => ending.then.take(),
        Some(Transition::Leaving(leaving)) => leaving.then.take(),
        _ => None,
    };
    if let Some(taken) = &then {
        give_up_prepared(parts, world, taken.prepared.metadata.id, &taken.preparing);
    }
    then.is_some()
}

fn abandon_restoring(parts: &mut RuntimeParts, world: &mut World) {
    let Some(restoring) = give_up_restoring(parts, world) else { return };
    let Restoring { prepared, preparing, .. } = *restoring;
    let (session, ticket) = (prepared.metadata.id, preparing.ticket);
    leave_world(parts);
    close(world, ticket);
    if !preparing.takes_cancellation_back() {
        notify(world, RestoreCancelled { session, ticket, began: true });
    }
}
