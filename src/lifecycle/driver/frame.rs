//! The steps of a frame.

use bevy::prelude::*;
use bevy_session_journal::{CheckpointError, SessionStatus, StopReason};
use tracing::error;

use super::answers::{answer_for_writer, handle_reports};
use super::dispatch;
use super::exit::exit_if_asked;
use super::stopped::report_that_saving_stopped;
use super::suspend::suspend_if_asked;
use crate::capture::TypeProblem;
use crate::content::Order;
use crate::lifecycle::activity::{RestorePhase, set_activity};
use crate::lifecycle::automatic::take_up_by_itself;
use crate::lifecycle::checkpoints::outcomes::{checkpoint_failed, give_up_asked, saving_stopped};
use crate::lifecycle::checkpoints::survived::note_failures;
use crate::lifecycle::consent::following::follow_consent;
use crate::lifecycle::external::follow_external_saves;
use crate::lifecycle::external::receiving::receive_external;
use crate::lifecycle::hints::{give_hints, look_after_states};
use crate::lifecycle::library::cleanup::clean_up_if_due;
use crate::lifecycle::library::watching::look_for_watches;
use crate::lifecycle::notifications::{TypeNotSaved, notify};
use crate::lifecycle::placed::follow_placed_entities;
use crate::lifecycle::recording::{follow_events, hand_out_events};
use crate::lifecycle::replicas::follow_replica;
use crate::lifecycle::runtime::transition::Transition;
use crate::lifecycle::runtime::{Runtime, RuntimeParts};
use crate::lifecycle::start_up::trial::follow_trial;
use crate::lifecycle::states::{checkpoint_with_states, follow_states, release_held_state};
use crate::lifecycle::transitions::backups::follow_loading;
use crate::lifecycle::transitions::menus::{give_way_before_exit, give_way_to_menu};
use crate::lifecycle::transitions::profiles::refuse_during_restore;
use crate::lifecycle::transitions::restoring::go_on_restoring;
use crate::lifecycle::transitions::take_up::cancel_preparing_if_asked;
use crate::lifecycle::{
    CurrentSession, RequestQueue, SessionSettings, SwitchedOff, checkpoints, states,
};
use crate::monitoring::StandingAlerts;

/// The first step: handles the writer's reports.
pub(crate) fn receive(world: &mut World, mut failure_reported: Local<bool>) {
    if SwitchedOff::answers_for(world) {
        return;
    }
    if !world.contains_resource::<Runtime>() {
        if !std::mem::replace(&mut *failure_reported, true) {
            error!(
                "nothing is saved: call `app.finish()` before `app.update()`, as `app.run()` does"
            );
        }
        return;
    }
    if Runtime::with(world, begin_frame).is_none() {
        report_that_saving_stopped(world, &mut failure_reported);
    }
}

/// The step between the change of states and the `OnExit` schedules.
pub(crate) fn look_before_exit(world: &mut World) {
    Runtime::with(world, give_way_before_exit);
    states::look_before_exit(world);
}

/// Before the game's systems run, and after its states have changed: continues the restore that
/// waits for its gate.
///
/// So entities that wait for a state exist before any system runs in that state.
pub(crate) fn finish_restore(world: &mut World) {
    Runtime::with(world, |parts, world| {
        look_after_states(parts, world);
        give_way_to_menu(parts, world);
        let has_waited = parts.is_restoring();
        go_on_restoring(parts, world);
        if has_waited && !parts.is_restoring() {
            parts.time.begin_play_in_frame();
        }
        // The game deals with it in the frame that begins.
        hand_out_events(parts, world);
    });
}

/// Updates placed entities.
pub(crate) fn restore(world: &mut World) {
    Runtime::with(world, follow_placed_entities);
}

/// Evaluates the conditions that the game has set: what may be captured, and whether the session
/// continues.
pub(crate) fn ask_gates(world: &mut World) {
    Runtime::with(world, |parts, world| {
        if let Some(playing) = &mut parts.playing {
            playing.recorder.watch_removals(world);
        }
        let_time_pass(parts, world);
        follow_states(parts, world);
    });
}

/// Handles the game's requests, and resumes earlier sessions automatically.
pub(crate) fn handle_requests(world: &mut World) {
    Runtime::with(world, |parts, world| {
        follow_consent(parts, world);
        look_for_watches(parts, world);
        clean_up_if_due(parts, world);
        dispatch::handle_requests(parts, world);
        take_up_by_itself(parts, world);
        follow_trial(parts, world);
    });
}

/// Takes the checkpoints that are due, and the last one where the app exits or is suspended.
pub(crate) fn capture(world: &mut World) {
    Runtime::with(world, |parts, world| {
        follow_consent(parts, world);
        checkpoint_with_states(parts, world);
        checkpoints::autosave(parts, world);
        follow_external_saves(parts, world);
        exit_if_asked(parts, world);
        suspend_if_asked(parts, world);
    });
}

