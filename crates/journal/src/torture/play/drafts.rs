//! Planning sessions, and beginning them.

use std::time::Duration;

use super::super::game::Beginning;
use super::super::{Fact, World};
use super::Play;
use crate::model::ids::{RunId, SessionId, Ticket};
use crate::model::session::{Fields, NewSession, RequestError, RestoreFrom, RestoreReason};
use crate::read::recovery::{SessionEntry, Wanted};
use crate::write::{DraftOrder, EventStart, News, Order};

impl Play {
    /// Plans a session.
    ///
    /// # Errors
    ///
    /// The error that the writer reports.
    pub fn draft(&mut self, session: &NewSession) -> Result<SessionEntry, RequestError> {
        let id = SessionId::from(uuid::Uuid::from_u128(u128::from(self.number())));
        let mut metadata = session.begin(id, self.now.wall);
        metadata.draft = true;
        let order = DraftOrder { metadata, session: session.clone() };
        let mut news =
            self.order(Order::Draft { order: Box::new(order), ticket: Ticket::new() }).into_iter();
        let drafted = news.find_map(|news| match news {
            News::Drafted { result, .. } => Some(result.map(|entry| *entry)),
            _ => None,
        });
        drafted.expect("it should be reported")
    }

    /// Begins a session that was planned. The fields that it begins with.
    ///
    /// # Errors
    ///
    /// The error that the writer reports.
    pub fn begin_draft(&mut self, session: SessionId) -> Result<Fields, RequestError> {
        let (from, reason) = (RestoreFrom::Latest, RestoreReason::Continued);
        let probation = Duration::from_secs(60);
        let (tail, played, by_name, is_return) = (None, None, false, false);
        let wanted = Wanted { session, from, reason, tail, played, by_name, is_return, probation };
        let (prepared, news) = self.game.prepare(wanted, self.now);
        let refused = news.into_iter().find_map(|news| match news {
            News::NotPrepared { error, .. } => Some(error),
            _ => None,
        });
        let Some(prepared) = prepared else { return Err(refused.expect("it should say why")) };
        assert!(prepared.is_draft && !prepared.metadata.draft && prepared.trial.is_none());
        let mut world = World::new(&mut self.random);
        world.fields = prepared.fields.clone();
        self.note(session, Fact::Naming { name: prepared.metadata.name.clone() });
        self.sessions[self.profile] = Some(session);
        let beginning = Beginning {
            run: RunId(self.number()),
            metadata: prepared.metadata,
            lineage: prepared.lineage,
            begun: None,
            newest_counter: prepared.newest_counter,
            world,
            unknown_frames: prepared.unknown_frames,
            events: EventStart { records: true, ..EventStart::default() },
            next_event: 1,
            events_through: 0,
        };
        self.events.begin();
        self.begin(session, beginning);
        Ok(prepared.fields)
    }
}
