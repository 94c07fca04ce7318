//! The identity of a run: the part of a session that one process plays.

use std::fmt;

use super::identity::identity;
use super::random_u64;

identity! {
    /// Identifies one run: the part of a session that one process plays between resuming it and leaving it.
    ///
    /// Random, so two devices that continue the same session never write under the same id.
    pub struct RunId(pub u64);
}

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
