//! The driver's end of the line to what keeps sessions in a replica.
//!
//! A session is played once the replica knows about it: what the writer would be asked to read is
//! held until then. Beyond that, nothing of play waits here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy_session_journal::internal::model::clock::Moment;
use bevy_session_journal::replica::{
    KeeperLink, Patience, ReplicaOrder, ReplicaReport, ReplicaSession,
};
use bevy_session_journal::{CheckpointId, SessionId};

use super::RuntimeParts;
use super::mirror_port::MirrorPort;
use super::search::{Search, UNANSWERED, has_more};
use super::withholding::Withholding;
use crate::content::Order;
use crate::replication::Replica;

/// The driver's link to the thread that keeps sessions in a replica.
pub(crate) struct ReplicaPort {
    link: KeeperLink,
    pub settings: Replica,
    /// An order that waits until its session is ready.
    held: Option<HeldOrder>,
    /// The sessions that are kept there: played, or about to be.
    kept: BTreeMap<SessionId, Kept>,
    /// The sessions that were left, and aren't complete in the replica yet.
    leaving: BTreeSet<SessionId>,
    /// The sessions in the replica, as of when it was listed last.
    pub found: Option<Arc<[ReplicaSession]>>,
    /// The number of the newest look that was asked for.
    looks: u64,
    /// The number of the look that the list answers; `None` if the replica gave no answer since.
    listed: Option<u64>,
    /// Lists of earlier looks are of another profile.
    first_look: u64,
    /// The time since which the replica gives no answer.
    pub lost_since: Option<Duration>,
    /// The search for the session of a request that names it.
    pub search: Option<Search>,
    /// The session that is resumed for such a request.
    pub by_name: Option<SessionId>,
    /// The sessions that the player declined to recover from the replica, in this process.
    pub declined: BTreeSet<SessionId>,
    /// The session that is played here and owned by another machine.
    pub fenced: Option<SessionId>,
    withholding: Withholding,
    /// The link to the replica's mirror, if it has one.
    pub mirror: Option<MirrorPort>,
}

/// An order that waits until its session is ready.
pub(in crate::lifecycle) struct HeldOrder {
    session: SessionId,
    pub(in crate::lifecycle) order: Order,
    /// True if the replica has more of the session than this machine, and it is asked for by its name.
    pub(in crate::lifecycle) needs_replica: bool,
}

/// What this machine has of a session that is kept in the replica.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    /// What was here. The replica may have more.
    AsItIsHere,
    /// What is newest: it was claimed before it was read.
    Newest,
}

impl RuntimeParts {
    /// Returns true if the replica may have what can't be read of a session here. Nothing is to begin in its place then.
    pub(in crate::lifecycle) fn may_be_in_replica(&self, session: SessionId) -> bool {
        match &self.replica {
            Some(replica) => replica.kept.get(&session) != Some(&Kept::Newest),
            None => self.has_lost_replica,
        }
    }

    /// Returns true if the replica gave no answer the last time, or can't give any.
    pub(in crate::lifecycle) fn is_replica_lost(&self) -> bool {
        let is_away = self.replica.as_ref().is_some_and(|replica| replica.lost_since.is_some());
        is_away || self.has_lost_replica
    }
}

impl ReplicaPort {
    pub(crate) fn new(
        (link, mirror): (KeeperLink, Option<MirrorPort>),
        settings: Replica,
        profile: &str,
    ) -> Self {
        Self {
            link,
            settings,
            held: None,
            kept: BTreeMap::new(),
            leaving: BTreeSet::new(),
            found: None,
            looks: 0,
            listed: None,
            first_look: 0,
            lost_since: None,
            search: None,
            by_name: None,
            declined: BTreeSet::new(),
            fenced: None,
            withholding: Withholding::of_profile(profile),
            mirror,
        }
    }

    /// The sessions in the replica, if they were listed after this look was asked for, and it still gives answers.
    pub(in crate::lifecycle) fn listed_since(&self, look: u64) -> Option<&[ReplicaSession]> {
        self.found.as_deref().filter(|_| self.listed.is_some_and(|listed| listed >= look))
    }

