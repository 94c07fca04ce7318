//! The identity of an entity within a session.

use std::fmt;

#[cfg(feature = "bevy_reflect")]
use bevy_reflect::{ReflectDeserialize, ReflectSerialize};
use serde::{Deserialize, Serialize};

/// Identifies one saved entity within a session: kept across restores and never reused.
///
/// The journal refers to entities by this number only, never by Bevy's `Entity` bits. Since it
/// passes through `Entity` fields on its way to and from the journal, it is always a legal bit
/// pattern of one: [`SaveId::FIRST`] is 2, because 1 is `Entity::PLACEHOLDER`, and numbers whose
/// low 32 bits are zero are skipped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(
    feature = "bevy_reflect",
    reflect(opaque, Clone, Debug, PartialEq, Hash, Serialize, Deserialize)
)]
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

    /// Returns true if an entity may carry this id: it isn't [`WORLD`](Self::WORLD), and is a legal bit pattern of an
    /// `Entity`.
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
}
