//! Takes what a store tells people of a session out of it, and ends what was shared, once its player has withdrawn.
//!
//! A session that is played is forgotten beside a renewal as well. This does it at once, and for those that were left.

use std::collections::VecDeque;
use std::time::Duration;

use tracing::warn;

use crate::disk::with_sources;
use crate::model::ids::SessionId;
use crate::replica::pause::longer;
use crate::replica::{Epoch, ReplicaStore};

/// The sessions that are to be forgotten.
#[derive(Default)]
pub(super) struct Forgetting {
    sessions: VecDeque<SessionId>,
    /// The time of the next one, and the pause before it.
    due: Duration,
    pause: Duration,
}

impl Forgetting {
    pub(super) fn add(&mut self, session: SessionId) {
        self.remove(session);
        self.sessions.push_back(session);
    }

    /// Its player agrees again.
    pub(super) fn remove(&mut self, session: SessionId) {
        self.sessions.retain(|other| *other != session);
    }

    /// The time of the next piece of work.
    pub(super) fn due(&self) -> Option<Duration> {
        (!self.sessions.is_empty()).then_some(self.due)
    }

    /// Forgets one of them, in the name of this machine's last claim. What was never claimed isn't known there.
    pub(super) fn turn(
        &mut self,
        store: &dyn ReplicaStore,
        claimed: impl Fn(SessionId) -> Option<Epoch>,
        now: Duration,
    ) {
        if self.due > now {
            return;
        }
        let Some(session) = self.sessions.pop_front() else { return };
        let Some(epoch) = claimed(session) else { return };
        match store.forget(session, epoch) {
            Ok(()) => self.pause = Duration::ZERO,
            Err(fault) => {
                if self.pause.is_zero() {
                    warn!(
                        %session, error = %with_sources(&fault),
                        "what was shared of a withdrawn session can't be ended now; it is tried again"
                    );
                }
                self.pause = longer(self.pause);
                self.sessions.push_back(session);
            }
        }
        self.due = now.saturating_add(self.pause);
    }
}
