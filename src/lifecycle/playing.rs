//! Requests about the played session.

use bevy::prelude::*;
use bevy_session_journal::internal::format::Record;
use bevy_session_journal::{
    CheckpointKind, EventTrigger, Move, RequestError, SessionId, SessionStatus, SessionUpdate,
};

use super::CurrentSession;
use super::checkpoints::take_checkpoint;
use super::deferring::take_or_defer;
use super::external::want_external_save;
use super::gates::saves_by_itself;
use super::notifications::{SessionPaused, SessionResumed, SessionUpdated, notify};
use super::recording::note_lifecycle;
use super::requests::check_text;
use super::runtime::RuntimeParts;
use super::runtime::asked_checkpoints::WantedCheckpoint;
use crate::capture::Placed;
use crate::content::Order;
use crate::external_saves::ExternalSaveReason;

pub(super) fn pause(parts: &mut RuntimeParts, world: &mut World) -> Result<(), RequestError> {
    let session = step(parts, world, Move::Pause)?;
    if saves_by_itself(world) && parts.may_capture() {
        want_external_save(parts, ExternalSaveReason::Pause, None);
        take_checkpoint(parts, world, CheckpointKind::Pause, None);
    }
    write_status(parts, world);
    note_step(parts, world, "paused", SessionStatus::Active);
    notify(world, SessionPaused { session });
    Ok(())
}

pub(super) fn resume(parts: &mut RuntimeParts, world: &mut World) -> Result<(), RequestError> {
    let session = step(parts, world, Move::Resume)?;
    write_status(parts, world);
    note_step(parts, world, "resumed", SessionStatus::Paused);
    notify(world, SessionResumed { session });
    Ok(())
}

pub(super) fn update(
    parts: &mut RuntimeParts,
    world: &mut World,
    update: &SessionUpdate,
) -> Result<(), RequestError> {
    let now = parts.time.now().wall;
    let current = &mut *parts.played_session(world)?;
    update.check(&current.metadata, &current.fields)?;
    let (metadata_changes, fields_change) =
        update.clone().apply(&mut current.metadata, &mut current.fields);
    current.fields_changed |= fields_change;
    current.updated = now;
    let (session, metadata) = (current.id(), current.metadata.clone());
    if metadata_changes {
        parts.order(Order::Write(Record::Metadata(Box::new(metadata))));
    }
    notify(world, SessionUpdated { session });
    Ok(())
}

pub(super) fn checkpoint_on_request(
    parts: &mut RuntimeParts,
    world: &mut World,
    wanted: WantedCheckpoint,
) -> Result<(), RequestError> {
    parts.require_session()?;
    check_text(wanted.label.as_deref().unwrap_or_default())?;
    take_or_defer(parts, world, wanted);
    Ok(())
}

pub(super) fn change_placed(
    parts: &RuntimeParts,
    world: &mut World,
    change: impl FnOnce(&mut Placed),
) -> Result<(), RequestError> {
    parts.require_session()?;
    if let Some(mut placed) = world.get_resource_mut::<Placed>() {
        change(&mut placed);
    }
    Ok(())
}

/// Changes the status of the session that is being played, if the transition is allowed.
pub(super) fn step(
    parts: &mut RuntimeParts,
    world: &mut World,
    step: Move,
) -> Result<SessionId, RequestError> {
    let now = parts.time.now().wall;
    let mut current = world.get_resource_mut::<CurrentSession>().ok_or(RequestError::NoSession)?;
    current.status = current.status.after(step)?;
    current.updated = now;
    Ok(current.id())
}

fn note_step(parts: &mut RuntimeParts, world: &World, subtype: &str, previous: SessionStatus) {
    let Some(current) = world.get_resource::<CurrentSession>() else { return };
    let by_state = parts.playing.as_ref().is_some_and(|playing| playing.paused_by_state);
    let trigger = if by_state { EventTrigger::State } else { EventTrigger::Player };
    let status = current.status;
    note_lifecycle(parts, subtype, trigger, |event| event.of_status(previous, status));
}

fn write_status(parts: &mut RuntimeParts, world: &World) {
    let Some(current) = world.get_resource::<CurrentSession>() else { return };
    let (status, play_time) = (current.status, current.play_time);
    debug_assert!(matches!(status, SessionStatus::Active | SessionStatus::Paused));
    parts.order(Order::Write(Record::Status { status, time: parts.time.now().wall, play_time }));
}
