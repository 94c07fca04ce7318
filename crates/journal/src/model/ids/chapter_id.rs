//! The identity of a chapter.

use std::fmt;

use super::identity::identity;
use super::random_u64;

identity! {
    /// Identifies one chapter: a span of a session with a name of its own.
    ///
    /// Random, so that chapters that begin on different branches of a session are never taken for one.
    pub struct ChapterId(pub u64);
}

impl ChapterId {
    /// Draws a new id.
    #[must_use]
    pub fn random() -> Self {
        Self(random_u64())
    }
}

impl fmt::Display for ChapterId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}
