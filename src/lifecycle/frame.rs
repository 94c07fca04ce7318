//! The plugin's way through a frame, step by step.

use bevy::prelude::*;
use tracing::error;

use super::activity::{RestorePhase, set_activity};
use super::hints::{SessionHint, give_hint};
use super::notifications::{TypeNotSaved, notify};
use super::runtime::{Runtime, RuntimeParts, Transition};
use super::stopped::report_that_saving_stopped;
use super::switched_off::SwitchedOff;
use super::{CurrentSession, RequestQueue, SessionSettings};
use crate::SurvivedFailure;
use crate::capture::TypeProblem;
use crate::content::Order;
use crate::failures::{Failure, FailureWatch, Failures};
use crate::session::{CheckpointError, SessionStatus, StopReason};

/// The first step: takes in what the writer reports.
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
    if Runtime::with(world, RuntimeParts::receive).is_none() {
        report_that_saving_stopped(world, &mut failure_reported);
    }
}

/// Before the game has its frame, and after its states have changed: goes on with the restore that waits for its gate.
///
/// So what waits for a state is there before any system runs in that state.
pub(crate) fn finish_restore(world: &mut World) {
    Runtime::with(world, |parts, world| {
        parts.go_on_restoring(world);
        // The game deals with it in the frame that begins.
        parts.hand_out_events(world);
    });
}

/// Brings placed entities up to date.
pub(crate) fn restore(world: &mut World) {
    Runtime::with(world, RuntimeParts::follow_placed_entities);
}

/// Asks the conditions that the game has set: what may be captured, and whether the session goes on.
pub(crate) fn ask_gates(world: &mut World) {
    Runtime::with(world, |parts, world| {
        if let Some(playing) = &mut parts.playing {
            playing.recorder.watch_removals(world);
        }
        parts.let_time_pass(world);
        parts.follow_states(world);
    });
}

/// Does what the game asks for, and what it leaves to the plugin about earlier sessions.
pub(crate) fn handle_requests(world: &mut World) {
    Runtime::with(world, |parts, world| {
        parts.look_for_watches(world);
        parts.handle_requests(world);
        parts.take_up_by_itself(world);
        parts.follow_trial(world);
    });
}

/// Takes the checkpoints that are due, and the last one where the app exits or is suspended.
pub(crate) fn capture(world: &mut World) {
    Runtime::with(world, |parts, world| {
        parts.checkpoint_with_states(world);
        parts.autosave(world);
        parts.follow_external_saves(world);
        parts.exit_if_asked(world);
        parts.suspend_if_asked(world);
    });
}

/// The last step: says what the plugin is doing, and what keeps it from doing what it should.
pub(crate) fn report(world: &mut World) {
    Runtime::with(world, |parts, world| {
        parts.hand_out_events(world);
        parts.give_hints(world);
        // What a driven writer can do at once is known in this very frame.
        parts.turn(world);
        parts.report_writer_loss(world);
        parts.publish_activity(world);
        parts.publish_measured(world);
    });
}

impl RuntimeParts {
    fn receive(&mut self, world: &mut World) {
        self.time.tick(world);
        self.note_failures(world);
        // In a menu there is nothing of which it would have to be said, unless a session begins in this very frame.
        self.has_failed &= self.playing.is_some()
            || self.transition.is_some()
            || world.get_resource::<RequestQueue>().is_some_and(|queue| !queue.is_empty());
        if self.exit.frame_completed(self.time.now().wall) {
            self.order(Order::Beat);
        }
        self.report_problems(world);
        self.pass_on_settings(world);
        // What this frame has brought belongs to the run that was played in it.
        self.follow_events(world);
        self.turn(world);
        self.receive_external(world);
    }

    /// Writes down that something of the game failed in this frame and the game goes on.
    pub(super) fn note_failures(&mut self, world: &mut World) {
        let Failures { count, newest: Some(Failure { of, error, panicked }) } =
            FailureWatch::take(world)
        else {
            return;
        };
        give_hint(world, SessionHint::WentOnAfterFailure { of: of.clone(), error: error.clone() });
        let failure = SurvivedFailure::new(of, error, panicked, self.time.now().wall);
        if self.exit.game_goes_on_after(failure, count) {
            self.order(Order::Beat);
        }
        self.has_failed = true;
    }

    /// Gives a driven writer its turn, and takes in everything that was reported.
    pub(super) fn turn(&mut self, world: &mut World) {
        self.writer.link.turn(self.time.now());
        self.handle_reports(world);
    }

    /// Reports once which types can't be saved, now that observers are there.
    fn report_problems(&mut self, world: &mut World) {
        for TypeProblem { type_path, reason } in self.hints.take_problems() {
            notify(world, TypeNotSaved { type_path, reason });
        }
    }

    fn pass_on_settings(&mut self, world: &World) {
        if let Some(settings) = world.get_resource::<SessionSettings>()
            && !self.exit.was_seen()
        {
            self.writer.be_patient_for(settings.exit_patience);
        }
        self.writer.pass_on(world, self.time.now());
    }

    fn let_time_pass(&mut self, world: &mut World) {
        if self.is_restoring() {
            return;
        }
        let Some(mut current) = world.get_resource_mut::<CurrentSession>() else { return };
        if current.status != SessionStatus::Active {
            return;
        }
        let passed = self.time.passed();
        current.play_time += passed;
        current.chapters.let_time_pass(passed);
        if let Some(playing) = &mut self.playing {
            playing.pace.pass(passed);
        }
        if let Some(external) = &mut self.external {
            external.pass(passed);
        }
    }

    fn publish_activity(&self, world: &mut World) {
        let saving = self.playing.as_ref().is_some_and(|playing| playing.line.is_saving());
        let reading = matches!(self.transition, Some(Transition::Preparing(_)));
        let phase = match &self.transition {
            // The world lacks what the cancelled restore had left.
            Some(Transition::Preparing(preparing)) if preparing.takes_cancellation_back() => {
                Some(RestorePhase::WaitingForGate)
            }
            _ => reading.then_some(RestorePhase::Reading),
        };
        set_activity(world, |activity| {
            activity.saving = saving;
            if !self.is_restoring() {
                activity.restore = phase;
            }
            activity.read = if reading { self.writer.share_read() } else { 0.0 };
        });
    }

    /// A writer that panicked is a bug of ours. The game goes on, and must know that nothing is
    /// saved any more.
    fn report_writer_loss(&mut self, world: &mut World) {
        if self.exit.was_seen() || !self.writer.link.is_broken() {
            return;
        }
        // Its last words.
        self.handle_reports(world);
        if self.writer.is_loss_news() {
            self.saving_stopped(world, StopReason::WriterLost);
            if let Some(playing) = &self.playing {
                let checkpoint = playing.line.newest();
                self.checkpoint_failed(world, checkpoint, CheckpointError::WriterGone, None);
            }
        }
        self.give_up_asked(world, u64::MAX, &CheckpointError::WriterGone);
        self.answer_for_writer(world);
    }
}
