//! Brings the figures up to date, once a frame, from what the plugin notifies the game of.
//!
//! It reads the notifications of a frame after `SessionSystems::Run`, as a game could, and changes nothing but
//! `Restraints`: what alerts that are raised answer with. They are made again from those alerts each frame, so nothing
//! can be left behind by one that is gone. Code that decides on an interval, a quota or a start reads them there. What
//! no notification says, the plugin measures (`lifecycle/runtime/measured.rs`), and only where the resource
//! `Measurements` asks for it: how long orders take until they are answered, how long requests are handled, what waits.
//! About every ten seconds it orders the writer to look around (`write/measuring.rs`): the room on the disk, locks of
//! processes that are gone, memory and processor time. Locks of sessions aren't asked about, since asking can keep
//! another process from taking one.
//!
//! An operation has a histogram since the start, and two rings of histograms for windows: six of a minute and four
//! of five minutes. Buckets are log-linear, eight to each doubling of a microsecond, so a percentile is off by a
//! sixteenth at most; the ones of windows count to 65,535. All of it is allocated at once and never grows.
//!
//! How old the newest checkpoint is, is measured from the oldest capture that isn't durable: play time since the
//! last checkpoint would rise in a game that stands still, where nothing is written and nothing is at risk.
//!
//! A rule that makes sense (`alert::Rule`) is made of an `Alert` when it is raised, so the code that compares meets no
//! nonsense. Between its two levels nothing is said. Health has what is raised as findings, beside its own checks.
//! Whenever one is raised or cleared, `standing` hands those that stand to the process record.

pub(super) mod deaths;
pub(super) mod replica;

use std::collections::VecDeque;
use std::time::Duration;

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy_session::checkpoints::{SavingResumed, SavingStopped, StopReason};
use bevy_session::events::EventsDropped;
use bevy_session::external::ExternalRequest;
use bevy_session::internal::LastLook;
use bevy_session::library::SessionPurged;
use bevy_session::monitoring::{Measurements, SessionOperation};
use bevy_session::recovery::CorruptionDetected;
use bevy_session::requests::{CurrentRequest, Request, SessionRequest};
use bevy_session::slots::SlotRequest;
use bevy_session::{
    CheckpointCaptured, CheckpointFailed, CheckpointId, CheckpointKind, CheckpointSaved,
    CurrentSession, RecoveryFailed, RequestError, RequestRejected, SessionCatalog, SessionClosed,
    SessionEnded, SessionId, SessionRestored,
};

use super::counting::count_sessions;
use super::session_figures::{PlayedFigures, SessionFigures};
use super::trouble::Trouble;

/// Sessions whose ids are kept, of each that are damaged and that are lost.
const NOTED: usize = 64;
/// Captures whose kinds are remembered until they are durable.
const WAITING: usize = 32;
/// Time between two counts of what is listed.
const BETWEEN_COUNTS: Duration = Duration::from_secs(1);

/// Notifications of the plugin since the last frame.
#[derive(SystemParam)]
pub(super) struct Heard<'w, 's> {
    captured: MessageReader<'w, 's, CheckpointCaptured>,
    saved: MessageReader<'w, 's, CheckpointSaved>,
    failed: MessageReader<'w, 's, CheckpointFailed>,
    restored: MessageReader<'w, 's, SessionRestored>,
    rejected: MessageReader<'w, 's, RequestRejected>,
    dropped: MessageReader<'w, 's, EventsDropped>,
}

/// Notifications of sessions and of saving as a whole.
#[derive(SystemParam)]
pub(super) struct HeardOfSessions<'w, 's> {
    damaged: MessageReader<'w, 's, CorruptionDetected>,
    lost: MessageReader<'w, 's, RecoveryFailed>,
    forgotten: MessageReader<'w, 's, SessionPurged>,
    stopped: MessageReader<'w, 's, SavingStopped>,
    resumed: MessageReader<'w, 's, SavingResumed>,
    closed: MessageReader<'w, 's, SessionClosed>,
    ended: MessageReader<'w, 's, SessionEnded>,
}

/// Checkpoints that were captured and aren't durable yet, as far as they are remembered.
#[derive(Default)]
pub(super) struct Captured {
    waiting: VecDeque<Waiting>,
    /// The session that was captured last, and its saved entities.
    entities: Option<(SessionId, u64)>,
}

/// A checkpoint that isn't durable yet.
struct Waiting {
    checkpoint: CheckpointId,
    kind: CheckpointKind,
    /// The time at which it was captured.
    since: Duration,
}

/// A new frame: the windows go on.
pub(super) fn turn(mut figures: ResMut<SessionFigures>, time: Option<Res<Time<Real>>>) {
    let now = time.map(|time| time.elapsed()).unwrap_or_default();
    figures.bypass_change_detection().turn(now);
}

