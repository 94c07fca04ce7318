//! Which process of a session wrote something.

use std::fmt;

#[cfg(feature = "bevy_reflect")]
use bevy_reflect::{ReflectDeserialize, ReflectSerialize};
use serde::{Deserialize, Serialize};

use super::random_u64;

/// Identifies one run: the part of a session that one process plays between taking it up and
/// leaving it.
///
/// Random, so two devices that continue the same session never write under the same id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(
    feature = "bevy_reflect",
    reflect(opaque, Clone, Debug, PartialEq, Hash, Serialize, Deserialize)
)]
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
