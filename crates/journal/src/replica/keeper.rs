//! Keeps sessions in a replica: one shipper for each that is played, or about to be.
//!
//! [`Keeper::execute`] takes orders, [`Keeper::turn`] does what there is to do, a piece of each session at a time, and says
//! how long there is nothing. It waits for the store, so it has a thread of its own; a test drives it from its main loop.

mod erasing;
mod forgetting;
mod orders;
mod shipment;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, warn};

use self::erasing::Erasing;
use self::forgetting::Forgetting;
pub use self::orders::{Patience, Readiness, ReplicaOrder, ReplicaReport};
use self::shipment::{Phase, Shipment};
use super::pause::AFTER_FAULT;
use super::recorder::{Recorders, SessionFiles};
use super::shipper::read_mark;
use super::survey::{ReplicaSession, Survey, Surveyor};
use super::{Over, ReplicaNews, ReplicaStore, Shipper, ShipperOptions, StoreFault};
use crate::disk::{LocalStore, with_sources};
use crate::model::clock::Moment;
use crate::model::ids::SessionId;
use crate::read::recovery::KnownTypes;

/// The time after a session was removed here until the replica is looked at.
const AFTER_REMOVAL: Duration = Duration::from_millis(100);
/// The longest time between two looks at a store's sessions, where data is sent at once.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The options for keeping sessions in a replica.
#[derive(Clone, Debug)]
pub struct KeeperOptions {
    /// The replica.
    pub store: Arc<dyn ReplicaStore>,
    /// The name of this machine, for people; it distinguishes it from others.
    pub machine: String,
    /// The time that an owner may be silent.
    pub lease: Duration,
    /// The least time between two transmissions.
    pub interval: Duration,
    /// The time that a checkpoint may wait before that is reported.
    pub may_lag: Duration,
    /// The time that a session's lock may be held by a process that is being killed.
    pub lock_patience: Duration,
    /// True if the sessions of erased players are removed from the replica.
    pub erases: bool,
}

/// Keeps sessions in a replica.
pub struct Keeper {
    options: KeeperOptions,
    local: Arc<LocalStore>,
    recorders: Recorders,
    types: Arc<dyn KnownTypes + Send + Sync>,
    game: String,
    shipments: Vec<Shipment>,
    /// The sessions of which nothing is sent.
    withheld: BTreeSet<SessionId>,
    survey: Survey,
    erasing: Erasing,
    forgetting: Forgetting,
    /// The time at which the replica is to be looked at; never while a session is played.
    next_look: Duration,
    found: Option<Vec<ReplicaSession>>,
    /// The number of the newest look that was asked for.
    newest_look: u64,
    /// A look was asked for, and wasn't tried yet.
    is_asked: bool,
    /// The next list is reported, even if nothing has changed.
    owes_list: bool,
    /// Sessions that have an owner are read for it.
    reads_all: bool,
    is_lost: bool,
    reports: Vec<ReplicaReport>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Keeper").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Keeper {
    /// One for the sessions of a store on this machine, whose disk has these recorders.
    #[must_use]
    pub fn new(
        options: KeeperOptions,
        local: Arc<LocalStore>,
        recorders: Recorders,
        types: Arc<dyn KnownTypes + Send + Sync>,
        game: String,
    ) -> Self {
        let mut erasing = Erasing::default();
        if options.erases {
            erasing.note_change();
        }
        Self {
            options,
            local,
            recorders,
            types,
            game,
            shipments: Vec::new(),
            withheld: BTreeSet::new(),
            survey: Survey::default(),
            erasing,
            forgetting: Forgetting::default(),
            next_look: Duration::ZERO,
            found: None,
            newest_look: 0,
            is_asked: false,
            owes_list: false,
            reads_all: false,
            is_lost: false,
            reports: Vec::new(),
        }
    }

    /// Takes the reports.
    pub fn reports(&mut self) -> impl Iterator<Item = ReplicaReport> {
        self.reports.drain(..)
    }