/// Counts what was done.
pub(super) fn collect(
    mut heard: Heard,
    mut measured: ResMut<Measurements>,
    mut figures: ResMut<SessionFigures>,
    mut captured: Local<Captured>,
    current: Option<Res<CurrentSession>>,
    time: Option<Res<Time<Real>>>,
) {
    let now = time.map(|time| time.elapsed()).unwrap_or_default();
    for (operation, took) in measured.bypass_change_detection().take_done() {
        count(&mut figures, operation, took);
    }
    for capture in heard.captured.read() {
        count(&mut figures, SessionOperation::Capture, Some(capture.capture_time));
        figures.behind.unsaved_since.get_or_insert(now);
        captured.note(Waiting { checkpoint: capture.checkpoint, kind: capture.kind, since: now });
        captured.entities = Some((capture.session, capture.entities));
    }
    for saved in heard.saved.read() {
        count(&mut figures, SessionOperation::Checkpoint, Some(saved.write_time));
        figures.bytes_written += saved.bytes;
        figures.behind.unsaved_since = captured.waiting_after(saved.checkpoint);
        report_checkpoint(Some(saved.kind), Some(saved.bytes));
    }
    for failed in heard.failed.read() {
        count(&mut figures, SessionOperation::Checkpoint, None);
        report_checkpoint(captured.kind(failed.checkpoint), None);
    }
    for restored in heard.restored.read() {
        count(&mut figures, SessionOperation::Restore, Some(restored.elapsed));
    }
    for rejected in heard.rejected.read() {
        count(&mut figures, SessionOperation::Request, None);
        if takes_up(&rejected.request) {
            count(&mut figures, SessionOperation::Restore, None);
        }
        if begins_play(&rejected.request, current.as_deref()) {
            count(&mut figures, SessionOperation::Start, None);
        }
        figures.locks.refusals += u64::from(rejected.error == RequestError::SessionInUse);
    }
    figures.events_dropped += heard.dropped.read().map(|dropped| dropped.count).sum::<u64>();
    take_over(&mut figures, &measured, now);
    figures.played = current.map(|current| {
        let of_it = |known: Option<(SessionId, u64)>| {
            known.filter(|(session, _)| *session == current.id()).map(|(_, known)| known)
        };
        PlayedFigures {
            session: current.id(),
            play_time: current.play_time(),
            bytes: of_it(measured.surroundings.session_bytes),
            entities: of_it(captured.entities),
        }
    });
}

/// Notes what is wrong with sessions and with saving, for as long as it is.
pub(super) fn collect_trouble(
    mut heard: HeardOfSessions,
    measured: Res<Measurements>,
    mut figures: ResMut<SessionFigures>,
    mut trouble: ResMut<Trouble>,
    mut refusals: Local<u64>,
    current: Option<Res<CurrentSession>>,
    time: Option<Res<Time<Real>>>,
) {
    if std::mem::replace(&mut *refusals, figures.locks.refusals) != figures.locks.refusals {
        trouble.refused_at = time.map(|time| time.elapsed());
    }
    for damaged in heard.damaged.read() {
        note_once(&mut figures.damaged, damaged.session);
    }
    for lost in heard.lost.read() {
        let is_played = current.as_ref().is_some_and(|current| current.id() == lost.session);
        if lost.ticket.is_some() && !is_played {
            count(&mut figures, SessionOperation::Start, None);
        }
        note_once(&mut figures.damaged, lost.session);
        note_once(&mut trouble.lost, lost.session);
    }
    for forgotten in heard.forgotten.read() {
        figures.damaged.retain(|session| *session != forgotten.session);
        trouble.lost.retain(|session| *session != forgotten.session);
    }
    for stopped in heard.stopped.read() {
        figures.locks.lost += u64::from(stopped.reason == StopReason::LockLost);
        trouble.stopped = Some(stopped.reason);
    }
    let is_left = heard.closed.read().count() + heard.ended.read().count() > 0;
    if is_left {
        figures.behind.unsaved_since = None;
    }
    // A writer that is gone doesn't come back with another session. Another process takes over only one, and only one has
    // lost its world.
    let goes_on = heard.resumed.read().count() > 0 || is_left;
    if goes_on {
        trouble.stopped.take_if(|reason| reason.is_of_one_session());
    }
    trouble.writer_is_gone = measured.writer_is_gone;
}

/// Counts the sessions that are listed, if that may have changed.
pub(super) fn count_listed(
    catalog: Option<Res<SessionCatalog>>,
    current: Option<Res<CurrentSession>>,
    mut figures: ResMut<SessionFigures>,
    time: Option<Res<Time<Real>>>,
    mut counted: Local<LastLook>,
) {
    let now = time.map(|time| time.elapsed()).unwrap_or_default();
    let Some(catalog) = catalog.filter(|_| counted.is_due(now, BETWEEN_COUNTS)) else { return };
    let damaged = figures.damaged.len() as u64;
    figures.index = catalog.index_figures();
    figures.sessions = count_sessions(catalog.sessions(), current.as_deref(), damaged);
}

