//! The place in the replica's log up to which a mirror has it, and what that says later.

use crate::replica::claim::owner_of;
use crate::replica::{Body, ClaimId, Direct, Epoch, Log, Position, StoreFault};

/// An entry of the replica's log: a mirror has nothing that the replica didn't have with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    epoch: Epoch,
    claim: ClaimId,
    position: Position,
    nonce: u128,
}

impl Place {
    /// The end of a log; `None` if it has no entry that counts.
    pub async fn end_of(reach: &Direct, log: &Log) -> Result<Option<Self>, StoreFault> {
        let Some((epoch, position, entry)) = log.end() else { return Ok(None) };
        let claim = owner_of(reach, log.session(), epoch).await?;
        let claim = claim.ok_or_else(|| StoreFault::new(log.session(), "a claim is missing"))?;
        Ok(Some(Self { epoch, claim, position, nonce: entry.nonce }))
    }

    /// The place that a mirror's log names last; `None` if it names none, or others than mirrors have changed files since.
    pub fn newest_of(log: &Log) -> Option<Self> {
        for epoch in log.gone_before().up_to(log.highest().next()).rev() {
            let mut newest = None;
            for (_, entry) in log.counted_entries(epoch) {
                match &entry.body {
                    Body::Mirrors { epoch, claim, position, nonce } => {
                        let nonce = u128::from(nonce.0) << 64 | u128::from(nonce.1);
                        let (epoch, claim, position) = (*epoch, *claim, *position);
                        newest = Some(Self { epoch, claim, position, nonce });
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

    /// Returns true if the replica's log goes on from here: all that it had then, it had, and what differs by now is its
    /// owners' doing.
    pub async fn is_in(self, reach: &Direct, log: &Log) -> Result<bool, StoreFault> {
        if owner_of(reach, log.session(), self.epoch).await? != Some(self.claim) {
            return Ok(false);
        }
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
        let Self { epoch, claim, position, nonce } = self;
        Body::Mirrors { epoch, claim, position, nonce: ((nonce >> 64) as u64, nonce as u64) }
    }
}