    /// Takes an order. Requests to the store are left to [`Self::turn`].
    pub fn execute(&mut self, order: ReplicaOrder, now: Moment) {
        match order {
            ReplicaOrder::Ready(session) => {
                self.add(session, Phase::Locking { until: None }, None, now);
            }
            ReplicaOrder::ReadyByName(session, patience) => {
                self.add(session, Phase::Locking { until: None }, Some(patience), now);
            }
            ReplicaOrder::Begin(session) => self.add(session, Phase::Played, None, now),
            ReplicaOrder::Saved(session, checkpoint) => {
                let shipment = self.shipments.iter_mut().find(|it| it.session == session);
                shipment.into_iter().for_each(|it| it.await_replication(checkpoint, now));
            }
            ReplicaOrder::Withhold(session, is_withheld) => {
                self.withhold(session, is_withheld, now);
            }
            ReplicaOrder::Forget(session) => self.forgetting.add(session),
            ReplicaOrder::LetGo(session) => self.let_go(session, now),
            ReplicaOrder::Look(number, reads_all) => {
                (self.newest_look, self.is_asked, self.owes_list) = (number, true, true);
                self.reads_all |= reads_all;
            }
            ReplicaOrder::UseProfile(profile) => {
                self.local = Arc::new(self.local.of_profile(&profile));
                self.survey = Survey::default();
                self.note_erasures();
                self.next_look = now.elapsed;
                self.owes_list = true;
            }
            ReplicaOrder::Erase => {
                self.note_erasures();
                // Many are often erased or removed at once.
                let soon = now.elapsed.saturating_add(AFTER_REMOVAL);
                self.next_look = self.next_look.min(soon);
            }
        }
    }

    fn note_erasures(&mut self) {
        if self.options.erases {
            self.erasing.note_change();
        }
    }

    fn withhold(&mut self, session: SessionId, is_withheld: bool, now: Moment) {
        let is_new = match is_withheld {
            true => self.withheld.insert(session),
            false => {
                self.forgetting.remove(session);
                self.withheld.remove(&session)
            }
        };
        let shipment = self.shipments.iter_mut().find(|it| it.session == session);
        if let Some(shipment) = shipment.filter(|_| is_new) {
            shipment.withhold(is_withheld, now);
        }
    }

    fn add(&mut self, session: SessionId, phase: Phase, patience: Option<Patience>, now: Moment) {
        let known = self.shipments.iter().position(|it| it.session == session);
        if let Some(known) = known {
            let shipment = self.shipments.remove(known);
            self.recorders.remove(&shipment.recorder);
            self.local.claimed.remove(session);
        }
        match self.shipment(session, phase, patience, now) {
            Ok(mut shipment) => {
                if self.withheld.contains(&session) {
                    shipment.withhold(true, now);
                }
                self.shipments.push(shipment);
            }
            Err(error) => self.cannot_list(session, patience, &error),
        }
    }

    fn cannot_list(&mut self, session: SessionId, patience: Option<Patience>, error: &io::Error) {
        warn!(%session, %error, "the session's files can't be listed, so the session isn't replicated");
        let readiness = Patience::without_replica(patience);
        self.reports.push(ReplicaReport::Ready(session, readiness));
    }

    fn shipment(
        &self,
        session: SessionId,
        phase: Phase,
        patience: Option<Patience>,
        now: Moment,
    ) -> io::Result<Shipment> {
        let KeeperOptions { store, machine, lease, interval, .. } = &self.options;
        let local = Arc::clone(&self.local);
        let place = SessionFiles::of(local.store.layout(), session);
        // If it can't be made, the first write fails.
        let _ = local.store.create_state_directory();
        let recorder = self.recorders.begin(&**local.store.disk(), place)?;
        let options = ShipperOptions {
            local,
            recorder: recorder.clone(),
            machine: machine.clone(),
            lease: *lease,
            interval: *interval,
            mark: self.mark(session),
            joins_forks: patience.is_some(),
        };
        let mut shipper = Shipper::new(Arc::clone(store), options);
        if let Some((log, watcher)) = self.survey.seen(session) {
            shipper = shipper.having_seen(log, watcher);
        }
        if matches!(phase, Phase::Played) {
            shipper.play();
        }
        Ok(Shipment::new(session, (shipper, recorder), phase, patience, now))
    }

