//! The places of claims and entries.

use std::fmt;

use crate::model::ids::SessionId;

/// A number that counts from 1.
macro_rules! counted {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
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
        pub struct $name(pub u64);

        impl $name {
            /// The first one.
            pub const FIRST: Self = Self(1);

            /// The one after this.
            #[must_use]
            pub fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }

            /// From this one up to the one before `end`.
            pub fn up_to(self, end: Self) -> impl DoubleEndedIterator<Item = Self> {
                (self.0..end.0).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, formatter)
            }
        }
    };
}

counted! {
    /// A span of a session's log that has one owner. Epochs count from 1.
    Epoch
}
counted! {
    /// A place in an epoch that holds one entry or nothing. Positions count from 1.
    Position
}

/// The key of an object in a store.
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
