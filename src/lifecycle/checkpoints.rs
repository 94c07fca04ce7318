//! Takes checkpoints: when they are due, and when they are requested.

pub(super) mod capture_costs;
pub(super) mod outcomes;
pub(super) mod pacing;
pub(super) mod survived;

use std::collections::BTreeMap;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::internal::format::is_collapse;
use bevy_session_journal::internal::model::clock;
use bevy_session_journal::internal::model::session::{ChaptersWritten, GameClock};
use bevy_session_journal::{
    CheckpointError, CheckpointId, CheckpointKind, CheckpointSummary, Fields, SessionStatus,
    StateChange, Ticket,
};
use tracing::{debug, debug_span, warn};

use super::notifications::{
    AutosaveDelayed, CheckpointCaptured, CheckpointFailed, WorldCollapsed, notify,
};
use super::placed::order_parking;
use super::recording::line::EventLine;
use super::recording::take_events;
use super::requests::{close, finish_if_asked};
use super::runtime::asked_checkpoints::{Asker, WantedCheckpoint};
use super::runtime::{Playing, RuntimeParts};
use super::{CurrentPace, CurrentSession, SessionSettings};
use crate::capture::{Capture, CaptureScope, Declarations, clock_of};
use crate::content::{CheckpointOrder, Order};
use capture_costs::hold_against_budget;
use survived::note_failures;

/// Takes an automatic checkpoint if one is due.
pub(super) fn autosave(parts: &mut RuntimeParts, world: &mut World) {
    let Some(playing) = &parts.playing else { return };
    if !world.contains_resource::<CurrentSession>() {
        return;
    }
    if !parts.is_captured() || !playing.gate.is_open() || playing.is_stopped {
        return;
    }
    if playing.line.is_untouched() {
        take_checkpoint(parts, world, CheckpointKind::Opening, None);
        return;
    }
    if playing.pace.is_make_up_due(parts.time.now().elapsed) && !parts.writer.is_busy() {
        take_checkpoint(parts, world, CheckpointKind::Auto, None);
        return;
    }
    let interval = world.get_resource_or_init::<CurrentPace>().interval;
    let settings = world.get_resource_or_init::<SessionSettings>();
    let due = settings.autosave && playing.pace.is_due(interval);
    let active = world
        .get_resource::<CurrentSession>()
        .is_some_and(|current| current.status == SessionStatus::Active && current.autosave());
    if !due || !active {
        return;
    }
    if parts.writer.is_busy() {
        report_delay(parts, world);
    } else {
        take_checkpoint(parts, world, CheckpointKind::Auto, None);
    }
}

/// Captures the world and sends it to the writer. If nothing changed since the last checkpoint,
/// none is taken, unless the moment itself is worth one. Returns false if the newest one hasn't this moment.
pub(super) fn take_checkpoint(
    parts: &mut RuntimeParts,
    world: &mut World,
    kind: CheckpointKind,
    label: Option<String>,
) -> bool {
    take_wanted(parts, world, WantedCheckpoint::unasked(kind, label))
}

/// Takes a checkpoint. Returns its id; `None` if there was nothing to take.
pub(super) fn take_named(
    parts: &mut RuntimeParts,
    world: &mut World,
    wanted: WantedCheckpoint,
) -> Option<CheckpointId> {
    let before = parts.newest_captured();
    take_wanted(parts, world, wanted);
    parts.newest_captured().filter(|taken| Some(*taken) != before)
}

/// Takes a checkpoint for a request, or for a consequence of one. Returns false if the newest one hasn't this moment.
pub(super) fn take_wanted(
    parts: &mut RuntimeParts,
    world: &mut World,
    wanted: WantedCheckpoint,
) -> bool {
    // Also what failed in this very frame.
    note_failures(parts, world);
    let about_changed = ask_before_capture(parts, world, &wanted);
    about_changed.is_some_and(|about_changed| {
        capture_if_changed(parts, world, wanted, about_changed);
        true
    })
}

