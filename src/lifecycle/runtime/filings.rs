//! The sessions with an operation other than play in progress.

use std::collections::HashMap;

use bevy_session_journal::{SessionId, Ticket};

/// Operations on sessions that aren't played, which the writer hasn't answered yet: at most one per
/// session, so that they are done in the order in which they were requested, however long one
/// takes.
#[derive(Default)]
pub(crate) struct Filings {
    under_way: HashMap<SessionId, Ticket>,
}

impl Filings {
    /// Notes an operation on a session, until its ticket is answered.
    pub(in crate::lifecycle) fn begin(&mut self, session: SessionId, ticket: Ticket) {
        self.under_way.insert(session, ticket);
    }

    /// It is answered.
    pub(in crate::lifecycle) fn end(&mut self, session: SessionId, ticket: Ticket) {
        if self.under_way.get(&session) == Some(&ticket) {
            self.under_way.remove(&session);
        }
    }

    /// No answers will come any more.
    pub(in crate::lifecycle) fn give_up(&mut self) {
        self.under_way.clear();
    }

    /// Returns true if an operation on this session is in progress.
    pub(in crate::lifecycle) fn are_of(&self, session: SessionId) -> bool {
        self.under_way.contains_key(&session)
    }

    /// Returns true if no operation is in progress.
    pub(in crate::lifecycle) fn are_done(&self) -> bool {
        self.under_way.is_empty()
    }
}
