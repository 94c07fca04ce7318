//! The sessions that have changed.

use bevy_session_journal::{Digested, DigestedSessions};

use crate::session::SessionInsights;

/// A session that is another one than it was, is new or is gone.
pub(super) struct Change<'a> {
    /// Its row among the sessions of today; of one that is gone, that of the session after it.
    pub(super) row: usize,
    pub(super) old: Option<&'a Digested<SessionInsights>>,
    pub(super) new: Option<&'a Digested<SessionInsights>>,
}

/// The changes, in the order of sessions. A session whose value is the same allocation as before is skipped.
pub(super) fn changes<'a>(
    before: &'a DigestedSessions<SessionInsights>,
    now: &'a DigestedSessions<SessionInsights>,
) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    let (mut before, mut now) = (before.iter().peekable(), now.iter().peekable());
    let mut row = 0;
    loop {
        let (old, new) = (before.peek().copied(), now.peek().copied());
        let (is_old, is_new) = match (old, new) {
            (None, None) => return changes,
            (Some(old), Some(new)) if std::ptr::eq(old, new) => {
                before.next();
                now.next();
                row += 1;
                continue;
            }
            (Some(old), Some(new)) => (old.session <= new.session, new.session <= old.session),
            (old, new) => (old.is_some(), new.is_some()),
        };
        changes.push(Change { row, old: old.filter(|_| is_old), new: new.filter(|_| is_new) });
        if is_old {
            before.next();
        }
        if is_new {
            now.next();
            row += 1;
        }
    }
}
