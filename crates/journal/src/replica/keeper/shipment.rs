//! A session that is sent to the replica: its lock, how long it is waited for, and the checkpoints of which it is awaited that
//! they are there.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::time::Duration;

use super::orders::{Patience, Readiness, ReplicaReport};
use crate::disk::{LocalStore, SessionLock};
use crate::model::clock::Moment;
use crate::model::ids::{CheckpointId, SessionId};
use crate::replica::recorder::Recorder;
use crate::replica::{Epoch, Shipper};

/// Checkpoints of a session of which it is awaited that they are replicated. Older ones are with newer ones.
const AWAITED: usize = 1_024;

/// A session that is sent to the replica.
pub(super) struct Shipment {
    pub session: SessionId,
    pub shipper: Shipper,
    pub recorder: Recorder,
    pub phase: Phase,
    pub epoch: Epoch,
    /// Checkpoints that are durable here, with the number that has to be reached, and since when.
    awaited: VecDeque<(u64, CheckpointId, Duration)>,
    /// The number that was reached.
    pub reached: u64,
    lags: bool,
    /// The time at which it is to be looked at next.
    pub due: Duration,
    /// If it was asked for by its name, how long it is waited for.
    pub patience: Option<Patience>,
    /// The time since which it is waited for, and since which the store gives no answer.
    waits_since: Duration,
    lost_since: Option<Duration>,
}

/// The phase of a session.
pub(super) enum Phase {
    /// It is to be played once it is this machine's: first in its own eyes, then in those of the others.
    Locking {
        until: Option<Duration>,
    },
    Readying {
        _lock: Option<SessionLock>,
    },
    Played,
    /// Everything is still to be sent, even if nothing waits for that.
    Leaving {
        is_answered: bool,
    },
}

impl Shipment {
    pub(super) fn new(
        session: SessionId,
        (shipper, recorder): (Shipper, Recorder),
        phase: Phase,
        patience: Option<Patience>,
        now: Moment,
    ) -> Self {
        Self {
            session,
            shipper,
            recorder,
            phase,
            epoch: Epoch::default(),
            awaited: VecDeque::new(),
            reached: 0,
            lags: false,
            due: now.elapsed,
            patience,
            waits_since: now.elapsed,
            lost_since: None,
        }
    }

    /// Sends nothing more of it, or all of it again. What waited meanwhile has waited for nothing.
    pub(super) fn withhold(&mut self, is_withheld: bool, now: Moment) {
        self.shipper.withhold(is_withheld);
        self.awaited.iter_mut().for_each(|(_, _, since)| *since = now.elapsed);
        self.lags = false;
        self.due = self.due.min(now.elapsed);
    }

    /// Returns true if all that was to be sent was, once the session was released.
    pub(super) fn is_sent(&self) -> bool {
        let is_all_sent = !self.shipper.is_withheld() || self.reached >= self.recorder.count();
        is_all_sent && !self.shipper.has_unsent()
    }

    /// Takes the session's lock, so that no other process of this machine plays it meanwhile. If it isn't free yet, the
    /// phase says if it is tried again.
    pub(super) fn lock(&mut self, local: &LocalStore, patience: Duration, now: Moment) -> bool {
        let Phase::Locking { until } = self.phase else { return true };
        let until = until.unwrap_or(now.elapsed + patience);
        let lock = match local.store.lock_session(self.session) {
            Ok(Some(lock)) => Some(lock),
            // There is none to be had.
            Err(error) if error.io_kind() == Some(ErrorKind::Unsupported) => None,
            _ if now.elapsed < until => {
                self.phase = Phase::Locking { until: Some(until) };
                self.due = now.elapsed + Duration::from_millis(10);
                return false;
            }
            _ => {
                self.phase = Phase::Leaving { is_answered: true };
                return false;
            }
        };
        self.phase = Phase::Readying { _lock: lock };
        true
    }

    /// The reason to give it up, if it is waited for and has been for long enough.
    pub(super) fn gives_up(&mut self, now: Moment) -> Option<Readiness> {
        let is_lost = self.shipper.is_lost();
        self.lost_since = is_lost.then(|| self.lost_since.unwrap_or(now.elapsed));
        let patience = self.patience.filter(|_| matches!(self.phase, Phase::Readying { .. }))?;
        let has_waited = |since: Duration, patience| now.elapsed.saturating_sub(since) >= patience;
        match self.lost_since {
            Some(since) => {
                let is_late = patience.store.is_some_and(|patience| has_waited(since, patience));
                is_late.then_some(Readiness::Unreachable)
            }
            None if !self.shipper.waits_for_owner() => None,
            None => has_waited(self.waits_since, patience.owner).then_some(Readiness::Owned),
        }
    }

    pub(super) fn await_replication(&mut self, checkpoint: CheckpointId, now: Moment) {
        // The files that have become durable by then hold this checkpoint, and maybe more.
        self.awaited.push_back((self.recorder.count(), checkpoint, now.elapsed));
        if self.awaited.len() > AWAITED {
            self.awaited.pop_front();
        }
        if self.shipper.is_owner() && !self.shipper.is_lost() && !self.shipper.fails_here() {
            self.due = now.elapsed;
        }
    }

    /// The newest checkpoint that is in the replica, if there is a new one.
    pub(super) fn replicated(&mut self) -> Option<CheckpointId> {
        let mut newest = None;
        while let Some((_, checkpoint, _)) =
            self.awaited.pop_front_if(|(count, ..)| *count <= self.reached)
        {
            newest = Some(checkpoint);
        }
        newest
    }

    pub(super) fn say_if_it_lags(
        &mut self,
        may_lag: Duration,
        now: Moment,
    ) -> Option<ReplicaReport> {
        // Everything may be there before its checkpoint is reported.
        if let Some(checkpoint) = self.replicated() {
            return Some(ReplicaReport::Replicated(self.session, checkpoint));
        }
        let oldest = self.awaited.front().filter(|_| !self.shipper.is_withheld());
        let late = oldest.filter(|(_, _, since)| now.elapsed.saturating_sub(*since) > may_lag);
        let lagged = std::mem::replace(&mut self.lags, late.is_some());
        late.filter(|_| !lagged).map(|(_, it, _)| ReplicaReport::Lagging(self.session, *it))
    }
}
