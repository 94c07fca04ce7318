//! The forks of the session that is played.

use std::collections::VecDeque;

use bevy_session_journal::{CheckpointId, SessionId};

use crate::lifecycle::requests::WorldFork;

/// Forks that a session has at a time: as many as retention keeps checkpoints of this kind.
const MOST: usize = 10;

/// The forks of the session that is played, the oldest first.
#[derive(Default)]
pub(crate) struct Forks {
    of: Option<SessionId>,
    forks: VecDeque<(WorldFork, CheckpointId)>,
}

impl Forks {
    /// Adds one, and lets the oldest go where there are too many.
    pub(in crate::lifecycle) fn add(
        &mut self,
        session: SessionId,
        fork: WorldFork,
        checkpoint: CheckpointId,
    ) {
        if self.of.replace(session) != Some(session) {
            self.forks.clear();
        }
        if self.forks.len() >= MOST {
            self.forks.pop_front();
        }
        self.forks.push_back((fork, checkpoint));
    }

    /// A checkpoint isn't written any more: nothing leads back to it.
    pub(in crate::lifecycle) fn forget(&mut self, given_up: CheckpointId) {
        self.forks.retain(|(_, checkpoint)| *checkpoint != given_up);
    }

    /// The moment that a fork of a session is of.
    pub(in crate::lifecycle) fn find(
        &self,
        session: SessionId,
        fork: WorldFork,
    ) -> Option<CheckpointId> {
        let mut own = self.forks.iter().filter(|_| self.of == Some(session));
        own.find(|(known, _)| *known == fork).map(|(_, checkpoint)| *checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use bevy_session_journal::{RunId, Ticket};

    use super::*;

    #[test]
    fn the_newest_forks_are_kept_and_only_those_of_the_session() {
        let [session, other] = [SessionId::random(), SessionId::random()];
        let checkpoint = |counter| CheckpointId { run: RunId(1), counter };
        let forks: Vec<WorldFork> =
            (0..=MOST).map(|_| WorldFork::asked_for(Ticket::new())).collect();
        let mut kept = Forks::default();
        for (counter, fork) in (0..).zip(&forks) {
            kept.add(session, *fork, checkpoint(counter));
        }
        assert_eq!(kept.find(session, forks[0]), None, "it is bounded");
        assert_eq!(kept.find(session, forks[1]), Some(checkpoint(1)));
        assert_eq!(kept.find(other, forks[1]), None);
        kept.forget(checkpoint(2));
        assert_eq!(kept.find(session, forks[2]), None, "there is nothing to return to");
        assert_eq!(kept.find(session, forks[3]), Some(checkpoint(3)));
        kept.add(other, forks[0], checkpoint(9));
        assert_eq!(kept.find(session, forks[1]), None, "they go with the session");
    }
}
