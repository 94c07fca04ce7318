//! Removing a session for good.

use super::{Body, Claim, Epoch, Log, Owner, Position, Reach, Sentence, StoreFault, Trouble};

impl<R: Reach> Owner<R> {
    /// Does a piece of removing the session from the replica, which ends with a tombstone in a new epoch. Returns true if there
    /// is more to do. Once the tombstone stands, [`Clearing`] deletes everything but claims and seals.
    ///
    /// After a fault, call it again.
    pub async fn remove(&mut self) -> Result<bool, Trouble> {
        self.settle_all().await?;
        if self.log.tombstone().is_some() {
            return Ok(false);
        }
        // The tombstone is the one entry of its epoch, so that nothing else is left beside it.
        if self.next() == Position::FIRST && self.can_send() {
            self.compaction = None;
            if !Sentence::R1TombstoneBeforeDeletion.holds() {
                self.delete_older().await?;
            }
            self.send(Body::Tombstone, &[]);
            return Ok(true);
        }
        if !self.is_compacting() {
            self.begin_compaction().await?;
        }
        self.compact().await?;
        Ok(true)
    }

    async fn delete_older(&mut self) -> Result<(), Trouble> {
        self.log.refresh(&self.reach).await?;
        for key in self.log.deletable(&self.reach, self.claim.epoch).await? {
            self.reach.delete(key).await?;
        }
        Ok(())
    }
}

/// The removal of a session that was claimed for it, and of which nothing has to be read.
pub(crate) struct Removing<R: Reach>(Owner<R>);

impl<R: Reach> Removing<R> {
    /// The one of a session with the log that was read after the claim.
    pub fn new(reach: R, claim: Claim, log: Log) -> Self {
        Self(Owner::of_none(reach, claim, log))
    }

    /// Does a piece. Returns true if there is more to do.
    ///
    /// After a fault, call it again.
    pub async fn step(&mut self) -> Result<bool, Trouble> {
        self.0.remove().await
    }

    /// The log with the tombstone, at the end.
    pub fn log(&self) -> &Log {
        self.0.log()
    }
}

/// Deletes what is left, or has come back, of a session in whose log a tombstone stands.
#[derive(Debug)]
pub struct Clearing {
    log: Log,
    /// The places to be looked at, the next one last.
    places: Vec<(Epoch, Position)>,
    /// The epoch of the removal, while a catalogue may have a line about the session.
    listed: Option<Epoch>,
    /// The catalogue was asked before the first deletion.
    is_asked: bool,
    /// The number of entries that were deleted.
    deleted: usize,
}

impl Clearing {
    /// The one of a session whose log was read. Without a tombstone it deletes nothing.
    #[must_use]
    pub fn new(log: Log) -> Self {
        let tombstone = log.tombstone();
        let places = tombstone.map(|tombstone| log.maybe_deletable(tombstone)).unwrap_or_default();
        Self { log, places, listed: tombstone, is_asked: false, deleted: 0 }
    }

    /// Deletes one object at most. Returns true if there is more to do.
    ///
    /// After a fault, call it again.
    pub async fn step(&mut self, reach: &impl Reach) -> Result<bool, StoreFault> {
        // Whatever ails the catalogue, the entries go. Its line is tried first, and again at the end.
        if let Some(epoch) = self.listed.filter(|_| !self.is_asked || self.places.is_empty()) {
            let forgotten = reach.forget(self.log.session(), epoch).await;
            let is_last = std::mem::replace(&mut self.is_asked, true) && self.places.is_empty();
            match forgotten {
                Ok(()) => self.listed = None,
                Err(fault) if is_last => return Err(fault),
                Err(_) => {}
            }
            return Ok(true);
        }
        let Some(place) = self.places.last().copied() else { return Ok(false) };
        if let Some(key) = self.log.deletable_at(reach, place).await? {
            reach.delete(key).await?;
            self.deleted += 1;
        }
        self.places.pop();
        Ok(true)
    }

    /// The number of entries that it leaves: a seal may be beside another one.
    #[must_use]
    pub fn left(&self) -> usize {
        self.log.len().saturating_sub(self.deleted)
    }
}

/// Deletes all that has come back of a session that was removed.
pub async fn clear_removed(reach: &impl Reach, log: &Log) -> Result<(), StoreFault> {
    if !Sentence::R3LateOnesAreRemoved.holds() {
        return Ok(());
    }
    let mut clearing = Clearing::new(log.clone());
    while clearing.step(reach).await? {}
    Ok(())
}
