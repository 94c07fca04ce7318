//! The players who don't agree that insights are made of their sessions.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

/// Players who have withdrawn their consent, a list that all who hold it share: nothing is made of their sessions. `None`
/// stands for sessions that name no player.
#[derive(Clone, Default, Debug)]
pub struct WithheldPlayers(Arc<RwLock<BTreeSet<Option<String>>>>);

impl WithheldPlayers {
    /// Replaces the list. Returns true if it is another one.
    pub fn replace(&self, players: BTreeSet<Option<String>>) -> bool {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_other = *known != players;
        *known = players;
        is_other
    }

    /// Returns true if a player is in it.
    #[must_use]
    pub fn contains(&self, player: Option<&str>) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().any(|it| it.as_deref() == player)
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> BTreeSet<Option<String>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
