//! Bringing here what is newer in the replica, of a session that is this machine's there already.
//!
//! It may take longer than a lease, so the lease is renewed between two pieces: a machine that waits for the session would take
//! it otherwise, begin to fetch it as well, and lose it in the same way.

use std::time::Duration;

use tracing::warn;

use super::{
    AT_REST, Arrival, Arrived, Direct, Halt, Log, Over, Owner, ReplicaNews, Shipper, Stage,
    Trouble, Watcher, block_on,
};

/// A session whose files are on their way to this machine.
pub(super) struct Arriving {
    pub owner: Owner<Direct>,
    pub arrival: Arrival<Direct>,
    /// True if the files of this machine stay beside those that come.
    pub joins: bool,
    /// The time of the last renewal.
    pub renewed: Duration,
}

impl Shipper {
    /// Does a piece of it.
    pub(super) fn arrive(
        &mut self,
        now: Duration,
        mut arriving: Box<Arriving>,
        news: &mut Vec<ReplicaNews>,
    ) -> (Stage, Result<Duration, Halt>) {
        if self.is_draining || self.is_played {
            return self.give_back(arriving);
        }
        match self.fetch(now, &mut arriving) {
            Ok(Arrived::Partly) => (Stage::Arriving(arriving), Ok(Duration::ZERO)),
            Ok(Arrived::WaitsForSlots) => (Stage::Arriving(arriving), Ok(AT_REST)),
            // What was fetched so far stays.
            Err(halt @ Halt::Store(_)) => (Stage::Arriving(arriving), Err(halt)),
            // It was silent for too long, and another machine plays by now.
            Err(Halt::Over(Over::Fenced)) => {
                let (log, watcher) = (Log::new(self.session()), Watcher::default());
                (Stage::Waiting { log, watcher }, Ok(AT_REST))
            }
            done => {
                let epoch = arriving.owner.claim().epoch;
                let begun = done.and_then(|_| self.arrived(now, *arriving));
                self.claimed(epoch, begun, news)
            }
        }
    }

    /// Fetches a piece, and renews the lease in time.
    fn fetch(&self, now: Duration, arriving: &mut Arriving) -> Result<Arrived, Halt> {
        let Arriving { owner, arrival, renewed, .. } = arriving;
        if now.saturating_sub(*renewed) >= self.options.lease / 3 {
            *renewed = now;
            owner.renew(&self.options.machine);
        }
        block_on(owner.settle_all())?;
        Ok(block_on(arrival.step(&self.options.local.store))?)
    }

    fn arrived(&self, now: Duration, arriving: Arriving) -> Result<Stage, Halt> {
        if arriving.joins {
            let session = self.session();
            warn!(
                %session,
                "the session was continued here and on another machine: the line that was played \
                 last goes on, the other one is kept as a branch"
            );
        }
        self.options.recorder.look_again(&**self.options.local.store.disk())?;
        Ok(Stage::Owning(Box::new(self.owning(now, arriving.owner)?)))
    }

    /// Nobody waits for it any more, or it is played with what this machine has. Another needn't wait for that.
    fn give_back(&mut self, mut arriving: Box<Arriving>) -> (Stage, Result<Duration, Halt>) {
        if let Err(Trouble::Store(fault)) = block_on(arriving.owner.release()) {
            return (Stage::Arriving(arriving), Err(fault.into()));
        }
        // What this machine alone has wasn't sent.
        self.has_unsent = arriving.joins;
        let over = if self.is_played { Over::Forked } else { Over::Released };
        (Stage::Over, Err(Halt::Over(over)))
    }
}
