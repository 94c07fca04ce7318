//! Players, by their ids.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bevy::prelude::*;
use bevy::reflect::{ReflectDeserialize, ReflectSerialize};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// The id of a player, the same on every machine and for good: the id of an account, or a name that the game keeps
/// unique. What others read is the member's [`name`](crate::CrewMember::name), which may change.
///
/// Ids are compared in Unicode's composed form (NFC), which is what is kept: `Zoë` is one player, however a keyboard or
/// file system puts the letter together. Case and everything else count. Every text can be made an id, and
/// [`check`](Self::check) says what is wrong with it; a player without a right one is refused.
///
/// ```
/// use bevy_session_play::{PlayerId, PlayerIdError};
///
/// let composed = PlayerId::from("Zo\u{eb}");
/// assert_eq!(composed, PlayerId::from("Zoe\u{308}"));
/// assert_ne!(composed, PlayerId::from("zo\u{eb}"));
/// assert_eq!(composed.check(), Ok(()));
/// // The host has their own id, and keeps it when somebody else hosts.
/// assert_eq!(PlayerId::from("host").check(), Err(PlayerIdError::Host));
/// ```
#[derive(Reflect, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[reflect(opaque)]
#[reflect(Clone, Debug, PartialEq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[type_path = "bevy_session_play"]
pub struct PlayerId(Arc<str>);

/// The reason why an id can't be a player's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlayerIdError {
    /// It is empty, or nothing but space.
    #[error("the id of a player is empty")]
    Empty,
    /// It is longer than [`PlayerId::MAX_BYTES`].
    #[error("the id of a player has {} bytes at most, not {bytes}", PlayerId::MAX_BYTES)]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It has a control character in it.
    #[error("the id of a player has a control character in it")]
    ControlCharacter,
    /// It is `host`, which would mean that what belongs to a player belongs to the host of the moment.
    #[error("`host` is a role, and can't be a player's id")]
    Host,
}

impl PlayerId {
    /// Bytes that an id may have: 200.
    pub const MAX_BYTES: usize = 200;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Checks that the id can be a player's.
    ///
    /// # Errors
    ///
    /// [`PlayerIdError`] says what is wrong with it.
    pub fn check(&self) -> Result<(), PlayerIdError> {
        let bytes = self.0.len();
        if bytes > Self::MAX_BYTES {
            return Err(PlayerIdError::TooLong { bytes });
        }
        if self.0.trim().is_empty() {
            return Err(PlayerIdError::Empty);
        }
        if self.0.chars().any(char::is_control) {
            return Err(PlayerIdError::ControlCharacter);
        }
        if self.0.eq_ignore_ascii_case("host") {
            return Err(PlayerIdError::Host);
        }
        Ok(())
    }
}

impl From<&str> for PlayerId {
    fn from(id: &str) -> Self {
        if id.is_ascii() {
            return Self(id.into());
        }
        Self(id.nfc().collect::<String>().into())
    }
}

impl From<String> for PlayerId {
    fn from(id: String) -> Self {
        id.as_str().into()
    }
}

impl From<PlayerId> for String {
    fn from(id: PlayerId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl From<&Self> for PlayerId {
    fn from(id: &Self) -> Self {
        id.clone()
    }
}

impl Deref for PlayerId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for PlayerId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlayerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for PlayerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_not_empty_long_unprintable_or_the_host() {
        let check = |id: &str| PlayerId::from(id).check();
        assert_eq!(check(""), Err(PlayerIdError::Empty));
        assert_eq!(check(" \u{3000}"), Err(PlayerIdError::Empty));
        assert_eq!(check("Ben\u{1b}[2J"), Err(PlayerIdError::ControlCharacter));
        assert_eq!(check("Host"), Err(PlayerIdError::Host));
        assert_eq!(check(&"x".repeat(200)), Ok(()));
        assert_eq!(check(&"x".repeat(201)), Err(PlayerIdError::TooLong { bytes: 201 }));
        assert_eq!(check("steam:76561197960287930"), Ok(()));
    }

    #[test]
    fn player_ids_in_a_file_are_normalized() {
        let read: PlayerId = ron::from_str("\"Zoe\u{308}\"").unwrap();
        assert_eq!(read, PlayerId::from("Zo\u{eb}"));
        assert_eq!(read.as_str().len(), 4);
    }
}
