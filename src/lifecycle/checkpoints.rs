//! Takes checkpoints: when they are due, and when somebody asks.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use tracing::{debug, debug_span, info, warn};

use super::notifications::{
    AutosaveDelayed, AutosaveStretched, CheckpointCaptured, CheckpointFailed, WorldCollapsed,
    notify,
};
use super::runtime::{MAKE_UP_LONGEST, RuntimeParts};
use super::{CurrentSession, SessionSettings};
use crate::capture::{CaptureScope, GameClock};
use crate::journal::{CheckpointId, CheckpointKind, is_collapse};
use crate::session::CheckpointError;
use crate::session::SessionStatus;
use crate::writer::{CheckpointOrder, Order, Saved};

/// An automatic capture waits while this many are with the writer: what changes meanwhile is in
/// the next one, so nothing is lost and memory stays bounded.
const AUTOMATIC_IN_FLIGHT: usize = 2;
/// A capture that must keep its moment fails when this many are with the writer.
const MOMENTS_IN_FLIGHT: usize = 16;

impl RuntimeParts {
    /// Takes an automatic checkpoint if one is due.
    pub(super) fn autosave(&mut self, world: &mut World) {
        let Some(playing) = &self.playing else { return };
        if !world.contains_resource::<CurrentSession>() {
            return;
        }
        if self.transition.is_some() || !playing.gate_was_open || playing.is_stopped {
            return;
        }
        let must_open = playing.base.is_none() && playing.counter == playing.opened_with;
        if must_open {
            self.take_checkpoint(world, CheckpointKind::Opening, None);
            return;
        }
        let since_captured = self.now.elapsed.saturating_sub(playing.captured_at);
        let may_capture = self.link.captures_in_flight() < AUTOMATIC_IN_FLIGHT;
        if playing.make_up && may_capture && since_captured >= playing.make_up_after {
            self.take_checkpoint(world, CheckpointKind::Auto, None);
            return;
        }
        let settings = world.get_resource_or_init::<SessionSettings>();
        let interval =
            playing.stretched_interval.unwrap_or(settings.interval).max(settings.interval);
        let due = settings.autosave && playing.since_capture >= interval;
        let active = world
            .get_resource::<CurrentSession>()
            .is_some_and(|current| current.status == SessionStatus::Active && current.autosave());
        if due && active && may_capture {
            self.take_checkpoint(world, CheckpointKind::Auto, None);
        } else if due && active {
            self.tell_delay(world);
        }
    }

