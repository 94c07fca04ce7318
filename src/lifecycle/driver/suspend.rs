//! Saves before the system suspends the game, as a phone does, and may end it without notice.

use std::time::Instant;

use bevy::prelude::*;
use bevy_session_journal::CheckpointKind;
use bevy_session_journal::internal::model::clock::deadline;
use tracing::warn;

use super::answers::handle_report;
use super::exit::wait_for_room;
use crate::external_saves::ExternalSaveReason;
use crate::lifecycle::SessionSettings;
use crate::lifecycle::checkpoints::take_checkpoint;
use crate::lifecycle::external::ask_external_now;
use crate::lifecycle::gates::saves_by_itself;
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::suspension::Suspension;

/// Once the system suspends the game, takes a checkpoint and waits, for a bounded time, until it is
/// on disk: there may be no other frame. If it can't be captured now, during a restore or behind a
/// closed gate, it isn't captured later either, since the moment is over then.
pub(in crate::lifecycle) fn suspend_if_asked(parts: &mut RuntimeParts, world: &mut World) {
    if !Suspension::begins(world) {
        if !Suspension::is_on(world) {
            parts.exit.note_resumed();
        }
        return;
    }
    let patience = world.get_resource_or_init::<SessionSettings>().patience.suspend;
    let deadline = deadline(patience);
    parts.exit.note_suspended();
    if parts.is_captured() && parts.may_capture() && saves_by_itself(world) {
        let label = "suspended".to_owned();
        ask_external_now(parts, world, ExternalSaveReason::Leaving, Some(&label));
        wait_for_room(parts, world, deadline);
        take_checkpoint(parts, world, CheckpointKind::State, Some(label));
    }
    wait_until_durable(parts, world, deadline);
}

/// Waits until all captures are on disk.
fn wait_until_durable(parts: &mut RuntimeParts, world: &mut World, deadline: Instant) {
    while parts.playing.as_ref().is_some_and(|playing| playing.line.is_ahead_of_disk()) {
        match parts.writer.link.wait_for_report(deadline, parts.time.now()) {
            Some(report) => handle_report(parts, world, report),
            None => {
                warn!("the game is suspended before its newest checkpoint is on disk");
                return;
            }
        }
    }
}
