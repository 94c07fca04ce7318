//! The plugin's one pass over the world.

use bevy::prelude::*;
use tracing::error;

use super::activity::{RestorePhase, set_activity};
use super::notifications::{CheckpointFailed, TypeNotSaved, notify};
use super::runtime::{Playing, Runtime, RuntimeParts, Transition};
use super::stopped::tell_that_saving_stopped;
use super::switched_off::SwitchedOff;
use super::{CurrentSession, SessionSettings};
use crate::capture::TypeProblem;
use crate::content::Order;
use crate::journal::CheckpointId;
use crate::session::{CheckpointError, SessionStatus, StopReason};
use crate::writer::Quota;

/// The system in the plugin's own schedule, after `Last`.
pub(crate) fn run_frame(world: &mut World, mut complained: Local<bool>) {
    if SwitchedOff::answers_for(world) {
        return;
    }
    let Some(mut runtime) = world.get_resource_mut::<Runtime>() else {
        if !std::mem::replace(&mut *complained, true) {
            error!(
                "nothing is saved: call `app.finish()` before `app.update()`, as `app.run()` does"
            );
        }
        return;
    };
    // Taken out, so that observers of our notifications get the whole world. If one of them
    // panics, the parts are dropped while unwinding, and that flushes what was captured.
    let Some(mut parts) = runtime.take() else {
        return tell_that_saving_stopped(world, &mut complained);
    };
    parts.frame(world);
    if let Some(mut runtime) = world.get_resource_mut::<Runtime>() {
        runtime.put_back(parts);
    }
}

impl RuntimeParts {
    fn frame(&mut self, world: &mut World) {
        let before = self.now;
        self.tick(world);
        let survived_panic =
            self.process.as_ref().is_some_and(|process| process.frame_completed(self.now.wall));
        if survived_panic {
            self.order(Order::Beat);
        }
        self.tell_problems(world);
        self.pass_on_settings(world);
        self.link.turn(self.now);
        self.handle_reports(world);
        self.go_on_restoring(world);
        self.follow_placed_entities(world);
        if let Some(playing) = &mut self.playing {
            playing.recorder.watch_removals(world);
            self.let_time_pass(world, self.now.elapsed.saturating_sub(before.elapsed));
        }
        self.follow_states(world);
        self.handle_requests(world);
        self.take_up_by_itself(world);
        self.follow_trial(world);
        self.checkpoint_with_states(world);
        self.autosave(world);
        self.give_hints(world, self.now.elapsed.saturating_sub(before.elapsed));
        self.exit_if_asked(world);
        // What a driven writer can do at once is known in this very frame.
        self.link.turn(self.now);
        self.handle_reports(world);
        self.mourn_writer(world);
        let saving = self.playing.as_ref().is_some_and(Playing::is_saving);
        let reading = matches!(self.transition, Some(Transition::Preparing(_)));
        set_activity(world, |activity| {
            activity.saving = saving;
            if reading != (activity.restore == Some(RestorePhase::Reading)) && !self.is_restoring()
            {
                activity.restore = reading.then_some(RestorePhase::Reading);
            }
            activity.read = if reading { self.progress.share() } else { 0.0 };
        });
    }

    fn is_restoring(&self) -> bool {
        matches!(self.transition, Some(Transition::Restoring(_)))
    }

    /// Says once which types can't be saved, now that somebody listens.
    fn tell_problems(&mut self, world: &mut World) {
        for TypeProblem { type_path, reason } in std::mem::take(&mut self.problems) {
            notify(world, TypeNotSaved { type_path, reason });
        }
    }

    fn let_time_pass(&mut self, world: &mut World, passed: std::time::Duration) {
        if matches!(self.transition, Some(Transition::Restoring(_))) {
            return;
        }
        let Some(mut current) = world.get_resource_mut::<CurrentSession>() else { return };
        if current.status != SessionStatus::Active {
            return;
        }
        current.play_time += passed;
        if let Some(playing) = &mut self.playing {
            playing.since_capture += passed;
        }
    }

    fn pass_on_settings(&mut self, world: &mut World) {
        let Some(settings) = world.get_resource::<SessionSettings>() else { return };
        if !self.exited {
            self.link.patience = settings.exit_patience;
        }
        let quota = Quota {
            session_bytes: settings.max_session_bytes,
            total_bytes: settings.max_total_bytes,
            named: settings.max_named_checkpoints,
            reserve_bytes: settings.reserve_bytes,
        };
        if self.quota.replace(quota) != Some(quota) {
            self.order(Order::Quota(quota));
        }
    }

    /// A writer that panicked is a bug of ours. The game goes on, and must know that nothing is
    /// saved any more.
    fn mourn_writer(&mut self, world: &mut World) {
        if self.exited || !self.link.is_broken() {
            return;
        }
        // Its last words.
        self.handle_reports(world);
        self.answer_for_writer(world);
        if std::mem::replace(&mut self.mourned, true) {
            return;
        }
        self.saving_stopped(world, StopReason::WriterLost);
        let Some(playing) = &self.playing else { return };
        let checkpoint = CheckpointId { run: playing.run, counter: playing.counter };
        let session = playing.session;
        let error = CheckpointError::WriterGone;
        notify(world, CheckpointFailed { session, checkpoint, error, retry_in: None });
    }
}