    fn mark(&self, session: SessionId) -> PathBuf {
        self.local.store.layout().mark(&self.options.machine, session)
    }

    fn let_go(&mut self, session: SessionId, now: Moment) {
        let known = self.shipments.iter_mut().enumerate().find(|(_, it)| it.session == session);
        let Some((at, shipment)) = known else {
            self.reports.push(ReplicaReport::LetGo(session, false));
            return;
        };
        if shipment.shipper.is_owner() {
            // Leaving doesn't wait for a store that gives no answer. Once it does, the rest is sent all the same.
            let is_answered = shipment.shipper.is_lost();
            if is_answered {
                self.reports.push(ReplicaReport::LetGo(session, false));
            }
            shipment.phase = Phase::Leaving { is_answered };
            shipment.shipper.drain();
            shipment.due = now.elapsed;
            return;
        }
        self.forget(at);
        self.reports.push(ReplicaReport::LetGo(session, false));
    }

    fn forget(&mut self, at: usize) {
        let shipment = self.shipments.swap_remove(at);
        self.recorders.remove(&shipment.recorder);
        self.local.claimed.remove(shipment.session);
        self.next_look = Duration::ZERO;
    }

    /// Does what there is to do, and says how long there is nothing.
    pub fn turn(&mut self, now: Moment) -> Duration {
        let mut at = 0;
        while at < self.shipments.len() {
            if !self.step(at, now) {
                at += 1;
            }
        }
        self.erasing.read_if_outdated(&self.local, now.elapsed);
        self.look(now);
        self.look_for_erasures(now);
        self.reports.extend(self.erasing.turn(&self.local, now));
        self.forget_withdrawn(now);
        let dues = self.shipments.iter().map(|shipment| shipment.due);
        let next_look = match self.is_heard() {
            true => self.erasing.next_look_in_play(),
            false => Some(self.next_look),
        };
        let forgetting = self.forgetting.due().filter(|_| !self.is_lost);
        let next = dues.chain(next_look).chain(self.erasing.due()).chain(forgetting).min();
        next.map_or(Duration::from_secs(1), |next| next.saturating_sub(now.elapsed))
    }

    /// Forgets a session whose player has withdrawn, while the store answers.
    fn forget_withdrawn(&mut self, now: Moment) {
        if self.is_lost {
            return;
        }
        let mut forgetting = std::mem::take(&mut self.forgetting);
        let disk = self.local.store.disk();
        let claimed = |session| Some(read_mark(&**disk, &self.mark(session))?.claim.epoch);
        forgetting.turn(&*self.options.store, claimed, now.elapsed);
        self.forgetting = forgetting;
    }

    /// Returns true if a session is played whose entries show that the store answers. It doesn't where it was lost, and nothing
    /// is sent.
    fn is_heard(&self) -> bool {
        let is_withheld = |it: &Shipment| self.withheld.contains(&it.session);
        let mut played = self.shipments.iter().filter(|it| matches!(it.phase, Phase::Played));
        played.any(|it| !self.is_lost || !is_withheld(it))
    }

