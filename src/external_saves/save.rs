//! A backup that the game's own save system has.

use bevy::prelude::*;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A backup that the game's own save system has, as it lists it.
///
/// Its slot is a name of the game's own and has nothing to do with the plugin's slots, which may be
/// called the same.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Debug))]
#[non_exhaustive]
pub struct ExternalSave {
    /// What the game knows it by, such as the name of its file. Of two with one slot, the newer is taken.
    pub slot: String,
    /// What the player reads. The slot, unless it is set.
    pub name: String,
    /// Whose it is; `None` if the game knows no players. Only sessions of this player, and those
    /// without one, are offered it.
    pub player: Option<String>,
    /// When it was saved.
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    pub time: Timestamp,
    /// Why it was saved.
    pub kind: ExternalSaveKind,
    /// Whether it can be loaded, as far as a list can tell. One that can't is left out and reported, and
    /// not looked at any closer. `true` unless it is set.
    pub is_valid: bool,
}

/// Why a game's own save was made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Clone, PartialEq, Hash, Debug))]
#[non_exhaustive]
pub enum ExternalSaveKind {
    /// The player asked for it.
    Manual,
    /// The game made it by itself.
    Auto,
    /// The player pressed the key for it.
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

    /// One that the player asked for.
    #[must_use]
    pub fn manual(slot: impl Into<String>, time: Timestamp) -> Self {
        Self::new(slot, ExternalSaveKind::Manual, time)
    }

    /// One that the game made by itself.
    #[must_use]
    pub fn auto(slot: impl Into<String>, time: Timestamp) -> Self {
        Self::new(slot, ExternalSaveKind::Auto, time)
    }

    /// What the player reads.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Whose it is.
    #[must_use]
    pub fn player(mut self, player: impl Into<String>) -> Self {
        self.player = Some(player.into());
        self
    }

    /// Whether it can be loaded, as far as a list can tell.
    #[must_use]
    pub fn valid(mut self, is_valid: bool) -> Self {
        self.is_valid = is_valid;
        self
    }

    /// Whether a session of this player may go on from it.
    pub(crate) fn is_for(&self, player: Option<&str>) -> bool {
        self.player.is_none() || player.is_none() || self.player.as_deref() == player
    }
}
