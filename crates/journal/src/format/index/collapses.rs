//! The checkpoints at which a world lost nearly all of its entities.

use super::SessionIndex;
use crate::model::ids::CheckpointId;

/// A world with fewer entities is too small to distinguish a loss from play.
const SMALLEST: u64 = 20;

/// Returns true if so few entities are left that something went wrong, rather than that the player removed them.
#[must_use]
pub fn is_collapse(before: u64, after: u64) -> bool {
    before >= SMALLEST && after < before / 10
}

impl SessionIndex {
    /// The checkpoints on the line of `head` after which nine entities of ten were gone, the newest
    /// first: what the player had before a level was cleared in the wrong moment, or a patch forgot
    /// a type.
    pub fn before_collapses(&self, head: CheckpointId) -> Vec<CheckpointId> {
        let line = self.line(head);
        let commits = line.iter().filter_map(|id| Some((*id, self.commit(*id)?.entities)));
        let commits: Vec<(CheckpointId, u64)> = commits.collect();
        let pairs = commits.windows(2).filter_map(|pair| match pair {
            [(_, after), (id, before)] if is_collapse(*before, *after) => Some(*id),
            _ => None,
        });
        pairs.collect()
    }
}