    /// Takes a list of the replica's sessions, which answers the look of this number. Returns false if it is of another
    /// profile.
    pub(in crate::lifecycle) fn take_list(
        &mut self,
        sessions: Arc<[ReplicaSession]>,
        look: u64,
    ) -> bool {
        if look < self.first_look {
            return false;
        }
        (self.found, self.listed, self.lost_since) = (Some(sessions), Some(look), None);
        true
    }

    /// The replica gives no answer. A list follows once it does.
    pub(in crate::lifecycle) fn note_lost(&mut self, now: Moment) {
        self.listed = None;
        self.lost_since.get_or_insert(now.elapsed);
    }

    /// Inspects an order before the writer does. An order that reads a session which is to be
    /// played is held until that session is ready.
    pub(super) fn pass(
        &mut self,
        order: Order,
        played: Option<SessionId>,
        now: Moment,
    ) -> Option<Order> {
        match &order {
            Order::Prepare { wanted, .. } if played != Some(wanted.session) => {
                let session = wanted.session;
                if self.keep(session) {
                    self.leaving.remove(&session);
                    let patience = self.patience(session);
                    let needs_replica = patience.is_some_and(|patience| patience.store.is_some());
                    self.held = Some(HeldOrder { session, order, needs_replica });
                    // Its player isn't known before it was read.
                    self.withhold_next(session, now);
                    let ready = match patience {
                        Some(patience) => ReplicaOrder::ReadyByName(session, patience),
                        None => ReplicaOrder::Ready(session),
                    };
                    self.link.send(ready, now);
                    return None;
                }
            }
            Order::TakeUp(take_up) if self.keep(take_up.metadata.id) => {
                let session = take_up.metadata.id;
                let is_withheld = self.withhold_next(session, now);
                if take_up.begun.is_none() && !is_withheld {
                    // Nothing of it is played before the writer has taken it up.
                    self.held = Some(HeldOrder { session, order, needs_replica: false });
                    self.link.send(ReplicaOrder::Ready(session), now);
                    return None;
                }
                self.link.send(ReplicaOrder::Begin(session), now);
            }
            // Who wants it again in this very frame waits for it again.
            Order::Release(session) if self.take_held(*session).is_some() => {
                self.kept.remove(session);
                self.let_go(*session, now);
            }
            Order::UseProfile { profile, .. } => {
                self.link.send(ReplicaOrder::UseProfile(profile.clone()), now);
                (self.found, self.listed, self.search) = Default::default();
                self.declined.clear();
                self.withholding.use_profile(profile);
                self.first_look = self.look(false, now);
            }
            _ => {}
        }
        Some(order)
    }

    /// Says of a session that is about to be kept if it is withheld, before anything of it could be sent.
    fn withhold_next(&mut self, session: SessionId, now: Moment) -> bool {
        let is_withheld = self.withholding.of_next(session);
        self.link.send(ReplicaOrder::Withhold(session, is_withheld), now);
        is_withheld
    }

    /// The session is played by this player.
    pub(in crate::lifecycle) fn note_player(&mut self, session: SessionId, player: Option<&str>) {
        self.withholding.note_player(session, player);
    }

    /// Withholds the sessions whose players don't agree, and those of unknown players if they wouldn't. Sends the others.
    pub(in crate::lifecycle) fn withhold_where(
        &mut self,
        by_default: bool,
        is_given: impl Fn(Option<&str>) -> bool,
        now: Moment,
    ) {
        let kept = self.kept.keys().copied();
        for (session, is_withheld) in self.withholding.changes(kept, by_default, is_given) {
            self.link.send(ReplicaOrder::Withhold(session, is_withheld), now);
        }
    }

    /// A player has withdrawn: nothing more of what they have played in this process is sent, and what was shared of it ends.
    pub(in crate::lifecycle) fn withdraw(
        &mut self,
        profile: &str,
        player: Option<&str>,
        now: Moment,
    ) {
        for session in self.withholding.withdraw(profile, player) {
            self.link.send(ReplicaOrder::Withhold(session, true), now);
            self.link.send(ReplicaOrder::Forget(session), now);
        }
    }

