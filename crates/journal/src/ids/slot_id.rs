//! Which slot something is.

use std::fmt;

#[cfg(feature = "bevy_reflect")]
use bevy_reflect::{ReflectDeserialize, ReflectSerialize};
use serde::{Deserialize, Serialize};

use super::random_u64;

/// Identifies a slot, whatever its file is called.
///
/// It is drawn when something is saved and kept when the slot is renamed. A slot that is overwritten
/// is another one from then on, and so is a copy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(
    feature = "bevy_reflect",
    reflect(opaque, Clone, Debug, PartialEq, Hash, Serialize, Deserialize)
)]
#[serde(transparent)]
pub struct SlotId(pub(crate) u64);

impl SlotId {
    /// Draws a new id.
    #[doc(hidden)]
    pub fn random() -> Self {
        Self(random_u64())
    }
}

impl fmt::Display for SlotId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}

impl fmt::Debug for SlotId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SlotId({self})")
    }
}