    /// Does a piece of one session's. Returns true if it was the last one.
    fn step(&mut self, at: usize, now: Moment) -> bool {
        let Some(shipment) = self.shipments.get_mut(at) else { return false };
        if shipment.due > now.elapsed {
            return false;
        }
        if matches!(shipment.phase, Phase::Locking { .. }) {
            let patience = self.options.lock_patience;
            if !shipment.lock(&self.local, patience, now) {
                let session = shipment.session;
                if matches!(shipment.phase, Phase::Locking { .. }) {
                    return false;
                }
                self.forget(at);
                self.reports.push(ReplicaReport::Ready(session, Readiness::InUse));
                return true;
            }
            // Another process may have written until it let the lock go.
            if let Err(error) = shipment.recorder.look_again(&**self.local.store.disk()) {
                let (session, patience) = (shipment.session, shipment.patience);
                self.forget(at);
                self.cannot_list(session, patience, &error);
                return true;
            }
        }
        let mut news = Vec::new();
        shipment.due = now.elapsed.saturating_add(shipment.shipper.step(now.elapsed, &mut news));
        let mut is_over = false;
        for news in news {
            is_over |= self.take_in(at, news);
        }
        is_over = is_over || self.give_up_in_time(at, now);
        if is_over {
            self.forget(at);
        } else if let Some(shipment) = self.shipments.get_mut(at) {
            self.reports.extend(shipment.say_if_it_lags(self.options.may_lag, now));
        }
        is_over
    }

    /// Takes in news of a session, and returns true if its work is done.
    fn take_in(&mut self, at: usize, news: ReplicaNews) -> bool {
        let Some(shipment) = self.shipments.get_mut(at) else { return false };
        let session = shipment.session;
        match news {
            ReplicaNews::Claimed(epoch) => {
                shipment.epoch = epoch;
                self.local.claimed.add(session);
                self.reports.push(ReplicaReport::Claimed(session, epoch));
                self.answer(at, Readiness::Claimed);
            }
            ReplicaNews::Replicated(count) => {
                shipment.reached = count;
                let checkpoint = shipment.replicated();
                self.reports.extend(checkpoint.map(|it| ReplicaReport::Replicated(session, it)));
            }
            ReplicaNews::Lost(fault) => {
                // What is asked for by its name may be had once the store answers.
                if Patience::without_replica(shipment.patience) == Readiness::Unclaimed {
                    self.answer(at, Readiness::Unclaimed);
                }
                self.note_fault(fault);
            }
            ReplicaNews::Back => self.note_answer(),
            ReplicaNews::Failed(error) => {
                // What is asked for by its name is never played as it is here.
                if Patience::without_replica(shipment.patience) != Readiness::Unclaimed {
                    return self.end(at, Over::Unread(error));
                }
                self.answer(at, Readiness::Unclaimed);
                self.reports.push(ReplicaReport::Failed(session, error));
            }
            ReplicaNews::Over(over) => return self.end(at, over),
        }
        false
    }

    fn end(&mut self, at: usize, over: Over) -> bool {
        let Some(shipment) = self.shipments.get_mut(at) else { return true };
        let (session, epoch) = (shipment.session, shipment.epoch);
        let without_replica = Patience::without_replica(shipment.patience);
        // What was withheld isn't there.
        let is_replicated = matches!(over, Over::Released) && shipment.is_sent();
        if is_replicated {
            // A release is sent when everything is there, perhaps before the last checkpoint is reported.
            shipment.reached = u64::MAX;
            let last = shipment.replicated();
            self.reports.extend(last.map(|it| ReplicaReport::Replicated(session, it)));
        }
        let is_left = matches!(shipment.phase, Phase::Leaving { is_answered: false });
        let readiness = match &over {
            Over::Released => None,
            Over::Forked => Some(Readiness::Forked),
            Over::Removed => Some(Readiness::Removed),
            _ => Some(without_replica),
        };
        // If it is only about to be played, the answer is enough where it says why.
        if let Some(readiness) = readiness
            && (!self.answer(at, readiness) || readiness == without_replica)
        {
            self.reports.push(ReplicaReport::Over(session, epoch, over));
        }
        if is_left {
            self.reports.push(ReplicaReport::LetGo(session, is_replicated));
        }
        true
    }

