//! The place of a session among all others: played, archived, or in the trash.

#[cfg(feature = "bevy_reflect")]
use bevy_reflect::{ReflectDeserialize, ReflectSerialize};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The place of a session among all others.
///
/// It belongs to the session, like its name: going back to an older checkpoint doesn't change it. Playing the session
/// takes it out of the archive or the trash.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(
    feature = "bevy_reflect",
    reflect(opaque, Clone, Debug, PartialEq, Serialize, Deserialize)
)]
#[serde(from = "Written", into = "Written")]
#[non_exhaustive]
pub enum ShelfPlace {
    /// Among those that are played.
    #[default]
    Open,
    /// Put away: it takes little room, and lists leave it out unless they are asked for it.
    Archive {
        /// The time at which it was archived.
        since: Timestamp,
    },
    /// Deleted by the player, and kept for a while in case that was a mistake.
    Trash {
        /// The time at which it was deleted.
        since: Timestamp,
    },
}

/// The encoding of a place, from which a build that knows fewer places still reads the rest.
#[derive(Clone, Serialize, Deserialize)]
struct Written {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    archived: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trashed: Option<Timestamp>,
}

impl From<ShelfPlace> for Written {
    fn from(place: ShelfPlace) -> Self {
        let (archived, trashed) = match place {
            ShelfPlace::Open => (None, None),
            ShelfPlace::Archive { since } => (Some(since), None),
            ShelfPlace::Trash { since } => (None, Some(since)),
        };
        Self { archived, trashed }
    }
}

impl From<Written> for ShelfPlace {
    fn from(written: Written) -> Self {
        match written {
            Written { trashed: Some(since), .. } => Self::Trash { since },
            Written { archived: Some(since), .. } => Self::Archive { since },
            Written { archived: None, trashed: None } => Self::Open,
        }
    }
}

impl ShelfPlace {
    /// Returns true if it is among those that are played.
    #[must_use]
    pub fn is_open(self) -> bool {
        self == Self::Open
    }

    /// Returns true if it is archived.
    #[must_use]
    pub fn is_archived(self) -> bool {
        matches!(self, Self::Archive { .. })
    }

    /// Returns true if it was deleted, and is kept for a while.
    #[must_use]
    pub fn is_in_trash(self) -> bool {
        matches!(self, Self::Trash { .. })
    }
}
