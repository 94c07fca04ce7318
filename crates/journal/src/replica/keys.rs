//! The places of claims and entries.

use std::fmt;

use crate::model::ids::SessionId;

const CLAIM: &str = "claim";
const ENTRY: &str = "entry";

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

    /// Its name among the objects of its session, for stores whose objects have names, such as files:
    /// `<epoch>.claim` or `<epoch>-<position>.entry`, each number in 16 hexadecimal digits.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Claim { epoch, .. } => format!("{:016x}.{CLAIM}", epoch.0),
            Self::Entry { epoch, position, .. } => {
                format!("{:016x}-{:016x}.{ENTRY}", epoch.0, position.0)
            }
        }
    }

    /// The key of an object of a session by its [name](Self::name); `None` for a name that no key has.
    #[must_use]
    pub fn of_name(session: SessionId, name: &str) -> Option<Self> {
        let number = |text: &str| u64::from_str_radix(text, 16).ok();
        let key = match name.rsplit_once('.')? {
            (epoch, CLAIM) => Self::Claim { session, epoch: Epoch(number(epoch)?) },
            (place, ENTRY) => {
                let (epoch, position) = place.split_once('-')?;
                let (epoch, position) = (Epoch(number(epoch)?), Position(number(position)?));
                Self::Entry { session, epoch, position }
            }
            _ => return None,
        };
        // Digits that are missing, or in capitals, are no name that was given.
        (key.name() == name).then_some(key)
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