/// True if it restores a checkpoint.
fn takes_up(request: &Request) -> bool {
    match request {
        Request::Session(request) => {
            matches!(request, SessionRequest::Continue(_) | SessionRequest::Recover(..))
        }
        Request::Slot(request) => matches!(request, SlotRequest::Load(_) | SlotRequest::QuickLoad),
        Request::Current(request) => matches!(request, CurrentRequest::Rewind(_)),
        _ => false,
    }
}

/// True if another session than the one that is played would be played after it.
fn begins_play(request: &Request, current: Option<&CurrentSession>) -> bool {
    let is_another = |session| current.is_none_or(|current| current.id() != session);
    match request {
        Request::Session(request) => match request {
            SessionRequest::Start(_)
            | SessionRequest::StartIn { .. }
            | SessionRequest::StartOrContinue(_) => true,
            SessionRequest::Continue(session) | SessionRequest::Recover(session, _) => {
                is_another(*session)
            }
            _ => false,
        },
        Request::External(ExternalRequest::Recover { session, .. }) => is_another(*session),
        _ => false,
    }
}

/// Notes a session that something is wrong with, unless there are very many.
fn note_once(noted: &mut Vec<SessionId>, session: SessionId) {
    if noted.len() < NOTED && !noted.contains(&session) {
        noted.push(session);
    }
}

/// Takes over what was measured as it is now.
fn take_over(figures: &mut SessionFigures, measured: &Measurements, now: Duration) {
    figures.load = measured.load;
    figures.locks.waits = measured.lock_waits;
    figures.locks.stale = measured.surroundings.stale_locks;
    figures.disk_left = measured.surroundings.disk_left;
    figures.process.take_over(now, &measured.surroundings);
}

fn count(figures: &mut SessionFigures, operation: SessionOperation, took: Option<Duration>) {
    figures.note(operation, took);
    #[cfg(feature = "metrics")]
    super::metrics::count(operation, took);
}

/// Counts a checkpoint by its kind, and its bytes if it is durable.
#[cfg_attr(not(feature = "metrics"), expect(unused_variables, reason = "there are no metrics"))]
fn report_checkpoint(kind: Option<CheckpointKind>, bytes: Option<u64>) {
    #[cfg(feature = "metrics")]
    super::metrics::count_checkpoint(kind, bytes);
}

impl Captured {
    fn note(&mut self, captured: Waiting) {
        if self.waiting.len() == WAITING {
            self.waiting.pop_front();
        }
        self.waiting.push_back(captured);
    }

    /// The time since which the oldest checkpoint after this one waits. Forgets the checkpoints up to this one.
    fn waiting_after(&mut self, saved: CheckpointId) -> Option<Duration> {
        let is_later = |id: CheckpointId| id.run == saved.run && id.counter > saved.counter;
        self.waiting.retain(|waiting| is_later(waiting.checkpoint));
        self.waiting.front().map(|oldest| oldest.since)
    }

    fn kind(&self, checkpoint: CheckpointId) -> Option<CheckpointKind> {
        let found = self.waiting.iter().find(|waiting| waiting.checkpoint == checkpoint);
        found.map(|waiting| waiting.kind)
    }
}

#[cfg(test)]
mod tests {
    use bevy_session::checkpoints::RunId;

    use super::*;

    #[test]
    fn what_waits_has_the_age_of_the_oldest_capture_that_is_not_durable() {
        let checkpoint = |counter| CheckpointId { run: RunId(7), counter };
        let mut captured = Captured::default();
        for counter in [1, 2, 4] {
            let (checkpoint, since) = (checkpoint(counter), Duration::from_secs(counter));
            captured.note(Waiting { checkpoint, kind: CheckpointKind::Auto, since });
        }
        let after = |captured: &mut Captured, counter| {
            captured.waiting_after(checkpoint(counter)).map(|since| since.as_secs())
        };
        assert_eq!(after(&mut captured, 1), Some(2));
        assert_eq!(after(&mut captured, 3), Some(4));
        assert_eq!(after(&mut captured, 4), None);
    }

    #[test]
    fn leaving_a_session_ends_what_kept_only_that_one_from_being_saved() {
        let reasons = [
            (StopReason::LockLost, true),
            (StopReason::WorldLost, true),
            (StopReason::WriterLost, false),
            (StopReason::Panicked, false),
        ];
        for (reason, ends) in reasons {
            assert_eq!(reason.is_of_one_session(), ends, "{reason}");
        }
    }
}
