//! A session that is played.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::guard::{OpenSession, Stage};
use super::row_content::{RowContent, ScopedCapture, Start};
use super::{Codec, Event, JournalError, Scope};
use crate::format::CheckpointKind;
use crate::model::clock;
use crate::model::ids::{CheckpointId, RunId, SessionId, limits};
use crate::model::session::{
    CheckpointSummary, EndReason, FieldError, Fields, GameClock, Leaving, RequestError,
    SessionStatus, StopReason,
};
use crate::read::recovery::PROBATION;
use crate::write::{CheckpointOrder, Leave, News, Order, Report, Saved, TakeUp};

/// A session that is played: from here on, captures are its checkpoints. From
/// [`Journal::start`](crate::Journal::start) or [`Restored::go_on`](crate::Restored::go_on).
///
/// Call [`poll`](Self::poll) or [`wait`](Self::wait) many times a second: a process that calls nothing for
/// five seconds and is killed then counts as one that
/// [didn't respond](crate::HowItEnded::NotResponding).
///
/// A run that is dropped without being [closed](Self::close) or [ended](Self::end) is found as a crash by
/// the next process.
pub struct Run<'j, C: Codec> {
    open: OpenSession<'j, C>,
    run: RunId,
    /// The number of the last capture.
    captured: u64,
    /// The checkpoint that the next capture is the difference to; `None` if it has to contain everything.
    base: Option<u64>,
    is_untouched: bool,
    fields: Fields,
    fields_changed: bool,
    /// The last event that another program recorded and that is in the state.
    events_through: u64,
    /// Play time before this run, and when it began.
    played_before: Duration,
    began: Duration,
    /// The play time at which a restore has proven itself.
    on_trial_until: Option<Duration>,
    events: VecDeque<Event>,
    has_reported_loss: bool,
}

impl<C: Codec> fmt::Debug for Run<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("session", &self.session()).finish_non_exhaustive()
    }
}

impl<'j, C: Codec> Run<'j, C> {
    /// Begins a run; after a checkpoint number and play time, if it continues from a checkpoint.
    pub(super) fn begin(
        open: OpenSession<'j, C>,
        take_up: TakeUp<Start>,
        fields: Fields,
        after: Option<(u64, Duration)>,
        events_through: u64,
    ) -> Self {
        let run = take_up.run;
        open.journal.order(Order::TakeUp(Box::new(take_up)));
        let (captured, played_before) = after.unwrap_or_default();
        let began = open.journal.moment().elapsed;
        Self {
            open,
            run,
            captured,
            base: None,
            is_untouched: true,
            fields,
            fields_changed: false,
            events_through,
            played_before,
            began,
            on_trial_until: after.map(|(_, play_time)| play_time.saturating_add(PROBATION)),
            events: VecDeque::new(),
            has_reported_loss: false,
        }
    }