    /// Answers the request to play a session, unless it was answered already. From here on it is played, and its lock
    /// is free to be taken.
    fn answer(&mut self, at: usize, readiness: Readiness) -> bool {
        let Some(shipment) = self.shipments.get_mut(at) else { return false };
        if !matches!(shipment.phase, Phase::Readying { .. }) {
            return false;
        }
        shipment.phase = Phase::Played;
        shipment.shipper.play();
        self.reports.push(ReplicaReport::Ready(shipment.session, readiness));
        true
    }

    /// Gives up a session that is asked for by its name, and can't be had in time. Returns true if that is so.
    fn give_up_in_time(&mut self, at: usize, now: Moment) -> bool {
        let given_up = self.shipments.get_mut(at).and_then(|shipment| shipment.gives_up(now));
        let session = self.shipments.get(at).map(|shipment| shipment.session);
        let report = given_up.zip(session).map(|(why, session)| ReplicaReport::Ready(session, why));
        self.reports.extend(report);
        given_up.is_some()
    }

    /// While a session is played, looks for those of erased players. A fault is no news: the session that is played says if the
    /// store answers.
    fn look_for_erasures(&mut self, now: Moment) {
        let is_due = self.erasing.next_look_in_play().is_some_and(|next| next <= now.elapsed);
        if !self.is_heard() || !is_due {
            return;
        }
        let mut erasing = std::mem::take(&mut self.erasing);
        let looked =
            self.survey_with(|survey, surveyor| erasing.look_in_play(survey, surveyor, now));
        self.erasing = erasing;
        if let Err(fault) = looked {
            debug!(error = %with_sources(&fault), "what the replica has of erased players isn't known yet");
        }
    }

    fn survey_with<T>(&mut self, look: impl FnOnce(&mut Survey, &Surveyor<'_>) -> T) -> T {
        let mut survey = std::mem::take(&mut self.survey);
        let mark = |session| read_mark(&**self.local.store.disk(), &self.mark(session));
        let surveyor = Surveyor {
            store: &self.options.store,
            local: &self.local,
            types: &*self.types,
            game: &self.game,
            lease: self.options.lease,
            mark: &mark,
            reads_all: self.reads_all,
        };
        let looked = look(&mut survey, &surveyor);
        self.survey = survey;
        looked
    }

    fn note_fault(&mut self, fault: StoreFault) {
        if !std::mem::replace(&mut self.is_lost, true) {
            self.owes_list = true;
            self.reports.push(ReplicaReport::Lost(fault));
        }
    }

    fn note_answer(&mut self) {
        if std::mem::take(&mut self.is_lost) {
            self.reports.push(ReplicaReport::Back);
        }
    }

    /// Looks at what the replica has, unless a session is played, and says so where it changed.
    fn look(&mut self, now: Moment) {
        let is_due = !self.is_heard() && self.next_look <= now.elapsed;
        let is_asked = std::mem::take(&mut self.is_asked);
        if !is_due && !is_asked {
            return;
        }
        let own = self.shipments.iter().filter(|it| it.shipper.is_owner()).map(|it| it.session);
        let own: BTreeSet<SessionId> = own.collect();
        let looked = self.survey_with(|survey, surveyor| {
            survey.look(surveyor, &|session| own.contains(&session), now)
        });
        match looked {
            Ok(found) => {
                let KeeperOptions { store, lease, interval, .. } = &self.options;
                let found = self.erasing.take_up(found, &self.survey, store, &self.local);
                let longest = LONGEST_PAUSE.max(*interval);
                let pause = (*lease / 10).clamp(Duration::from_millis(50), longest);
                self.next_look = now.elapsed + pause;
                self.note_answer();
                let is_owed = std::mem::take(&mut self.owes_list);
                self.reads_all = false;
                if is_owed || self.found.as_ref() != Some(&found) {
                    self.found = Some(found.clone());
                    self.reports.push(ReplicaReport::Found(found, self.newest_look));
                }
            }
            Err(fault) => {
                self.next_look = now.elapsed + AFTER_FAULT;
                // A request is answered, though the fault was reported before.
                self.is_lost &= !is_asked;
                self.note_fault(fault);
            }
        }
    }
}