/// The last step: publishes the plugin's activity, and gives hints.
pub(crate) fn report(world: &mut World) {
    Runtime::with(world, |parts, world| {
        give_hints(parts, world);
        // What a driven writer can do at once is known in this very frame.
        turn(parts, world);
        // Also what came back in this turn: the game deals with it in the next frame, in which more is recorded.
        hand_out_events(parts, world);
        follow_consent(parts, world);
        // Who was notified just now may have asked for it, and there may be no other frame.
        exit_if_asked(parts, world);
        report_writer_loss(parts, world);
        release_held_state(parts, world);
        publish_activity(parts, world);
        publish_measured(parts, world);
    });
}

/// Handles what happened since the last frame: time, failures of the game, settings, events,
/// answers.
fn begin_frame(parts: &mut RuntimeParts, world: &mut World) {
    parts.time.tick(world);
    note_failures(parts, world);
    // In a menu there is nothing of which it would have to be said, unless a session begins in this very frame.
    parts.has_failed &= parts.playing.is_some()
        || parts.transition.is_some()
        || world.get_resource::<RequestQueue>().is_some_and(|queue| !queue.is_empty());
    if parts.exit.frame_completed(parts.time.now().wall) {
        parts.order(Order::Beat);
    }
    report_problems(parts, world);
    pass_on_settings(parts, world);
    follow_consent(parts, world);
    // What this frame has brought belongs to the run that was played in it.
    follow_events(parts, world);
    // Both are about the moment in which they were made, which is gone once a checkpoint was read.
    cancel_preparing_if_asked(parts, world);
    refuse_during_restore(parts, world);
    turn(parts, world);
    receive_external(parts, world);
    follow_loading(parts, world);
    follow_replica(parts, world);
}

/// Gives a driven writer its turn, and handles all reports.
pub(in crate::lifecycle) fn turn(parts: &mut RuntimeParts, world: &mut World) {
    parts.writer.link.turn(parts.time.now());
    handle_reports(parts, world);
}

/// Reports once the types that can't be saved, now that observers exist.
fn report_problems(parts: &mut RuntimeParts, world: &mut World) {
    for TypeProblem { type_path, reason } in parts.hints.take_problems() {
        notify(world, TypeNotSaved { type_path, reason });
    }
}

fn pass_on_settings(parts: &mut RuntimeParts, world: &World) {
    if let Some(settings) = world.get_resource::<SessionSettings>()
        && !parts.exit.was_seen()
    {
        parts.writer.be_patient_for(settings.patience.exit);
    }
    parts.writer.pass_on(world, parts.time.now());
    if let Some(standing) = world.get_resource_ref::<StandingAlerts>()
        && standing.is_changed()
    {
        parts.exit.alerts_stand(standing.0.clone());
    }
}

fn let_time_pass(parts: &mut RuntimeParts, world: &mut World) {
    if parts.is_restoring() {
        return;
    }
    let Some(mut current) = world.get_resource_mut::<CurrentSession>() else { return };
    if current.status != SessionStatus::Active {
        return;
    }
    let (passed, waited) = (parts.time.passed(), parts.time.waited());
    current.play_time += passed;
    current.chapters.let_time_pass(passed);
    if let Some(playing) = &mut parts.playing {
        playing.pace.pass(waited);
    }
    if let Some(external) = &mut parts.external {
        external.pass(waited);
    }
    parts.start_up.pass(waited);
}

fn publish_activity(parts: &RuntimeParts, world: &mut World) {
    let saving = parts.playing.as_ref().is_some_and(|playing| playing.line.is_saving());
    let reading = matches!(parts.transition, Some(Transition::Preparing(_)));
    let phase = match &parts.transition {
        // The world lacks what the cancelled restore had left.
        Some(Transition::Preparing(preparing)) if preparing.takes_cancellation_back() => {
            Some(RestorePhase::WaitingForGate)
        }
        _ => reading.then_some(RestorePhase::Reading),
    };
    set_activity(world, |activity| {
        activity.saving = saving;
        if !parts.is_restoring() {
            activity.restore = phase;
        }
        activity.read = if reading { parts.writer.share_read() } else { 0.0 };
    });
}

/// A writer that panicked is a bug of this crate. The game continues, and must know that nothing is
/// saved any more.
fn report_writer_loss(parts: &mut RuntimeParts, world: &mut World) {
    if parts.exit.was_seen() || !parts.writer.link.is_broken() {
        return;
    }
    // Its last words.
    handle_reports(parts, world);
    if parts.writer.is_loss_news() {
        saving_stopped(parts, world, StopReason::WriterLost);
        if let Some(playing) = &parts.playing {
            let checkpoint = playing.line.newest();
            checkpoint_failed(parts, world, checkpoint, CheckpointError::WriterGone, None);
        }
    }
    give_up_asked(parts, world, u64::MAX, &CheckpointError::WriterGone);
    answer_for_writer(parts, world);
}

/// Publishes measurements, if they are requested, and has the writer look at the disk and the
/// process.
fn publish_measured(parts: &mut RuntimeParts, world: &mut World) {
    let Some(stopwatch) = &mut parts.writer.stopwatch else { return };
    stopwatch.follow_start(parts.playing.as_ref().map(|playing| !playing.line.is_untouched()));
    let now = parts.time.now().elapsed;
    let requests = world.get_resource::<RequestQueue>().map_or(0, RequestQueue::len);
    if parts.writer.publish_measured(world, requests, now) {
        parts.order(Order::Measure);
    }
}
