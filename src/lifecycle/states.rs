//! Reacts to the game's states.

use bevy::prelude::*;
use bevy_session_journal::{CheckpointKind, EventTrigger, SessionStatus};
use tracing::debug;

use super::checkpoints::pacing::follow_paces;
use super::checkpoints::take_checkpoint;
use super::deferring::{take_deferred_checkpoints, take_next_deferred, wants_slot};
use super::external::{ask_external_now, waits_for_backups, want_external_save};
use super::gates::{gate_is_open, gate_may_have_moved, saves_by_itself};
use super::hints::look_before_states;
use super::hooks::Condition;
use super::hooks::game_hooks::CheckpointTriggers;
use super::recording::note_lifecycle;
use super::runtime::transition::Transition;
use super::runtime::{Course, Runtime, RuntimeParts};
use super::start_up::offers::announce;
use super::{CurrentSession, SessionSettings, playing};
use crate::capture::{StateLog, StatesBeingLeft};
use crate::external_saves::ExternalSaveReason;

/// Reacts to the game's states, once a frame.
pub(super) fn follow_states(parts: &mut RuntimeParts, world: &mut World) {
    make_offers(parts, world);
    let course = parts.course();
    if course == Course::Outside {
        // Those of a menu, or of a restore, are no part of the session's way.
        if let Some(mut log) = world.get_resource_mut::<StateLog>().filter(|log| !log.is_empty()) {
            log.take();
        }
        return;
    }
    let is_open = gate_is_open(parts, world);
    parts.turn_gate(is_open);
    // Whether this is the session's way isn't known, but what may be captured is: the restore may be given up.
    if course == Course::Undecided {
        return;
    }
    log_state_changes(parts, world);
    pause_with_states(parts, world);
    follow_paces(parts, world);
}

/// Sends the offers that wait for the game's menu.
fn make_offers(parts: &mut RuntimeParts, world: &mut World) {
    let is_ready = parts.transition.is_none() && !waits_for_backups(parts);
    if parts.start_up.withholds_offers() && is_ready && parts.hooks.is_in_menu(world) {
        for offer in parts.start_up.take_offers() {
            announce(world, offer);
        }
    }
}

fn log_state_changes(parts: &mut RuntimeParts, world: &mut World) {
    let Some(mut log) = world.get_resource_mut::<StateLog>() else { return };
    if log.is_empty() {
        return;
    }
    let changes = log.take();
    for change in &changes {
        let (previous, status) = (change.from.clone(), change.to.clone());
        note_lifecycle(parts, "state_changed", EventTrigger::State, |event| {
            event.between(previous, status).details(change.state.clone())
        });
    }
    if let Some(mut session) = world.get_resource_mut::<CurrentSession>() {
        session.note_states(changes);
    }
}

/// Pauses when the game enters a state in which the session is paused, and resumes when it leaves
/// it. The game's own requests meanwhile take precedence.
fn pause_with_states(parts: &mut RuntimeParts, world: &mut World) {
    let any = |found, condition: &mut Condition| condition.ask(world) || found;
    let wanted = parts.hooks.pause_in.iter_mut().fold(false, any);
    let Some(playing) = &mut parts.playing else { return };
    if std::mem::replace(&mut playing.paused_by_state, wanted) == wanted {
        return;
    }
    let status = world.get_resource::<CurrentSession>().map(|session| session.status);
    let result = match (wanted, status) {
        (true, Some(SessionStatus::Active)) => playing::pause(parts, world),
        (false, Some(SessionStatus::Paused)) => playing::resume(parts, world),
        _ => Ok(()),
    };
    if let Err(error) = result {
        debug!(%error, "the session can't follow the game's state");
    }
}

