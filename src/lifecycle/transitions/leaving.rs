//! Leaves the session that is being played.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::internal::write::Leave;
use bevy_session_journal::{
    CheckpointError, CheckpointKind, EndReason, Leaving, RequestError, SessionId, SessionStatus,
};
use tracing::info;

use super::ending::{begin_ending, leave_after_hooks};
use super::take_up::restore_taken;
use crate::capture::Placed;
use crate::content::{ContentOrder, Order};
use crate::external_saves::ExternalSaveReason;
use crate::lifecycle::chapters::end_chapters_with_session;
use crate::lifecycle::checkpoints::outcomes::give_up_asked;
use crate::lifecycle::checkpoints::take_checkpoint;
use crate::lifecycle::deferring::{give_up_deferred, save_slots_as_left, take_deferred};
use crate::lifecycle::external::ask_external_now;
use crate::lifecycle::notifications::{SessionClosed, SessionEnded, notify};
use crate::lifecycle::recording::{note_lifecycle, take_events, trigger_of};
use crate::lifecycle::requests::{check_text, finish_if_asked};
use crate::lifecycle::runtime::RuntimeParts;
use crate::lifecycle::runtime::transition::{Departure, LeavingSession, Taken, Transition};
use crate::lifecycle::slots::saving::save_exit_slot;
use crate::lifecycle::summary::SessionSummary;
use crate::lifecycle::{CurrentSession, SessionCatalog, playing};

/// Begins to leave the session: first the game's own systems run, then the last checkpoint of the
/// run is taken, and its end ordered.
pub(in crate::lifecycle) fn leave(
    parts: &mut RuntimeParts,
    world: &mut World,
    departure: Departure,
) -> Result<(), RequestError> {
    check_text(&departure.leaving.words)?;
    let session = playing::step(parts, world, departure.step())?;
    begin_ending(parts, world, session, departure);
    Ok(())
}

/// Takes the last checkpoint of the run, and orders its end.
pub(in crate::lifecycle) fn leave_now(
    parts: &mut RuntimeParts,
    world: &mut World,
    departure: Departure,
    then: Option<Box<Taken>>,
) {
    match parts.may_capture() {
        true => take_deferred(parts, world),
        false => save_slots_as_left(parts, world),
    }
    give_up_deferred(parts, world);
    end_chapters_with_session(parts, world, &departure);
    // Behind a closed gate the world is no longer the session's: the checkpoint that was taken as
    // the gate closed is the last one.
    let mut before = None;
    let lacks_last = parts.may_capture() && parts.writer.is_behind();
    note_departure(parts, world, &departure);
    if parts.may_capture() {
        ask_external_now(parts, world, ExternalSaveReason::Exit, None);
        before = parts.newest_captured();
        take_checkpoint(parts, world, CheckpointKind::Exit, None);
    }
    if departure.end.is_none() {
        save_exit_slot(parts, world, before);
    }
    let status = departure.end.map_or(SessionStatus::Closed, EndReason::status);
    // A hook may have taken it away.
    let current = world.get_resource::<CurrentSession>();
    let play_time = current.map_or(Duration::ZERO, |current| current.play_time);
    let (reason, leaving) = (departure.end, departure.leaving.clone());
    let time = parts.time.now().wall;
    parts.order(Order::Leave(Leave { status, reason, leaving, time, play_time }));
    parts.transition =
        Some(Transition::Leaving(Box::new(LeavingSession { departure, then, lacks_last })));
}

fn note_departure(parts: &mut RuntimeParts, world: &mut World, departure: &Departure) {
    let status = departure.end.map_or(SessionStatus::Closed, EndReason::status);
    let subtype = if departure.end.is_some() { "ended" } else { "closed" };
    let Leaving { cause, words, .. } = &departure.leaving;
    note_lifecycle(parts, subtype, trigger_of(*cause), |event| {
        let event = event.of_status(SessionStatus::Active, status);
        if words.is_empty() { event } else { event.details(words) }
    });
    // Also where no checkpoint is taken any more.
    take_events(parts, world);
}

/// Treats the run as left, although its end isn't on disk: the exit has waited long enough.
pub(in crate::lifecycle) fn leave_without_waiting(parts: &mut RuntimeParts, world: &mut World) {
    leave_after_hooks(parts, world);
    // Dropping the link would be the next to wait.
    parts.writer.be_patient_for(Duration::ZERO);
    match parts.session() {
        Some(session) => left(parts, world, session, false, None, Vec::new()),
        None => parts.transition = None,
    }
}

/// The run is over. The checkpoint of another session that was read meanwhile is restored now.
pub(in crate::lifecycle) fn left(
    parts: &mut RuntimeParts,
    world: &mut World,
    session: SessionId,
    complete: bool,
    bytes: Option<u64>,
    types: Vec<(String, u64)>,
) {
    let Some(Transition::Leaving(left)) =
        parts.transition.take_if(|transition| matches!(transition, Transition::Leaving(_)))
    else {
        return;
    };
    let LeavingSession { departure, then, lacks_last } = *left;
    let Departure { end, leaving, ticket } = departure;
    let complete = complete && !lacks_last;
    let has_played = parts.playing.as_ref().is_some_and(|playing| !playing.line.is_untouched());
    if lacks_last || !complete && has_played {
        parts.exit.note_incomplete();
    }
    give_up_asked(parts, world, u64::MAX, &CheckpointError::WriterBehind);
    parts.claims.clear();
    parts.forks.clear();
    parts.has_failed = false;
    let mut summary = SessionSummary::default();
    let current = world.remove_resource::<CurrentSession>();
    if let Some(playing) = parts.playing.take() {
        if let Some(current) = &current {
            summary = playing.figures.sum_up(current, parts.time.now(), types);
        }
        parts.order(Order::Content(ContentOrder::Free(Box::new(playing.recorder))));
    }
    if let Some(mut placed) = world.get_resource_mut::<Placed>() {
        placed.end();
    }
    if let Some(current) = current {
        let mut catalog = world.get_resource_or_init::<SessionCatalog>();
        catalog.note_left(&current, leaving.clone(), bytes);
    }
    let Leaving { cause, words, .. } = &leaving;
    info!(%session, ?end, ?cause, words, complete, "session left");
    match end {
        None => notify(world, SessionClosed { session, leaving, complete, summary }),
        Some(reason) => {
            notify(world, SessionEnded { session, reason, leaving, complete, summary });
        }
    }
    finish_if_asked(world, ticket);
    if let Some(taken) = then {
        restore_taken(parts, world, *taken);
    }
}
