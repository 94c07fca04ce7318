//! The driver's end of the line to what keeps sessions in a backup of the replica.
//!
//! Nothing waits for it but an exit. It hears of a checkpoint once the replica has it.

use std::collections::BTreeSet;
use std::time::Instant;

use bevy_session_journal::internal::model::clock::Moment;
use bevy_session_journal::replica::{KeeperLink, ReplicaOrder, ReplicaReport};
use bevy_session_journal::{CheckpointId, SessionId};

/// The driver's link to the thread that keeps sessions in a backup.
pub(in crate::lifecycle) struct BackupPort {
    link: KeeperLink,
    /// The sessions that are kept there.
    kept: BTreeSet<SessionId>,
    /// The sessions that were left, and aren't complete there yet.
    leaving: BTreeSet<SessionId>,
}

impl BackupPort {
    pub(super) fn new(link: KeeperLink) -> Self {
        Self { link, kept: BTreeSet::new(), leaving: BTreeSet::new() }
    }

    /// Passes on an order that both tiers get.
    pub(super) fn pass_on(&mut self, order: ReplicaOrder, now: Moment) {
        self.link.send(order, now);
    }

    /// A session is about to be played.
    pub(super) fn begin(&mut self, session: SessionId, now: Moment) {
        self.leaving.remove(&session);
        if self.kept.insert(session) {
            self.link.send(ReplicaOrder::Begin(session), now);
        }
    }

    /// The replica has a checkpoint.
    pub(in crate::lifecycle) fn replicated(
        &mut self,
        session: SessionId,
        checkpoint: CheckpointId,
        now: Moment,
    ) {
        self.link.send(ReplicaOrder::Saved(session, checkpoint), now);
    }

    /// The session isn't this machine's any more: what the replica hasn't got isn't sent to the backup either.
    pub(in crate::lifecycle) fn give_up(&mut self, session: SessionId, now: Moment) {
        if self.kept.contains(&session) {
            self.link.send(ReplicaOrder::Withhold(session, true), now);
            self.let_go(session, now);
        }
    }

    /// Releases all sessions but the one that is played.
    pub(super) fn let_go_of_others(&mut self, played: Option<SessionId>, now: Moment) {
        let others = self.kept.iter().copied().filter(|session| played != Some(*session));
        others.collect::<Vec<_>>().into_iter().for_each(|session| self.let_go(session, now));
    }

    fn let_go(&mut self, session: SessionId, now: Moment) {
        self.kept.remove(&session);
        self.leaving.insert(session);
        self.link.send(ReplicaOrder::LetGo(session), now);
    }

    /// A session that was left is complete there, or never will be.
    pub(in crate::lifecycle) fn note_let_go(&mut self, session: SessionId) {
        self.leaving.remove(&session);
    }

    /// Nothing more of a session is sent.
    pub(in crate::lifecycle) fn forget(&mut self, session: SessionId) {
        self.kept.remove(&session);
        self.leaving.remove(&session);
    }

    /// Returns true if sessions that were left aren't complete there yet.
    pub(in crate::lifecycle) fn is_leaving(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// Returns true if its thread is gone, after a panic.
    pub(in crate::lifecycle) fn is_broken(&self) -> bool {
        self.link.is_broken()
    }

    /// Gives a driven keeper its turn.
    pub(super) fn turn(&mut self, now: Moment) {
        self.link.turn(now);
    }

    pub(in crate::lifecycle) fn report(&mut self) -> Option<ReplicaReport> {
        self.link.report()
    }

    /// The next report, waiting for it until `deadline`. Only an exit waits.
    pub(in crate::lifecycle) fn wait_for_report(
        &mut self,
        deadline: Instant,
        now: Moment,
    ) -> Option<ReplicaReport> {
        self.link.wait_for_report(deadline, now)
    }
}
