//! What erasing a player comes to.

use super::AuditActor;
use crate::model::ids::SessionId;

/// What erasing a player came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct ErasureReceipt {
    /// The number under which the audit log has it.
    pub number: u64,
    /// The files that are gone or were written again without the player.
    pub files: u64,
    /// Bytes that are free because of it.
    pub bytes: u64,
    /// The player's sessions, which are gone.
    pub sessions: usize,
    /// The player's slots, which are gone.
    pub slots: usize,
    /// Sessions of other players in which this one was named. Of each, the newest checkpoint is left, with other letters
    /// in the place of the name; earlier checkpoints and recorded events are gone, since they can't be separated.
    pub reduced: Vec<SessionId>,
    /// Sessions that can't be changed now: they are played, forked, or were left by a crash that waits for an answer, or
    /// a file of them can't be read. The next cleanups try again.
    pub pending: Vec<SessionId>,
}

impl ErasureReceipt {
    /// Whether nothing of the player is left here.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.pending.is_empty()
    }
}

/// A player of whom all is to be erased.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ErasureOrder {
    /// The player.
    pub player: String,
    /// Who asked for it.
    pub by: AuditActor,
}
