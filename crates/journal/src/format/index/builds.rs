//! The checkpoints at which another build of the game resumed a session.

use super::SessionIndex;
use crate::model::ids::{CheckpointId, RunId};

impl SessionIndex {
    /// The checkpoints on the line of `head` that another build of the game resumed from, the newest first. Each is the
    /// last one that the build before can go back to without a loss.
    ///
    /// Runs that retention has removed are passed over.
    pub fn last_of_other_builds(&self, head: CheckpointId) -> Vec<CheckpointId> {
        let ancestry = self.ancestry(head);
        let pairs = ancestry.windows(2).filter_map(|pair| match pair {
            [after, before] if self.build(after.run) != self.build(before.run) => Some(*before),
            _ => None,
        });
        pairs.collect()
    }

    /// Distinguishes builds of the game: the version that it calls itself, and the types that it saves.
    pub fn build(&self, run: RunId) -> Option<(&str, u64)> {
        self.runs.get(&run)?.build(&self.segments)
    }
}
