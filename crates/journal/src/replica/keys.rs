//! Where claims and entries stand.

use std::fmt;

use crate::model::ids::SessionId;

/// A span of a session's log that has one owner. Epochs count from 1.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Debug,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The first epoch of a session.
    pub const FIRST: Self = Self(1);

    /// The epoch after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The epochs from this one up to the one before `end`.
    pub fn up_to(self, end: Self) -> impl DoubleEndedIterator<Item = Self> {
        (self.0..end.0).map(Self)
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// A place in an epoch that holds one entry or nothing. Positions count from 1.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Debug,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(transparent)]
pub struct Position(pub u64);

impl Position {
    /// The first position of an epoch.
    pub const FIRST: Self = Self(1);

    /// The position behind this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The positions from this one up to the one before `end`.
    pub fn up_to(self, end: Self) -> impl DoubleEndedIterator<Item = Self> {
        (self.0..end.0).map(Self)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// What an object in a store is called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Key {
    /// The claim of an epoch.
    Claim {
        /// The session.
        session: SessionId,
        /// The epoch that is claimed.
        epoch: Epoch,
    },
    /// An entry of an epoch, a seal included.
    Entry {
        /// The session.
        session: SessionId,
        /// The epoch.
        epoch: Epoch,
        /// The place in it.
        position: Position,
    },
}

impl Key {
    /// The session that it belongs to.
    #[must_use]
    pub fn session(self) -> SessionId {
        match self {
            Self::Claim { session, .. } | Self::Entry { session, .. } => session,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claim { session, epoch } => write!(formatter, "claim {epoch} of {session}"),
            Self::Entry { session, epoch, position } => {
                write!(formatter, "entry {epoch}.{position} of {session}")
            }
        }
    }
}
