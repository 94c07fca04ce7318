//! The requests about placed entities as methods of `Commands`.

use bevy_session_journal::Ticket;

use super::{CurrentRequest, SessionCommands};
use crate::capture::SaveKey;

/// Requests about placed entities, from [`SessionCommands::placed`].
#[derive(Debug)]
pub struct PlacedCommands<'w, 's>(pub(super) SessionCommands<'w, 's>);

impl PlacedCommands<'_, '_> {
    /// Forgets that the placed entity with this key is gone, and the values that were kept for it:
    /// the next entity with the key begins as its level spawns it. For goblins that come back.
    pub fn forget(&mut self, key: impl Into<SaveKey>) -> Ticket {
        self.0.request(CurrentRequest::ForgetKey(key.into()))
    }

    /// Forgets all keys with this prefix, as [`forget`](Self::forget) does: for a new round of a
    /// level that the game clears by itself. Entities that are despawned with a saved state, by
    /// `DespawnOnExit`, need no such call.
    pub fn forget_all(&mut self, prefix: impl Into<String>) -> Ticket {
        self.0.request(CurrentRequest::ForgetKeys(prefix.into()))
    }
}
