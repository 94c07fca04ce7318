//! The players who don't agree that insights are made of their sessions.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

/// The players of whose sessions nothing is made, a list that all who hold it share. A player `None` stands for sessions
/// that name none.
///
/// As it is made, it has nobody.
#[derive(Clone, Default, Debug)]
pub struct WithheldPlayers(Arc<RwLock<Withheld>>);

/// Whose sessions nothing is made of.
#[derive(Clone, PartialEq, Eq, Hash, Default, Debug)]
pub(crate) struct Withheld {
    /// True if it is everybody but the players below.
    is_everybody: bool,
    players: BTreeSet<Option<String>>,
}

impl WithheldPlayers {
    /// Makes nothing of these players' sessions. Returns true if it was other ones before.
    pub fn set(&self, players: BTreeSet<Option<String>>) -> bool {
        self.replace(Withheld { is_everybody: false, players })
    }

    /// Makes nothing of the sessions of all players but these. Returns true if it was other ones before.
    pub fn set_all_but(&self, players: BTreeSet<Option<String>>) -> bool {
        self.replace(Withheld { is_everybody: true, players })
    }

    /// Returns true if nothing is made of this player's sessions.
    #[must_use]
    pub fn contains(&self, player: Option<&str>) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.is_everybody != known.players.iter().any(|it| it.as_deref() == player)
    }

    /// Whose sessions nothing is made of now.
    pub(crate) fn now(&self) -> Withheld {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, players: Withheld) -> bool {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let is_other = *known != players;
        *known = players;
        is_other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn withheld_players_are_a_list_or_all_but_a_list() {
        let players = WithheldPlayers::default();
        assert!(!players.contains(None) && !players.contains(Some("Ann")));
        let ann = || [Some("Ann".to_owned())].into();
        assert!(players.set(ann()) && !players.set(ann()));
        assert!(!players.contains(None) && players.contains(Some("Ann")));
        assert!(players.set_all_but(ann()) && !players.set_all_but(ann()));
        assert!(players.contains(None) && !players.contains(Some("Ann")));
    }
}
