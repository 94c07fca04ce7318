//! Records what happened, and reads it again.

use super::Worker;
use crate::format::EventStretch;
use crate::model::clock::Moment;
use crate::model::ids::{CheckpointId, SessionId, Ticket};
use crate::read::digest::{DigestOrder, PlayedLine};
use crate::read::recovery::{EventQuery, EventReading, EventValidating};
use crate::write::digesting::Digest;
use crate::write::jobs::WaitsFor;
use crate::write::reading_events::ReadEvents;
use crate::write::run_journal::{RunJournal, waits_for_first_checkpoint};
use crate::write::{Content, Report};

impl<C: Content> Worker<C> {
    pub(super) fn record_events(&mut self, events: C::Events, now: Moment) {
        let Some((journal, content)) = &mut self.playing else { return };
        let (batch, reports) = self.content.encode_events(content, events);
        self.reports.extend(reports.into_iter().map(Report::Content));
        let mut news = Vec::new();
        journal.record_events(&batch, now, &mut news);
        self.take_in(news);
    }

    /// Reads a page of events between the checkpoints, or at once if there are none. Of the session that is played, it
    /// is a page of all that was recorded until now, and of nothing later.
    pub(super) fn read_events(&mut self, query: EventQuery, ticket: Ticket, now: Moment) {
        let mut line = self.hand_over_events(query.session, now);
        if let (Some(line), Some((journal, _))) = (&mut line, &self.playing)
            && let Some(own) = line.first_mut()
        {
            own.through = journal.events.newest();
        }
        let session = query.session;
        let waits_for = until_recorded(self.playing.as_ref(), session);
        let reading = EventReading::new(query, line);
        self.jobs.add(ReadEvents { session, reading, ticket, waits_for });
        self.do_long_job_if_idle(now);
    }

    /// Looks at all that a session has recorded, likewise.
    pub(super) fn validate_events(&mut self, session: SessionId, ticket: Ticket, now: Moment) {
        self.hand_over_events(session, now);
        let waits_for = until_recorded(self.playing.as_ref(), session);
        let reading = EventValidating::new(session);
        self.jobs.add(ReadEvents { session, reading, ticket, waits_for });
        self.do_long_job_if_idle(now);
    }

    /// Brings digests up to date between the checkpoints, with what is played as it is now.
    pub(super) fn digest(&mut self, order: DigestOrder, ticket: Ticket, now: Moment) {
        let playing = self.playing.as_ref().map(|(journal, _)| journal.session());
        let played = playing.and_then(|session| {
            let line = self.hand_over_events(session, now)?;
            Some(PlayedLine { session, line })
        });
        self.jobs.add(Digest::new(order, ticket, played));
    }

    /// Appends the events that the session has recorded so far, if it is played. Returns its line then.
    fn hand_over_events(&mut self, session: SessionId, now: Moment) -> Option<Vec<EventStretch>> {
        let (journal, _) = self.playing.as_mut().filter(|(it, _)| it.session() == session)?;
        let mut news = Vec::new();
        journal.write_events(now, &mut news);
        let line = journal.event_line();
        self.take_in(news);
        Some(line)
    }
}

/// What has to happen before events of a session can be read.
fn until_recorded<R>(playing: Option<&(RunJournal, R)>, session: SessionId) -> WaitsFor {
    let played = playing.filter(|(run, _)| run.session() == session);
    match played.filter(|(run, _)| waits_for_first_checkpoint(run)) {
        Some((run, _)) => WaitsFor::Checkpoint(CheckpointId { run: run.run(), counter: 0 }),
        None => WaitsFor::Nothing,
    }
}
