//! Records what happened, and reads it again.

use super::{Worker, collect_news};
use crate::clock::Moment;
use crate::digest::{DigestOrder, PlayedLine};
use crate::ids::{SessionId, Ticket};
use crate::recovery::{EventQuery, EventReading, EventValidating};
use crate::writer::{Content, Order, Report};

impl<C: Content> Worker<C> {
    pub(super) fn record_events(&mut self, events: C::Events, now: Moment) {
        let Some((journal, content)) = &mut self.playing else { return };
        let (batch, reports) = self.content.encode_events(content, events);
        self.reports.extend(reports.into_iter().map(Report::Content));
        collect_news(&mut self.reports, |news| journal.record_events(&batch, now, news));
    }

    /// Reads a page of events between the checkpoints, or at once if there are none.
    pub(super) fn read_events(&mut self, query: EventQuery, ticket: Ticket, now: Moment) {
        let line = self.hand_over_events(query.session, now);
        self.chores.read_events(EventReading::new(query, line), ticket);
        self.do_chore_if_idle(now);
    }

    /// Looks at all that a session has recorded, likewise.
    pub(super) fn validate_events(&mut self, session: SessionId, ticket: Ticket, now: Moment) {
        self.hand_over_events(session, now);
        self.chores.validate_events(EventValidating::new(session), ticket);
        self.do_chore_if_idle(now);
    }

    /// What was found of the sessions that an order may change isn't true any more.
    pub(super) fn note_changes(&mut self, order: &Order<C>) {
        let digests = &mut self.chores.digests;
        order.session().into_iter().for_each(|session| digests.note_changed(session));
        if let Order::EditMany { order, .. } = order {
            order.sessions.iter().for_each(|one| digests.note_changed(one.session));
        }
    }

    /// Brings digests up to date between the checkpoints, with what is played as it is now.
    pub(super) fn digest(&mut self, order: DigestOrder, ticket: Ticket, now: Moment) {
        let playing = self.playing.as_ref().map(|(journal, _)| journal.session());
        let played = playing.and_then(|session| {
            let line = self.hand_over_events(session, now)?;
            Some(PlayedLine { session, line })
        });
        self.chores.digest((order, ticket), played);
    }

    /// Appends what the session has recorded so far, if it is played. What is known of its line then.
    pub(super) fn hand_over_events(
        &mut self,
        session: SessionId,
        now: Moment,
    ) -> Option<Vec<crate::journal::EventStretch>> {
        let (journal, _) = self.playing.as_mut().filter(|(it, _)| it.session() == session)?;
        collect_news(&mut self.reports, |news| journal.write_events(now, news));
        Some(journal.event_line())
    }

    fn do_chore_if_idle(&mut self, now: Moment) {
        if self.playing.is_none() {
            self.do_chore(now);
        }
    }
}
