//! The forks of the session that is played.

use std::collections::VecDeque;

use bevy_session_journal::{CheckpointId, SessionId};

use crate::lifecycle::requests::WorldFork;

/// The most forks that a session has at a time: as many as the checkpoints of this kind that
/// retention keeps.
const MOST: usize = 10;

/// The forks of the session that is played, the oldest first.
#[derive(Default)]
pub(crate) struct Forks {
    of: Option<SessionId>,
    forks: VecDeque<(WorldFork, CheckpointId)>,
}

impl Forks {
    /// Adds one, and removes the oldest if there are too many.
    pub(in crate::lifecycle) fn add(
        &mut self,
        session: SessionId,
        fork: WorldFork,
        checkpoint: CheckpointId,
    ) {
        if self.of != Some(session) {
            self.clear();
            self.of = Some(session);
        }
        if self.forks.len() >= MOST {
            self.forks.pop_front();
        }
        self.forks.push_back((fork, checkpoint));
    }

    /// Forgets all of them: the session is left.
    pub(in crate::lifecycle) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Forgets the fork of a checkpoint that isn't written any more.
    pub(in crate::lifecycle) fn forget(&mut self, given_up: CheckpointId) {
        self.forks.retain(|(_, checkpoint)| *checkpoint != given_up);
    }

    /// The moment of a session's fork.
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
