//! Moves between the places of a session.

use super::ShelfPlace;

/// A move of a session from one [`ShelfPlace`] to another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum ShelfMove {
    /// Into the trash, from wherever it is.
    Delete,
    /// Out of the trash.
    Undelete,
    /// Into the archive, or, of one that is there already, down to its summary.
    Archive(Archived),
    /// Out of the archive.
    Unarchive,
}

impl ShelfMove {
    /// Its name in logs.
    #[doc(hidden)]
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delete => "delete",
            Self::Undelete => "undelete",
            Self::Archive(_) => "archive",
            Self::Unarchive => "unarchive",
        }
    }
}

/// The part of an archived session that is kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
pub enum Archived {
    /// Its newest checkpoint, besides its summary: it can be resumed.
    WithWorld,
    /// Everything that lists show: its name and tags, its end, play time, custom fields and the newest picture. It
    /// can't be played any more.
    SummaryOnly,
}

/// The outcome of a move.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ShelfMoved {
    /// Its place before.
    pub from: ShelfPlace,
    /// Its place now.
    pub to: ShelfPlace,
    /// Bytes of its files, now.
    pub bytes: u64,
    /// Bytes that it took before.
    pub bytes_before: u64,
}
