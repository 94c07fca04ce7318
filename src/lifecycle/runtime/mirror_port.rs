//! The driver's end of the line to what mirrors the replica.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use bevy_session_journal::SessionId;
use bevy_session_journal::internal::model::clock::Moment;
use bevy_session_journal::replica::{MirrorLink, MirrorOrder, MirrorReport, ReplicaReport};

use super::RuntimeParts;

/// The driver's link to the thread that mirrors the replica.
pub(crate) struct MirrorPort {
    link: MirrorLink,
    /// The sessions that this process owns in the replica.
    owned: BTreeSet<SessionId>,
    /// The sessions that were left, and aren't complete in the mirror yet.
    leaving: BTreeMap<SessionId, usize>,
}

impl RuntimeParts {
    /// The link to the replica's mirror, if there is one.
    pub(in crate::lifecycle) fn mirror(&mut self) -> Option<&mut MirrorPort> {
        self.replica.as_mut()?.mirror.as_mut()
    }
}

impl MirrorPort {
    pub(crate) fn new(link: MirrorLink) -> Self {
        Self { link, owned: BTreeSet::new(), leaving: BTreeMap::new() }
    }

    /// The replica says what concerns the mirror as well: it is fed from there.
    pub(in crate::lifecycle) fn pass_on(&mut self, report: &ReplicaReport, now: Moment) {
        match report {
            ReplicaReport::Claimed(session, _) => {
                self.owned.insert(*session);
                self.link.send(MirrorOrder::Begin(*session), now);
            }
            ReplicaReport::Replicated(session, checkpoint) => {
                self.link.send(MirrorOrder::Replicated(*session, *checkpoint), now);
            }
            // What the replica has lost isn't named any more.
            ReplicaReport::Over(session, ..) => self.let_go(*session, true, now),
            ReplicaReport::LetGo(session, _) => self.let_go(*session, false, now),
            ReplicaReport::Erased(session) => {
                self.link.send(MirrorOrder::Remove(*session), now);
            }
            _ => {}
        }
    }

    fn let_go(&mut self, session: SessionId, has_lost: bool, now: Moment) {
        if self.owned.remove(&session) {
            *self.leaving.entry(session).or_default() += 1;
            self.link.send(MirrorOrder::LetGo(session, has_lost), now);
        }
    }

    /// A session that was left is complete in the mirror, or isn't waited for. It may have been left again by now.
    pub(in crate::lifecycle) fn note_let_go(&mut self, session: SessionId) {
        if let Some(times) = self.leaving.get_mut(&session) {
            *times = times.saturating_sub(1);
        }
        self.leaving.retain(|_, times| *times > 0);
    }

    /// Returns true if sessions that were left aren't fully in the mirror yet.
    pub(in crate::lifecycle) fn is_leaving(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// Returns true if the mirror's thread is gone, after a panic.
    pub(in crate::lifecycle) fn is_broken(&self) -> bool {
        self.link.is_broken()
    }

    /// Gives a driven mirror its turn.
    pub(in crate::lifecycle) fn turn(&mut self, now: Moment) {
        self.link.turn(now);
    }

    pub(in crate::lifecycle) fn report(&mut self) -> Option<MirrorReport> {
        self.link.report()
    }

    /// The next report, waiting for it until `deadline`. Only an exit waits.
    pub(in crate::lifecycle) fn wait_for_report(
        &mut self,
        deadline: Instant,
        now: Moment,
    ) -> Option<MirrorReport> {
        self.link.wait_for_report(deadline, now)
    }
}
