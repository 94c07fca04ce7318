//! The role of a member of the crew.

use std::borrow::Cow;
use std::fmt;

use bevy::prelude::*;
use bevy::reflect::{ReflectDeserialize, ReflectSerialize};
use serde::{Deserialize, Serialize};

/// The role of a member of the crew: the host, a player, a spectator, or one that the game defines.
/// [`Rights`](crate::Rights) has what each may ask for.
///
/// Being the host isn't given like other roles: the [`Crew`](crate::Crew) has one host, who
/// [hands over](crate::CrewCommands::hand_over).
///
/// ```
/// use bevy_session_play::Role;
///
/// const MEDIC: Role = Role::new("medic");
/// assert_ne!(MEDIC, Role::PLAYER);
/// assert_eq!(MEDIC.as_str(), "medic");
/// ```
#[derive(Reflect, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[reflect(opaque)]
#[reflect(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[type_path = "bevy_session_play"]
pub struct Role(Cow<'static, str>);

impl Role {
    /// The one member on whose machine the session is played, or who has the say in it.
    pub const HOST: Self = Self::new("host");
    /// Somebody who plays: what a member is unless it is said otherwise.
    pub const PLAYER: Self = Self::new("player");
    /// Somebody who looks on. The session is never handed over to one.
    pub const SPECTATOR: Self = Self::new("spectator");

    /// Bytes that a role may have: 50.
    pub const MAX_BYTES: usize = 50;

    /// A role of the game's own. One of several words, or from a file, is made by `Role::from(text)`.
    #[must_use]
    pub const fn new(role: &'static str) -> Self {
        Self(Cow::Borrowed(role))
    }

    /// The role as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True if it can be given to a member.
    pub(crate) fn can_be_given(&self) -> bool {
        let is_text = !self.0.trim().is_empty() && self.0.len() <= Self::MAX_BYTES;
        is_text && *self != Self::HOST && !self.0.chars().any(char::is_control)
    }
}

impl Default for Role {
    fn default() -> Self {
        Self::PLAYER
    }
}

impl From<String> for Role {
    fn from(role: String) -> Self {
        Self(role.into())
    }
}

impl From<&'static str> for Role {
    fn from(role: &'static str) -> Self {
        Self::new(role)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", &*self.0)
    }
}
