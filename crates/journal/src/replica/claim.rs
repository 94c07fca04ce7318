//! Becoming a session's owner.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Body, Created, Entry, Epoch, Key, Log, Reach, Sentence, StoreFault};
use crate::model::ids::SessionId;

/// Distinguishes a claim from any other. It is all that a claim says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ClaimId(u64, u64);

impl ClaimId {
    fn draw(reach: &impl Reach) -> Self {
        let random = reach.random();
        Self((random >> 64) as u64, random as u64)
    }

    fn bytes(self) -> Arc<[u8]> {
        (u128::from(self.0) << 64 | u128::from(self.1)).to_le_bytes().into()
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let random = u128::from_le_bytes(bytes.try_into().ok()?);
        Some(Self((random >> 64) as u64, random as u64))
    }
}

impl fmt::Display for ClaimId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}{:016x}", self.0, self.1)
    }
}

/// An epoch that is this process's alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Claim {
    /// The epoch.
    pub epoch: Epoch,
    /// The id that its claim has.
    pub id: ClaimId,
}

/// The reason that an epoch wasn't claimed.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The store gave no answer. The same claimant can try again.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// Another has claimed a later epoch meanwhile. This one is of no use any more.
    #[error("another machine has claimed the session meanwhile")]
    Outrun,
    /// The session was removed.
    #[error("the session was removed")]
    Removed,
}

/// One who wants to own a session: one try at one epoch, however often that has to be asked for.
#[derive(Debug)]
pub struct Claimant {
    session: SessionId,
    id: ClaimId,
    /// The epoch that was asked for, and may be claimed already.
    asked: Option<Epoch>,
    /// The highest epoch of which anything may exist; `None` if any may.
    follows: Option<Epoch>,
    /// The seals that were asked for.
    sealed: Vec<u128>,
}

impl Claimant {
    /// A claimant with an id of its own.
    pub fn new(session: SessionId, reach: &impl Reach) -> Self {
        let (asked, follows, sealed) = (None, None, Vec::new());
        Self { session, id: ClaimId::draw(reach), asked, follows, sealed }
    }

    /// One who saw that the session has no owner any more, and gives way to who is faster.
    #[must_use]
    pub fn following(self, highest: Epoch) -> Self {
        Self { follows: Some(highest), ..self }
    }

    /// Takes the epoch after the highest, seals every older one, and reads all of them into `log`.
    ///
    /// After a fault, call it again: nothing is claimed twice by that.
    pub async fn claim(&mut self, reach: &impl Reach, log: &mut Log) -> Result<Claim, ClaimError> {
        log.refresh(reach).await?;
        if log.tombstone().is_some() && Sentence::R2RemovedIsNotPlayed.holds() {
            return Err(ClaimError::Removed);
        }
        if self.asked.is_none() && self.follows.is_some_and(|highest| highest < log.highest()) {
            return Err(ClaimError::Outrun);
        }
        let epoch = self.take_epoch(reach, log).await?;
        let read_early = log.clone();
        self.seal_older(reach, log, epoch).await?;
        if !Sentence::C6ReadsAfterSeals.holds() {
            *log = read_early;
        }
        if log.tombstone().is_some() && Sentence::R2RemovedIsNotPlayed.holds() {
            return Err(ClaimError::Removed);
        }
        if log.highest() > epoch && Sentence::C3HighestEpoch.holds() {
            return Err(ClaimError::Outrun);
        }
        Ok(Claim { epoch, id: self.id })
    }

    async fn take_epoch(&mut self, reach: &impl Reach, log: &Log) -> Result<Epoch, ClaimError> {
        let mut highest = log.highest();
        loop {
            if let Some(asked) = self.asked {
                match owner_of(reach, self.session, asked).await? {
                    Some(owner) if owner == self.id && Sentence::C2ClaimIsIdempotent.holds() => {
                        return Ok(asked);
                    }
                    // Whoever was faster has just begun, and isn't to lose the session again at once.
                    Some(owner) if owner != self.id => return Err(ClaimError::Outrun),
                    Some(_) => self.asked = None,
                    None => {}
                }
                highest = reach.list(self.session).await?.highest();
            }
            let epoch = self.asked.unwrap_or_else(|| self.after(highest));
            self.asked = Some(epoch);
            let claim = Key::Claim { session: self.session, epoch };
            let created = reach.create(claim, self.id.bytes()).await?;
            if created == Created::New || !Sentence::C1ClaimIsExclusive.holds() {
                return Ok(epoch);
            }
        }
    }

    fn after(&self, highest: Epoch) -> Epoch {
        match Sentence::C3HighestEpoch.holds() {
            true => highest.next(),
            // Leaves one out now and then, as a claimant that counts by itself would.
            false => Epoch(highest.next().0 + self.id.0 % 2),
        }
    }

    async fn seal_older(
        &mut self,
        reach: &impl Reach,
        log: &mut Log,
        epoch: Epoch,
    ) -> Result<(), StoreFault> {
        loop {
            log.refresh(reach).await?;
            let unsealed = self.unsealed(log, epoch);
            if unsealed.is_empty() || !Sentence::C4SealsOlder.holds() {
                return Ok(());
            }
            for older in unsealed {
                // The answer doesn't matter: the next look at the log decides.
                let _ = self.seal(reach, log, older).await;
            }
            if !Sentence::C5FindsSealsStanding.holds() {
                return log.refresh(reach).await;
            }
        }
    }

    /// Anybody's seal will do.
    fn unsealed(&self, log: &Log, epoch: Epoch) -> Vec<Epoch> {
        if Sentence::C7AnyonesSealCounts.holds() {
            return log.unsealed_before(epoch);
        }
        let is_own =
            |older: &Epoch| log.seal_nonce(*older).is_some_and(|it| self.sealed.contains(&it));
        Epoch::FIRST.up_to(epoch).filter(|older| !is_own(older)).collect()
    }

    /// Asks for a seal at the lowest position of an epoch that holds nothing.
    async fn seal(
        &mut self,
        reach: &impl Reach,
        log: &Log,
        epoch: Epoch,
    ) -> Result<(), StoreFault> {
        let (session, position) = (self.session, log.lowest_empty(epoch));
        let seal = Entry { nonce: reach.random(), body: Body::Seal { released: false } };
        self.sealed.push(seal.nonce);
        let bytes = seal.encode((session, epoch, position), &[]);
        reach.create(Key::Entry { session, epoch, position }, bytes).await.map(drop)
    }
}

/// The claim of an epoch; `None` if there is none.
pub(super) async fn owner_of(
    reach: &impl Reach,
    session: SessionId,
    epoch: Epoch,
) -> Result<Option<ClaimId>, StoreFault> {
    let bytes = reach.read(Key::Claim { session, epoch }).await?;
    // An object that is no claim was claimed by no known process.
    Ok(bytes.map(|bytes| ClaimId::of_bytes(&bytes).unwrap_or(ClaimId(0, 0))))
}