fn capture_if_changed(
    parts: &mut RuntimeParts,
    world: &mut World,
    wanted: WantedCheckpoint,
    about_changed: bool,
) {
    let (now, kind) = (parts.time.now(), wanted.kind);
    take_events(parts, world);
    // Those who left are kept before they are missing.
    order_parking(parts, world);
    let Some(playing) = &mut parts.playing else { return };
    let span = debug_span!("checkpoint", session.id = %playing.session, ?kind, rows = tracing::field::Empty).entered();
    let id = playing.line.next();
    let begun = clock::instant();
    playing.pace.begin_capture(now.elapsed);
    let capture = playing.capture(world, kind, id.counter);
    // The recorder makes a delta full where it can't know any more what changed.
    let base = playing.line.base().filter(|_| capture.scope() == CaptureScope::Delta);
    // The difference to what was restored is written with all of that.
    let full = base.is_none();
    let nothing_changed = !full && capture.is_empty() && !about_changed;
    if nothing_changed && !is_worth_one(&wanted, &playing.events) {
        debug!("nothing changed since the last checkpoint");
        playing.recorder.recycle(capture);
        return finish_if_asked(world, wanted.asker.answered());
    }
    let collapsed_from = playing.take_note(&capture);
    playing.line.asked.note_captured(id.counter, &wanted);
    let WantedCheckpoint { label, asker, .. } = wanted;
    // Before any observer hears of it, which might change the world.
    let self_test = playing.self_test(world, id.counter, capture.scope());
    let about = AboutSession::take(world, id, full);
    let events_through = playing.events.note_checkpoint();
    span.record("rows", capture.rows());
    let capture_time = begun.elapsed();
    let captured = CheckpointCaptured {
        session: playing.session,
        checkpoint: id,
        kind,
        label: label.clone(),
        ticket: asker.ticket(),
        full,
        rows: capture.rows(),
        entities: capture.entities(),
        capture_time,
    };
    report_capture(parts, world, &captured, &capture, collapsed_from);
    let after_failure = take_failure(parts, id.counter);
    parts.order(Order::Checkpoint(Box::new(CheckpointOrder {
        counter: id.counter,
        base,
        kind,
        label,
        time: now.wall,
        play_time: about.play_time,
        fields: about.fields,
        state_changes: about.state_changes,
        chapters: about.chapters.into_order(),
        summary: about.summary,
        events_through,
        after_failure,
        tape: parts.events.tape_position(about.is_paused),
        clock: GameClock { played_rest: beyond_milliseconds(about.play_time), ..clock_of(world) },
        capture,
        self_test,
        handed_over: clock::instant(),
    })));
}

/// Returns true if code of the game failed since the last call, and notes it for this checkpoint.
fn take_failure(parts: &mut RuntimeParts, counter: u64) -> bool {
    let has_failed = std::mem::take(&mut parts.has_failed);
    if let Some(playing) = &mut parts.playing
        && has_failed
    {
        playing.after_failure = Some(counter);
    }
    has_failed
}

/// Returns true if the custom fields or the chapters changed. If a checkpoint can't be taken, it
/// reports that and returns `None`: before the recorder takes note of what changed, which it does
/// only once.
fn ask_before_capture(
    parts: &RuntimeParts,
    world: &mut World,
    wanted: &WantedCheckpoint,
) -> Option<bool> {
    let playing = parts.playing.as_ref()?;
    let error = match world.get_resource::<CurrentSession>() {
        _ if parts.writer.is_behind() => CheckpointError::WriterBehind,
        None => CheckpointError::NoCurrentSession,
        Some(current) => return Some(current.fields_changed || current.chapters_changed),
    };
    let (session, checkpoint) = (playing.session, playing.line.next());
    let WantedCheckpoint { label, asker, .. } = wanted.clone();
    let ticket = ticket_of_failure(world, asker);
    let failed = CheckpointFailed { session, checkpoint, label, ticket, error, retry_in: None };
    notify(world, failed);
    None
}