    /// Captures the world and hands it to the writer. Where nothing changed since the last
    /// checkpoint, none is taken, unless somebody gave this moment a name.
    pub(super) fn take_checkpoint(
        &mut self,
        world: &mut World,
        kind: CheckpointKind,
        label: Option<String>,
    ) {
        let now = self.now;
        let captures_in_flight = self.link.captures_in_flight();
        let Some(playing) = &mut self.playing else { return };
        let span = debug_span!("checkpoint", session = %playing.session, ?kind, rows = tracing::field::Empty);
        let _span = span.enter();
        let id = CheckpointId { run: playing.run, counter: playing.counter + 1 };
        if captures_in_flight >= MOMENTS_IN_FLIGHT {
            let (session, error) = (playing.session, CheckpointError::WriterBehind);
            notify(world, CheckpointFailed { session, checkpoint: id, error, retry_in: None });
            return;
        }
        if !world.contains_resource::<CurrentSession>() {
            // Before anything is drained that the next checkpoint needs.
            let (session, error) = (playing.session, CheckpointError::NoCurrentSession);
            notify(world, CheckpointFailed { session, checkpoint: id, error, retry_in: None });
            return;
        }
        let begun = Instant::now();
        playing.since_capture = Duration::ZERO;
        playing.captured_at = now.elapsed;
        playing.is_delayed = false;
        if std::mem::take(&mut playing.make_up) {
            playing.make_up_after = (playing.make_up_after * 2).min(MAKE_UP_LONGEST);
        }
        let scope = if playing.base.is_none() || re_anchors(kind) {
            CaptureScope::Full
        } else {
            CaptureScope::Delta
        };
        let capture = playing.recorder.capture(world, scope);
        let Some(mut current) = world.get_resource_mut::<CurrentSession>() else { return };
        // The recorder makes a delta full where it can't tell any more what changed.
        let full = capture.scope() == CaptureScope::Full;
        let nothing_changed = !full && capture.is_empty() && !current.fields_changed;
        // A moment that a state asks for is no more worth than the world that it is of.
        let is_asked_for =
            kind == CheckpointKind::Quick || (label.is_some() && kind != CheckpointKind::State);
        if nothing_changed && !is_asked_for {
            debug!("nothing changed since the last checkpoint");
            playing.recorder.recycle(capture);
            return;
        }
        let about = current.fields_changed || full;
        let fields = about.then(|| current.fields.clone());
        let state_changes = about.then(|| current.state_changes.clone());
        current.fields_changed = false;
        let play_time = current.play_time;
        let base = if full { None } else { playing.base };
        let entities = capture.entities();
        let before = std::mem::replace(&mut playing.entities, entities);
        let has_collapsed = is_collapse(before, entities);
        let session = playing.session;
        playing.counter = id.counter;
        // What is left of a world that collapsed begins a generation of its own.
        playing.base = (full || !has_collapsed).then_some(id.counter);
        playing.make_up |= has_collapsed && !full;
        // Before anybody is told, who might change the world.
        let is_tested = !full && is_self_test_due(world, id.counter);
        let self_test = is_tested.then(|| playing.recorder.capture(world, CaptureScope::Full));
        span.record("rows", capture.rows());
        let captured = CheckpointCaptured {
            session: playing.session,
            checkpoint: id,
            kind,
            full,
            rows: capture.rows(),
            entities: capture.entities(),
            capture_time: begun.elapsed(),
        };
        notify(world, captured.clone());
        self.hold_against_budget(world, &captured, &capture);
        if has_collapsed {
            warn!(%session, before, entities, "nearly all saved entities are gone");
            notify(world, WorldCollapsed { session, checkpoint: id, before, after: entities });
        }
        let clock = GameClock::of(world);
        let time = now.wall;
        let counter = id.counter;
        let handed_over = Instant::now();
        let order = CheckpointOrder {
            counter,
            base,
            kind,
            label,
            time,
            play_time,
            fields,
            state_changes,
            clock,
            capture,
            self_test,
            handed_over,
        };
        self.order(Order::Checkpoint(order));
    }

    /// Says that a checkpoint waits for the writer, once.
    fn tell_delay(&mut self, world: &mut World) {
        let captures = self.link.captures_in_flight();
        let Some(playing) = &mut self.playing else { return };
        if std::mem::replace(&mut playing.is_delayed, true) {
            return;
        }
        let (session, since_captured) = (playing.session, playing.since_capture);
        warn!(%session, captures, ?since_captured, "a checkpoint is due and waits for the writer");
        notify(world, AutosaveDelayed { session, captures, since_captured });
    }

    /// Stretches the interval where automatic checkpoints write more than they may.
    pub(super) fn keep_to_write_rate(&mut self, world: &mut World, saved: &Saved) {
        let Some(playing) = &mut self.playing else { return };
        if saved.kind != CheckpointKind::Auto {
            return;
        }
        let settings = world.get_resource_or_init::<SessionSettings>().clone();
        #[expect(clippy::cast_precision_loss, reason = "a rate need not be exact")]
        let seconds = saved.bytes as f64 / settings.max_bytes_per_second.max(1) as f64;
        // Whole seconds, so that it isn't said anew with each checkpoint.
        let needed = Duration::from_secs(Duration::from_secs_f64(seconds).as_secs());
        let stretched = (needed > settings.interval).then_some(needed);
        if stretched == playing.stretched_interval {
            return;
        }
        playing.stretched_interval = stretched;
        let interval = stretched.unwrap_or(settings.interval);
        info!(?interval, "automatic checkpoints keep to the write rate");
        let session = playing.session;
        notify(world, AutosaveStretched { session, interval });
    }
}

/// Whether this checkpoint is one of those that are held against the world.
fn is_self_test_due(world: &World, counter: u64) -> bool {
    let settings = world.get_resource::<SessionSettings>();
    let every = settings.and_then(|settings| settings.self_test);
    every.is_some_and(|every| counter.is_multiple_of(every.get().into()))
}

/// Whether a checkpoint of this kind copies everything, so that the log is anchored to the world
/// anew.
fn re_anchors(kind: CheckpointKind) -> bool {
    matches!(kind, CheckpointKind::Pause | CheckpointKind::Exit | CheckpointKind::Opening)
}
