//! The place in the replica's log up to which a mirror has it, and what that says later.

use xxhash_rust::xxh3::Xxh3;

use crate::replica::claim::owner_of;
use crate::replica::{Body, ClaimId, Direct, Epoch, Log, Position, StoreFault};

/// An entry of the replica's log: a mirror has nothing that the replica didn't have with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    epoch: Epoch,
    claim: ClaimId,
    position: Position,
    nonce: u128,
    past: Past,
}

/// A replica's log, as it is from a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum History {
    /// It goes on from there: all that it had then, it had, and what differs by now is its owners' doing.
    Same,
    /// The place stands, and before it something was lost.
    Damaged,
    /// The place isn't in it: it was restored from an older state, or is another store.
    Another,
}

/// What stood before a place: the ends of the epochs from the first one on that wasn't gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Past {
    since: Epoch,
    seals: u64,
}

impl Place {
    /// The end of a log that is settled; `None` if it has no entry that counts, or if the claim of that one is missing.
    pub async fn end_of(reach: &Direct, log: &Log) -> Result<Option<Self>, StoreFault> {
        let Some((epoch, position, entry)) = log.end() else { return Ok(None) };
        let nonce = entry.nonce;
        let Some(claim) = owner_of(reach, log.session(), epoch).await? else { return Ok(None) };
        let since = log.gone_before().min(epoch);
        let seals = Past::seals(reach, log, since, epoch).await?;
        Ok(Some(Self { epoch, claim, position, nonce, past: Past { since, seals } }))
    }

    /// The place that a mirror's log names last; `None` if it names none, or others than mirrors have changed files since.
    pub fn newest_of(log: &Log) -> Option<Self> {
        for epoch in log.gone_before().up_to(log.highest().next()).rev() {
            let mut newest = None;
            for (_, entry) in log.counted_entries(epoch) {
                match &entry.body {
                    Body::Mirrors { epoch, claim, position, nonce, since, seals } => {
                        let nonce = u128::from(nonce.0) << 64 | u128::from(nonce.1);
                        let (epoch, claim, position) = (*epoch, *claim, *position);
                        let past = Past { since: *since, seals: *seals };
                        newest = Some(Self { epoch, claim, position, nonce, past });
                    }
                    Body::Changes(_) if newest.is_none() => return None,
                    _ => {}
                }
            }
            if newest.is_some() {
                return newest;
            }
        }
        None
    }

    /// The replica's log, as it is from here.
    pub async fn history(self, reach: &Direct, log: &Log) -> Result<History, StoreFault> {
        if owner_of(reach, log.session(), self.epoch).await? != Some(self.claim)
            || !self.stands(reach, log).await?
        {
            return Ok(History::Another);
        }
        let seals = Past::seals(reach, log, self.past.since, self.epoch).await?;
        Ok(if self.past.seals == seals { History::Same } else { History::Damaged })
    }

    /// Returns true if the [history](Self::history) asks the replica for seals that are gone from the log.
    pub fn is_old(self, log: &Log) -> bool {
        self.past.since.min(self.epoch) < log.gone_before()
    }

    async fn stands(self, reach: &Direct, log: &Log) -> Result<bool, StoreFault> {
        if self.epoch < log.gone_before() {
            // Of what was compacted, the seal stays. One that stands earlier took the place of entries that were lost.
            let seal = log.seal_of_gone(reach, self.epoch).await?;
            return Ok(seal.is_some_and(|seal| seal > self.position));
        }
        let mut counted = log.counted_entries(self.epoch);
        Ok(counted.any(|(at, entry)| at == self.position && entry.nonce == self.nonce))
    }

    /// The entry of a mirror's log that says so.
    pub fn body(self) -> Body {
        let Self { epoch, claim, position, nonce, past: Past { since, seals } } = self;
        let nonce = ((nonce >> 64) as u64, nonce as u64);
        Body::Mirrors { epoch, claim, position, nonce, since, seals }
    }
}

impl Past {
    /// A hash of the positions at which epochs end. Seals stay for good, and one that takes the place of a lost entry stands
    /// earlier than the first.
    async fn seals(reach: &Direct, log: &Log, since: Epoch, end: Epoch) -> Result<u64, StoreFault> {
        let mut hash = Xxh3::new();
        for epoch in since.up_to(end) {
            let seal = match epoch < log.gone_before() {
                true => log.seal_of_gone(reach, epoch).await?,
                false => log.seal(epoch).map(|(position, _)| position),
            };
            hash.update(&epoch.0.to_le_bytes());
            hash.update(&seal.unwrap_or_default().0.to_le_bytes());
        }
        Ok(hash.digest())
    }
}