/// The request that a failure is reported for: the failure answers it, unless it was answered
/// before.
fn ticket_of_failure(world: &mut World, asker: Asker) -> Option<Ticket> {
    match asker {
        Asker::Request(ticket) => Some(ticket).filter(|ticket| !close(world, *ticket).is_empty()),
        _ => asker.ticket(),
    }
}

fn report_capture(
    parts: &mut RuntimeParts,
    world: &mut World,
    captured: &CheckpointCaptured,
    capture: &Capture,
    collapsed_from: Option<u64>,
) {
    if let Some(playing) = &mut parts.playing {
        playing.figures.note_capture(captured.capture_time);
        if let Some(captured_at) = playing.recorder.captured_at() {
            parts.captured.note(captured.checkpoint, captured_at);
        }
    }
    notify(world, captured.clone());
    hold_against_budget(parts, world, captured, capture);
    if let Some(before) = collapsed_from {
        let CheckpointCaptured { session, checkpoint, entities: after, .. } = *captured;
        warn!(%session, before, after, "nearly all saved entities are gone since the last checkpoint");
        notify(world, WorldCollapsed { session, checkpoint, before, after });
    }
}

/// Reports once that a checkpoint waits for the writer.
fn report_delay(parts: &mut RuntimeParts, world: &mut World) {
    let captures = parts.writer.link.captures_in_flight();
    let Some(playing) = &mut parts.playing else { return };
    if !playing.pace.is_delay_news() {
        return;
    }
    let (session, since_captured) = (playing.session, playing.pace.since_capture());
    warn!(%session, captures, ?since_captured, "a checkpoint is due and waits for the writer");
    notify(world, AutosaveDelayed { session, captures, since_captured });
}

impl Playing {
    /// Everything at this moment, if a checkpoint is to be compared with it.
    fn self_test(
        &mut self,
        world: &mut World,
        counter: u64,
        captured: CaptureScope,
    ) -> Option<Box<Capture>> {
        let is_due = captured == CaptureScope::Delta && is_self_test_due(world, counter);
        is_due.then(|| self.recorder.look(world, CaptureScope::Full))
    }
}

/// Returns true if this checkpoint is to be compared with the world.
fn is_self_test_due(world: &World, counter: u64) -> bool {
    let settings = world.get_resource::<SessionSettings>();
    let every = settings.and_then(|settings| settings.self_test);
    every.is_some_and(|every| counter.is_multiple_of(every.get().into()))
}

/// Returns true if this may be the run's last checkpoint.
fn is_last_chance(kind: CheckpointKind) -> bool {
    matches!(kind, CheckpointKind::Pause | CheckpointKind::Exit)
}

/// Returns true if a checkpoint is taken although nothing changed. One that a state or a suspend asks for is taken only
/// if events were recorded: without any, it would be the same as the one before.
fn is_worth_one(wanted: &WantedCheckpoint, events: &EventLine) -> bool {
    match wanted.kind {
        CheckpointKind::Quick | CheckpointKind::Pause | CheckpointKind::Exit => true,
        CheckpointKind::State => events.since_checkpoint > 0,
        // A fork is of its own moment, with its own clocks. What is left by a rewind isn't.
        CheckpointKind::Rewind => matches!(wanted.asker, Asker::Request(_)),
        _ => wanted.label.is_some(),
    }
}

/// The part of a checkpoint that is about the session itself.
#[derive(Default)]
struct AboutSession {
    play_time: Duration,
    is_paused: bool,
    /// The custom fields, if they changed or everything is captured.
    fields: Option<Fields>,
    /// The way through the game's states, likewise.
    state_changes: Option<Vec<StateChange>>,
    /// The chapters, likewise, and the counts of the innermost one.
    chapters: ChaptersWritten,
    /// The summary for lists, if any of it changed.
    summary: Option<CheckpointSummary>,
}

