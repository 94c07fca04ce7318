//! A backup of the game's own save system.

use bevy::prelude::*;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A backup of the game's own save system, as it lists it.
///
/// Its slot is the game's own name for it and is unrelated to the plugin's slots, which may have
/// the same name.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub struct ExternalSave {
    /// The game's id of it, such as the name of its file. Of two with the same slot, the newer is
    /// used.
    pub slot: String,
    /// The name for the player. The slot, unless it is set.
    pub name: String,
    /// Its player; `None` if the game has no players. It is offered only for sessions of this
    /// player, and those without one.
    pub player: Option<String>,
    /// The time at which it was saved.
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    pub time: Timestamp,
    /// The kind of save.
    pub kind: ExternalSaveKind,
    /// False if it is known not to be loadable. Then it is left out and reported, and not examined
    /// any closer. `true` unless it is set.
    pub is_valid: bool,
}

/// The occasion of a game's own save.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug))]
#[non_exhaustive]
pub enum ExternalSaveKind {
    /// The player asked for it.
    Manual,
    /// The game made it automatically.
    Auto,
    /// The player pressed the quick-save key.
    Quick,
    /// The game made it at an exit.
    Exit,
}

impl ExternalSave {
    /// A backup in a slot, made at this time.
    #[must_use]
    pub fn new(slot: impl Into<String>, kind: ExternalSaveKind, time: Timestamp) -> Self {
        let slot = slot.into();
        Self { name: slot.clone(), slot, player: None, time, kind, is_valid: true }
    }

    /// A backup that the player asked for.
    #[must_use]
    pub fn manual(slot: impl Into<String>, time: Timestamp) -> Self {
        Self::new(slot, ExternalSaveKind::Manual, time)
    }

    /// A backup that the game made automatically.
    #[must_use]
    pub fn auto(slot: impl Into<String>, time: Timestamp) -> Self {
        Self::new(slot, ExternalSaveKind::Auto, time)
    }

    /// Sets the name for the player.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets its player.
    #[must_use]
    pub fn player(mut self, player: impl Into<String>) -> Self {
        self.player = Some(player.into());
        self
    }

    /// Sets whether it can be loaded, as far as a list can tell.
    #[must_use]
    pub fn valid(mut self, is_valid: bool) -> Self {
        self.is_valid = is_valid;
        self
    }

    /// Returns true if a session of this player may continue from it.
    pub(crate) fn is_for(&self, player: Option<&str>) -> bool {
        self.player.is_none() || player.is_none() || self.player.as_deref() == player
    }
}