    /// The session that is played.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.open.session
    }

    /// The time that the session has been played, earlier runs included.
    #[must_use]
    pub fn play_time(&self) -> Duration {
        let now = self.open.journal.moment().elapsed;
        self.played_before.saturating_add(now.saturating_sub(self.began))
    }

    /// The custom fields of the session.
    #[must_use]
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Sets a custom field, from the next checkpoint on.
    ///
    /// # Errors
    ///
    /// As [`Fields::set`].
    pub fn set_field<T: Serialize + ?Sized>(
        &mut self,
        name: &str,
        value: &T,
    ) -> Result<(), FieldError> {
        self.fields.set(name, value)?;
        self.fields_changed = true;
        Ok(())
    }

    /// Returns true if the next capture will have to contain [everything](Scope::Everything): the first of a run, and
    /// the one after checkpoints were lost.
    #[must_use]
    pub fn needs_full(&mut self) -> bool {
        self.take_in();
        self.base.is_none()
    }

    /// Returns true if the writer hasn't worked off the last capture. An automatic checkpoint had better wait then: the
    /// next one includes all changes until then.
    #[must_use]
    pub fn is_behind(&mut self) -> bool {
        self.take_in();
        self.open.journal.link.captures_in_flight() > 0
    }

    /// Takes a checkpoint, and hands it to the writer. It is safe when [`Event::Saved`] names it, and not
    /// before.
    ///
    /// `capture` copies what the checkpoint has to contain. The first automatic checkpoint of a run is of
    /// the kind [`Opening`](CheckpointKind::Opening).
    pub fn checkpoint(
        &mut self,
        kind: CheckpointKind,
        capture: impl FnOnce(Scope) -> C::Capture,
    ) -> CheckpointId {
        self.capture(kind, None, capture)
    }

    /// Takes a checkpoint that is kept under a name: it isn't merged with others, and stays when history is pruned: the
    /// newest 1,000, as long as the session takes less than 256 MiB.
    ///
    /// # Errors
    ///
    /// [`RequestError::TextTooLong`]. Nothing is captured then.
    pub fn named_checkpoint(
        &mut self,
        label: impl Into<String>,
        capture: impl FnOnce(Scope) -> C::Capture,
    ) -> Result<CheckpointId, RequestError> {
        let (label, limit) = (label.into(), limits::STRING_BYTES);
        match label.len() {
            bytes if bytes > limit => Err(RequestError::TextTooLong { bytes, limit }),
            _ => Ok(self.capture(CheckpointKind::Manual, Some(label), capture)),
        }
    }

    /// The next event, if there is one. Doesn't wait.
    pub fn poll(&mut self) -> Option<Event> {
        let now = self.open.journal.now();
        self.open.journal.link.turn(now);
        self.end_trial();
        self.take_in();
        self.events.pop_front()
    }

    /// The next event, which is waited for until `deadline`. If the writer is gone, there is nothing to wait for.
    pub fn wait(&mut self, deadline: Instant) -> Option<Event> {
        let event = self.poll();
        if event.is_some() || self.open.journal.is_driven() {
            return event;
        }
        while self.events.is_empty() {
            let report = self.open.journal.next_report(deadline)?;
            self.note(report);
        }
        self.events.pop_front()
    }

    /// Closes the session, to be continued: takes a last checkpoint, and waits until it and the end are on
    /// disk.
    ///
    /// # Errors
    ///
    /// [`JournalError::NotSaved`], [`JournalError::NoAnswer`] and [`JournalError::WriterGone`].
    pub fn close(self, capture: impl FnOnce(Scope) -> C::Capture) -> Result<Saved, JournalError> {
        self.leave(SessionStatus::Closed, None, capture)
    }

    /// Ends the session for good: it can't be continued. Otherwise like [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// As [`close`](Self::close).
    pub fn end(
        self,
        reason: EndReason,
        capture: impl FnOnce(Scope) -> C::Capture,
    ) -> Result<Saved, JournalError> {
        self.leave(reason.status(), Some(reason), capture)
    }

    fn capture(
        &mut self,
        kind: CheckpointKind,
        label: Option<String>,
        capture: impl FnOnce(Scope) -> C::Capture,
    ) -> CheckpointId {
        self.take_in();
        let base = self.base;
        let scope = if base.is_some() { Scope::Changes } else { Scope::Everything };
        let (play_time, time) = (self.play_time(), self.open.journal.moment().wall);
        let is_opening = std::mem::take(&mut self.is_untouched) && kind == CheckpointKind::Auto;
        self.captured += 1;
        self.base = Some(self.captured);
        let fields_changed = std::mem::take(&mut self.fields_changed) || scope.is_everything();
        self.open.journal.order(Order::Checkpoint(Box::new(CheckpointOrder {
            counter: self.captured,
            base,
            kind: if is_opening { CheckpointKind::Opening } else { kind },
            label,
            time,
            play_time,
            fields: fields_changed.then(|| self.fields.clone()),
            state_changes: None,
            chapters: None,
            summary: fields_changed
                .then(|| CheckpointSummary::of(&self.fields, &BTreeMap::new(), &[])),
            clock: GameClock::default(),
            events_through: self.events_through,
            after_failure: false,
            tape: None,
            capture: ScopedCapture { scope, capture: capture(scope) },
            self_test: None,
            handed_over: clock::instant(),
        })));
        CheckpointId { run: self.run, counter: self.captured }
    }

    fn leave(
        mut self,
        status: SessionStatus,
        reason: Option<EndReason>,
        capture: impl FnOnce(Scope) -> C::Capture,
    ) -> Result<Saved, JournalError> {
        let last = self.capture(CheckpointKind::Exit, None, capture);
        let (play_time, time) = (self.play_time(), self.open.journal.moment().wall);
        self.open.journal.order(Order::Leave(Leave {
            status,
            reason,
            leaving: Leaving::default(),
            time,
            play_time,
        }));
        let (mut saved, mut cause) = (None, None);
        let complete = self.open.journal.answer(|report| match report {
            Report::News(News::Saved(checkpoint)) if checkpoint.id == last => {
                saved = Some(checkpoint);
                None
            }
            Report::News(News::Failed { error, .. }) => {
                cause = Some(error);
                None
            }
            Report::News(News::Left { complete, .. }) => Some(complete),
            _ => None,
        })?;
        self.open.stage = Stage::Left;
        saved.filter(|_| complete).ok_or(JournalError::NotSaved { cause })
    }

    /// Takes in what the writer has reported by now.
    fn take_in(&mut self) {
        while let Some(report) = self.open.journal.link.report() {
            self.note(report);
        }
        let is_lost = self.open.journal.link.is_broken();
        if is_lost && !std::mem::replace(&mut self.has_reported_loss, true) {
            self.events.push_back(Event::Stopped(StopReason::WriterLost));
        }
    }

    fn note(&mut self, report: Report<RowContent<C>>) {
        let Report::News(news) = report else { return };
        self.events.extend(match news {
            // Nothing is reported of a run that was dropped before.
            News::Saved(saved) => Some(saved).filter(|it| it.id.run == self.run).map(Event::Saved),
            News::Failed { checkpoint, error, retry_in } if checkpoint.run == self.run => {
                Some(Event::Failed { checkpoint, error, retry_in })
            }
            News::NeedFull => {
                self.base = None;
                None
            }
            News::SavingStopped(reason) => Some(Event::Stopped(reason)),
            News::SavingResumed => Some(Event::Resumed),
            News::PowerCutsNotCovered => Some(Event::PowerCutsNotCovered),
            News::Cloud(news) => {
                self.open.journal.cloud_news.push(news);
                None
            }
            _ => None,
        });
    }

    /// A restore has proven itself once the program has lived on with it for a while.
    fn end_trial(&mut self) {
        let play_time = self.play_time();
        if self.on_trial_until.take_if(|until| play_time >= *until).is_some() {
            self.open.journal.order(Order::EndTrial(self.open.session));
        }
    }
}
