//! The four kinds of identity that appear on disk.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Identifies one play-through, for ever and on every machine.
///
/// A version 7 UUID, so ids sort by the time at which sessions were created.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(Uuid);

impl SessionId {
    /// Draws a new id, unique without coordination.
    #[must_use]
    pub fn random() -> Self {
        Self(Uuid::now_v7())
    }

    /// The id as the UUID that it is.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl From<Uuid> for SessionId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SessionId({})", self.0)
    }
}

impl FromStr for SessionId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::from_str(text).map(Self)
    }
}

/// Identifies one run: the part of a session that one process plays between taking it up and
/// leaving it.
///
/// Random, so two devices that continue the same session never write under the same id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub u64);

impl RunId {
    /// Draws a new id.
    #[must_use]
    pub fn random() -> Self {
        Self(random_u64())
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RunId({self})")
    }
}

/// Identifies one checkpoint: the run that wrote it, and its place on the line of descent.
///
/// The counter only grows along a line, restarts included, so of two checkpoints on one line the
/// one with the higher counter is the newer, whatever the clocks said.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct CheckpointId {
    /// The run that wrote the checkpoint.
    pub run: RunId,
    /// The checkpoint's number along its line of descent. The first of a session is 1.
    pub counter: u64,
}

impl fmt::Display for CheckpointId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.counter, self.run)
    }
}

/// Identifies one saved entity within a session: kept across restores and never reused.
///
/// The journal refers to entities by this number only, never by Bevy's `Entity` bits. Since it
/// passes through `Entity` fields on its way to and from the journal, it is always a legal bit
/// pattern of one: [`SaveId::FIRST`] is 2, because 1 is `Entity::PLACEHOLDER`, and numbers whose
/// low 32 bits are zero are skipped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SaveId(pub u64);

impl SaveId {
    /// The row key of a resource or state, which belong to no entity.
    pub const WORLD: Self = Self(0);

    /// The first id that a session gives to an entity.
    pub const FIRST: Self = Self(2);

    /// The id that follows this one.
    #[must_use]
    pub fn next(self) -> Self {
        let next = self.0.wrapping_add(1);
        let low_word_is_zero = next & 0xffff_ffff == 0;
        Self(if low_word_is_zero { next.wrapping_add(1) } else { next })
    }

    /// Whether an entity may carry this id.
    #[must_use]
    pub fn is_entity(self) -> bool {
        self >= Self::FIRST && self.0 & 0xffff_ffff != 0
    }
}

impl fmt::Display for SaveId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{}", self.0)
    }
}

/// A random number from the operating system, never zero.
///
/// Version 4 UUIDs carry 122 random bits; the upper half holds all but four of its own.
pub fn random_u64() -> u64 {
    let (high, low) = Uuid::new_v4().as_u64_pair();
    (high ^ low.rotate_left(32)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn save_ids_skip_numbers_that_are_no_entity() {
        assert_eq!(SaveId(2).next(), SaveId(3));
        assert_eq!(SaveId(0xffff_ffff).next(), SaveId(0x1_0000_0001));
        assert!(!SaveId(0x1_0000_0000).is_entity());
        assert!(!SaveId::WORLD.is_entity());
        assert!(!SaveId(1).is_entity());
    }

    #[test]
    fn session_id_survives_its_text_form() {
        let id = SessionId::random();
        assert_eq!(id.to_string().parse::<SessionId>(), Ok(id));
    }
}