/// Takes the checkpoints that states request, not more often than the settings allow.
pub(super) fn checkpoint_with_states(parts: &mut RuntimeParts, world: &mut World) {
    let is_captured = parts.is_captured();
    let Some(playing) = &mut parts.playing else { return };
    if let Some(mut triggers) = world.get_resource_mut::<CheckpointTriggers>()
        && !triggers.entered.is_empty()
    {
        playing.triggered = triggers.entered.pop();
        triggers.entered.clear();
    }
    if !is_captured || !playing.gate.is_open() {
        return;
    }
    if !playing.deferred.is_empty() {
        take_next_deferred(parts, world);
        return;
    }
    let urgent =
        world.get_resource_mut::<CheckpointTriggers>().and_then(|mut asked| asked.urgent.take());
    if urgent.is_some() {
        if saves_by_itself(world) {
            ask_external_now(parts, world, ExternalSaveReason::Leaving, urgent.as_deref());
            take_checkpoint(parts, world, CheckpointKind::State, urgent);
        }
        return;
    }
    let gap = world.get_resource_or_init::<SessionSettings>().minimum_gap;
    let since_captured = parts.time.now().elapsed.saturating_sub(playing.pace.captured_at());
    if playing.triggered.is_some() && (since_captured >= gap || playing.line.base().is_none()) {
        let label = playing.triggered.take();
        if saves_by_itself(world) {
            want_external_save(parts, ExternalSaveReason::State, label.as_deref());
            take_checkpoint(parts, world, CheckpointKind::State, label);
        }
    }
}

/// The states have changed, and nothing of the last ones was despawned: the last moment for a
/// checkpoint of their world.
fn save_what_is_left(parts: &mut RuntimeParts, world: &mut World) {
    let course = parts.course();
    if course == Course::Outside {
        return;
    }
    // Where nothing changed that it goes by, it is as it was at the end of the last frame, and is asked at the end of this
    // one.
    let is_open = match gate_may_have_moved(parts, world) {
        true => gate_is_open(parts, world),
        false => parts.may_capture(),
    };
    let triggers = world.get_resource_mut::<CheckpointTriggers>();
    let leaving = triggers.map(|mut triggers| std::mem::take(&mut triggers.leaving));
    let label = leaving.and_then(|mut leaving| leaving.pop());
    let was_open = parts.may_capture();
    parts.turn_gate(is_open);
    let Some(playing) = parts.playing.as_mut().filter(|_| course == Course::Captured) else {
        return;
    };
    let closes = was_open && !is_open;
    let is_wanted = was_open && label.is_some();
    if !closes && !is_wanted {
        return;
    }
    playing.recorder.watch_removals(world);
    let is_saved = if playing.deferred.has_checkpoints() {
        take_deferred_checkpoints(parts, world)
    } else if saves_by_itself(world) {
        ask_external_now(parts, world, ExternalSaveReason::Leaving, label.as_deref());
        let label = label.or_else(|| Some("leave".to_owned()));
        take_checkpoint(parts, world, CheckpointKind::State, label)
    } else {
        wants_slot(playing, world) && take_checkpoint(parts, world, CheckpointKind::State, label)
    };
    if let Some(playing) = parts.playing.as_mut().filter(|_| is_saved) {
        let newest = playing.line.newest();
        playing.gate.note_left(newest);
    }
}

/// The system before the states change: no system of the game runs in a state of the world that a cancelled restore has
/// left, until that world is back. It comes back through the loading screen, so what is held back is asked for again.
pub(crate) fn hold_states_back(world: &mut World) {
    Runtime::with(world, |parts, world| {
        let is_left = parts.playing.as_ref().is_some_and(|playing| playing.has_left_world);
        let is_read = matches!(
            &parts.transition,
            Some(Transition::Preparing(preparing)) if preparing.takes_cancellation_back()
        );
        if let Some(through) = &parts.hooks.restore_session_through
            && is_left
            && is_read
            && let Some(held) = through.hold(world)
        {
            parts.hooks.held_state = Some(held);
        }
    });
}

/// Lets the game go on where that world doesn't come back.
pub(super) fn release_held_state(parts: &mut RuntimeParts, world: &mut World) {
    let may_come_back =
        matches!(parts.transition, Some(Transition::Preparing(_) | Transition::Restoring(_)));
    if !may_come_back && let Some(held) = parts.hooks.held_state.take() {
        held.release(world);
    }
}

/// The last moment at which the world is as it was before the states changed.
pub(super) fn look_before_exit(world: &mut World) {
    // While the plugin itself changes the states, for a restore, there is nothing to look at.
    Runtime::with(world, |parts, world| {
        let frame = parts.time.at_this_moment(world);
        parts.events.is_within_frame = true;
        save_what_is_left(parts, world);
        parts.events.is_within_frame = false;
        parts.time.back_to(frame);
        look_before_states(parts, world);
    });
    if let Some(mut left) = world.get_resource_mut::<StatesBeingLeft>() {
        left.clear();
    }
}
