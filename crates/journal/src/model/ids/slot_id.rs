//! The identity of a slot.

use std::fmt;

use super::identity::identity;
use super::random_u64;

identity! {
    /// Identifies a slot, under any file name.
    ///
    /// It is drawn when something is saved and kept when the slot is renamed. A slot that is overwritten
    /// is another one from then on, and so is a copy.
    pub struct SlotId(pub(crate) u64);
}

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