impl AboutSession {
    /// The changes of the session itself, or everything.
    fn take(world: &mut World, checkpoint: CheckpointId, everything: bool) -> Self {
        let Some(mut current) = world.get_resource_mut::<CurrentSession>() else {
            return Self::default();
        };
        // It belongs to the chapter that it is taken in, and may be the first one there.
        let is_first = current.chapters.note_checkpoint(checkpoint);
        let fields_changed = std::mem::take(&mut current.fields_changed) || everything;
        let chapters_changed =
            std::mem::take(&mut current.chapters_changed) || is_first || everything;
        let is_paused = current.status == SessionStatus::Paused;
        let mut about = Self { play_time: current.play_time, is_paused, ..Self::default() };
        about.chapters.counted = current.chapters.counted();
        if fields_changed {
            about.fields = Some(current.fields.clone());
            about.state_changes = Some(current.state_changes.clone());
        }
        if chapters_changed {
            about.chapters.all = Some(current.chapters.clone());
        }
        if fields_changed || chapters_changed {
            about.summary = Some(sum_up(world));
        }
        about
    }
}

/// The nanoseconds beyond whole milliseconds.
fn beyond_milliseconds(play_time: Duration) -> u32 {
    play_time.subsec_nanos() % 1_000_000
}

/// The session's summary for lists, from its present state.
fn sum_up(world: &mut World) -> CheckpointSummary {
    let states = states_of(world);
    let Some(mut current) = world.get_resource_mut::<CurrentSession>() else {
        return CheckpointSummary::default();
    };
    let summary = CheckpointSummary::of(&current.fields, &states, &current.state_changes);
    current.summary = summary.with_chapters(&current.chapters);
    current.summary.clone()
}

/// The saved states that the game is in, by their names.
fn states_of(world: &World) -> BTreeMap<String, String> {
    world
        .get_resource::<Declarations>()
        .map(|declared| declared.states_of(world))
        .unwrap_or_default()
}

impl Playing {
    /// Makes the capture for a checkpoint of this kind.
    fn capture(&mut self, world: &mut World, kind: CheckpointKind, counter: u64) -> Box<Capture> {
        // What a self-test copies isn't written, and is no reason to look later. What a rewind leaves is undone with it.
        let is_left = kind == CheckpointKind::Rewind;
        if is_left || is_last_chance(kind) || is_self_test_due(world, counter) {
            self.recorder.look_thoroughly();
        }
        let capture = self.recorder.capture(world, self.scope(kind));
        self.go_on_recording(world);
        capture
    }

    /// The scope of the next capture.
    ///
    /// A delta costs the main thread what changed, and a full capture everything that there is: it
    /// is for a run's beginning, and for where the writer no longer knows the world. Once a change
    /// was found that left no trace, the game is one that makes such changes, and a pause or an exit
    /// may be the last chance to save them.
    fn scope(&self, kind: CheckpointKind) -> CaptureScope {
        if self.line.needs_full() || (self.has_drifted && is_last_chance(kind)) {
            CaptureScope::Full
        } else {
            CaptureScope::Delta
        }
    }

    /// Notes a capture that becomes a checkpoint. Returns the number of entities before it, if
    /// nearly all of them are gone.
    fn take_note(&mut self, capture: &Capture) -> Option<u64> {
        let full = capture.scope() == CaptureScope::Full;
        let before = std::mem::replace(&mut self.entities, capture.entities());
        let has_collapsed = is_collapse(before, self.entities);
        // What is left of a world that collapsed begins a generation of its own.
        self.line.advance(full || !has_collapsed);
        if has_collapsed && !full {
            self.pace.make_up_for_loss();
        }
        has_collapsed.then_some(before)
    }
}