    /// How long a session that is asked for by its name is waited for.
    fn patience(&self, session: SessionId) -> Option<Patience> {
        self.by_name.filter(|by_name| *by_name == session)?;
        let mut found = self.found.iter().flat_map(|found| found.iter());
        // What this machine has is played without the store; what it hasn't is waited for.
        let is_more_there = found.any(|it| it.session == session && has_more(it));
        let store = is_more_there.then_some(UNANSWERED);
        Some(Patience { owner: self.settings.lease_patience(), store })
    }

    /// Keeps a session from now on. Returns false if it was kept already.
    fn keep(&mut self, session: SessionId) -> bool {
        let is_new = !self.kept.contains_key(&session);
        self.kept.entry(session).or_insert(Kept::AsItIsHere);
        is_new
    }

    /// This machine owns a session that is about to be read, and has what is newest of it.
    pub(in crate::lifecycle) fn note_newest(&mut self, session: SessionId) {
        self.kept.entry(session).and_modify(|kept| *kept = Kept::Newest);
    }

    /// Takes the order that waited for this session, which is ready.
    pub(in crate::lifecycle) fn take_held(&mut self, session: SessionId) -> Option<Order> {
        self.held.take_if(|held| held.session == session).map(|held| held.order)
    }

    /// A checkpoint is durable here.
    pub(in crate::lifecycle) fn saved(
        &mut self,
        session: SessionId,
        checkpoint: CheckpointId,
        now: Moment,
    ) {
        self.link.send(ReplicaOrder::Saved(session, checkpoint), now);
    }

    fn let_go(&mut self, session: SessionId, now: Moment) {
        self.leaving.insert(session);
        self.link.send(ReplicaOrder::LetGo(session), now);
    }

    /// A session that was left is complete in the replica, or never will be. It may be wanted again
    /// by now.
    pub(in crate::lifecycle) fn note_let_go(&mut self, session: SessionId) {
        self.leaving.remove(&session);
    }

    /// Stops sending a session.
    pub(in crate::lifecycle) fn forget(&mut self, session: SessionId) {
        self.kept.remove(&session);
        self.leaving.remove(&session);
    }

    /// Releases all sessions but the one that is played: they were left, or given up before they
    /// were played.
    pub(in crate::lifecycle) fn let_go_of_others(
        &mut self,
        played: Option<SessionId>,
        now: Moment,
    ) {
        if self.kept.keys().all(|session| played == Some(*session)) {
            return;
        }
        let others = self.kept.extract_if(.., |session, _| played != Some(*session));
        for (session, _) in others.collect::<Vec<_>>() {
            self.let_go(session, now);
        }
    }

    /// Returns true if sessions that were left aren't fully in the replica yet.
    pub(in crate::lifecycle) fn is_leaving(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// Requests a look at the replica, and returns its number. Sessions that have an owner are read again only if that is
    /// wanted.
    pub(in crate::lifecycle) fn look(&mut self, reads_all: bool, now: Moment) -> u64 {
        self.looks += 1;
        self.link.send(ReplicaOrder::Look(self.looks, reads_all), now);
        self.looks
    }

    /// A player may have been erased: what the replica has of them is removed as well.
    pub(in crate::lifecycle) fn erase(&mut self, now: Moment) {
        self.link.send(ReplicaOrder::Erase, now);
    }

    /// Returns true if the replica's thread is gone, after a panic. Nothing waits for it then.
    pub(in crate::lifecycle) fn is_broken(&self) -> bool {
        self.link.is_broken()
    }

    /// Takes the order that waits for a session.
    pub(in crate::lifecycle) fn take_all_held(self) -> Option<HeldOrder> {
        self.held
    }

    /// Gives a driven keeper its turn.
    pub(in crate::lifecycle) fn turn(&mut self, now: Moment) {
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
