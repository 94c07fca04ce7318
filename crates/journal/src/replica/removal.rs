//! Removing a session for good.

use super::{Body, Log, Owner, Position, Reach, Sentence, StoreFault, Trouble};

impl<R: Reach> Owner<R> {
    /// Removes the session from the replica: a tombstone in a new epoch, then everything but claims and seals is
    /// deleted.
    ///
    /// After a fault, call it again.
    pub async fn remove(&mut self) -> Result<(), Trouble> {
        loop {
            self.settle_all().await?;
            if self.log.tombstone().is_some() {
                return self.delete_older().await;
            }
            // The tombstone is the one entry of its epoch, so that nothing else is left beside it.
            if self.next() == Position::FIRST && self.can_send() {
                self.compaction = None;
                if !Sentence::R1TombstoneBeforeDeletion.holds() {
                    self.delete_older().await?;
                }
                self.send(Body::Tombstone, &[]);
                continue;
            }
            if !self.is_compacting() {
                self.begin_compaction().await?;
            }
            self.compact().await?;
        }
    }

    async fn delete_older(&mut self) -> Result<(), Trouble> {
        self.log.refresh(&self.reach).await?;
        for key in self.log.deletable(&self.reach, self.claim.epoch).await? {
            self.reach.delete(key).await?;
        }
        Ok(())
    }
}

/// Deletes what is left, or has come back, of a session in whose log a tombstone was read.
pub async fn clear_removed(reach: &impl Reach, log: &mut Log) -> Result<(), StoreFault> {
    let Some(tombstone) = log.tombstone() else { return Ok(()) };
    if !Sentence::R3LateOnesAreRemoved.holds() {
        return Ok(());
    }
    for key in log.deletable(reach, tombstone).await? {
        reach.delete(key).await?;
    }
    Ok(())
}
