//! Slowly, while nothing else is to be done, looks for sessions of the mirror that were removed in the replica.
//!
//! An erasure, or a removal by hand, may be another process's. What is absent in the replica stays: only a tombstone says that
//! something is to be removed.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::MirrorOptions;
use crate::model::ids::{SessionId, random_u64};
use crate::replica::{Direct, Log, StoreFault, block_on};

/// The time between two sessions, and between two rounds through all.
const BETWEEN_SESSIONS: Duration = Duration::from_secs(5);
const BETWEEN_ROUNDS: Duration = Duration::from_secs(600);

/// The sessions of a mirror, one after the other.
#[derive(Default)]
pub(super) struct Sweep {
    waiting: VecDeque<SessionId>,
    pub next: Duration,
    /// The sessions that are removed in the mirror.
    settled: BTreeSet<SessionId>,
}

impl Sweep {
    /// Looks at one session, and returns it if it is to be removed.
    pub fn look(
        &mut self,
        options: &MirrorOptions,
        now: Duration,
    ) -> Result<Option<SessionId>, StoreFault> {
        self.next = now.saturating_add(BETWEEN_SESSIONS);
        let Some(session) = self.waiting.pop_front() else {
            let mut sessions = options.mirror.sessions()?;
            sessions.retain(|session| !self.settled.contains(session));
            // Of many, other processes begin elsewhere.
            let first = random_u64().checked_rem(sessions.len() as u64).unwrap_or(0);
            sessions.rotate_left(usize::try_from(first).unwrap_or(0));
            self.waiting = sessions.into();
            if self.waiting.is_empty() {
                self.next = now.saturating_add(BETWEEN_ROUNDS);
            }
            return Ok(None);
        };
        let is_removed = is_to_be_removed(options, session);
        if is_removed.is_err() {
            self.waiting.push_front(session);
        } else if self.waiting.is_empty() {
            self.next = now.saturating_add(BETWEEN_ROUNDS);
        }
        Ok(is_removed?.then_some(session))
    }

    /// A session is removed in the mirror.
    pub fn note_removed(&mut self, session: SessionId) {
        self.settled.insert(session);
    }
}

/// Returns true if a session has a tombstone in the replica. One that isn't there in the mirror as well is removed, and what has
/// come back of it.
pub(super) fn is_to_be_removed(
    options: &MirrorOptions,
    session: SessionId,
) -> Result<bool, StoreFault> {
    let replica = Direct(options.replica.clone());
    block_on(Log::is_removed(&replica, session))
}
