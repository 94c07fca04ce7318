//! Leaves cleanly when the app exits.

use std::time::Instant;

use bevy::prelude::*;
use bevy_session_journal::RequestError;
use bevy_session_journal::internal::model::clock::{self, deadline};
use tracing::warn;

use super::answers::{handle_report, handle_reports};
use crate::content::Order;
use crate::lifecycle::SessionSettings;
use crate::lifecycle::external::wait_for_external_saves;
use crate::lifecycle::replicas::wait_for_replica;
use crate::lifecycle::requests::{RequestQueue, reject_all, reject_asked};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::transition::Departure;
use crate::lifecycle::transitions::backups::cancel_loading;
use crate::lifecycle::transitions::ending::{go_on_ending, pause_between_hooks};
use crate::lifecycle::transitions::leaving::{self, leave_without_waiting};
use crate::lifecycle::transitions::restoring::cancel_restoring;
use crate::lifecycle::transitions::take_up::give_up_preparing;

/// Once the app's exit is seen, records it, closes the session and waits, for a bounded time, until
/// that is on disk.
pub(in crate::lifecycle) fn exit_if_asked(parts: &mut RuntimeParts, world: &mut World) {
    let is_asked = parts.exit.is_asked_for(world);
    if parts.exit.was_seen() && !is_asked {
        play_on(parts);
    }
    if !is_asked {
        return;
    }
    if parts.exit.was_seen() {
        parts.exit.exit_with_an_error_if_incomplete(world);
        return answer_before_exit(world);
    }
    parts.exit.note_seen();
    parts.write_exit_down();
    // What is being read or waits for a gate is given up; it can be restored at the next start.
    give_up_preparing(parts, world);
    cancel_restoring(parts, world);
    cancel_loading(parts, world);
    let patience = world.get_resource_or_init::<SessionSettings>().patience.exit;
    let deadline = deadline(patience);
    if parts.playing.is_some() && !parts.is_leaving() {
        parts.transition = None;
        wait_for_room(parts, world, deadline);
        let cause = parts.exit.cause(world);
        if let Err(error) = leaving::leave(parts, world, Departure::close(cause)) {
            warn!(%error, "the session can't be closed at the exit");
            parts.exit.note_incomplete();
        }
    }
    wait_until_left(parts, world, deadline);
    wait_for_external_saves(parts, world, deadline);
    wait_for_replica(parts, world);
    // What is done already is no news of later.
    handle_reports(parts, world);
    parts.start_up.take_race();
    answer_before_exit(world);
    parts.exit.exit_with_an_error_if_incomplete(world);
}

/// Continues after an exit that the app's runner ignored. Another one will come.
pub(in crate::lifecycle) fn play_on(parts: &mut RuntimeParts) {
    parts.exit.note_ignored();
    parts.order(Order::Beat);
}

/// Waits until the writer can take one more capture: the last one.
pub(super) fn wait_for_room(parts: &mut RuntimeParts, world: &mut World, deadline: Instant) {
    while parts.writer.is_behind() {
        match parts.writer.link.wait_for_report(deadline, parts.time.now()) {
            Some(report) => handle_report(parts, world, report),
            None => return,
        }
    }
}

fn wait_until_left(parts: &mut RuntimeParts, world: &mut World, deadline: Instant) {
    while parts.is_leaving() {
        go_on_ending(parts, world);
        let pause = pause_between_hooks(parts).map(clock::deadline);
        let until = pause.unwrap_or(deadline);
        match parts.writer.link.wait_for_report(until, parts.time.now()) {
            Some(report) => handle_report(parts, world, report),
            None if pause.is_some() => {}
            None => {
                warn!(
                    "the exit waited too long: the last checkpoint and the session's end aren't \
                     on disk"
                );
                leave_without_waiting(parts, world);
            }
        }
    }
}

/// Answers the requests whose answer couldn't be read later.
fn answer_before_exit(world: &mut World) {
    for asked in world.get_resource_or_init::<RequestQueue>().take_all() {
        reject_asked(world, asked, RequestError::Exiting);
    }
    reject_all(world, None, &RequestError::Exiting);
}
