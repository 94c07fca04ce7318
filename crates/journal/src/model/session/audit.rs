//! The entries of a profile's audit log.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::ids::SessionId;

/// A deed in the audit log of a profile: who did something with kept data, and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(opaque, Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct AuditEntry {
    /// The time, by the machine's clock.
    pub at: Timestamp,
    /// The player who asked for it, if [`by_player`](Self::by_player); otherwise [`BY_GAME`](Self::BY_GAME), [`BY_CLEANUP`](Self::BY_CLEANUP),
    /// [`BY_TOOL`](Self::BY_TOOL), or [`ERASED`](Self::ERASED) for a player who was erased since.
    pub who: String,
    /// True if a player asked for it, whatever their name is.
    #[serde(default)]
    pub by_player: bool,
    /// The deed.
    pub what: AuditDeed,
    /// The session that it was done to; `None` if it is about a player or about no single session.
    pub session: Option<SessionId>,
}

impl AuditEntry {
    /// The game asked for it in nobody's name, or one of its rules did.
    pub const BY_GAME: &str = "game";
    /// It had been in the trash for long.
    pub const BY_CLEANUP: &str = "cleanup";
    /// `bevy-session`, the tool, did it.
    pub const BY_TOOL: &str = "tool";
    /// A player who was erased.
    pub const ERASED: &str = "erased player";

    /// A deed that no player asked for, about no session.
    #[must_use]
    pub(crate) fn new(at: Timestamp, who: &str, what: AuditDeed) -> Self {
        Self { at, who: who.to_owned(), by_player: false, what, session: None }
    }
}

/// A deed with kept data.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuditDeed {
    /// Everything of a player was written into a file.
    ExportedPlayer,
    /// A player was erased.
    ErasedPlayer,
    /// A session was put into the archive.
    Archived,
    /// A session was put into the trash.
    Trashed,
    /// A session was removed for good.
    Deleted,
    /// A report was written, or a session handed on.
    Reported,
}

impl fmt::Display for AuditDeed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::ExportedPlayer => "exported_player",
            Self::ErasedPlayer => "erased_player",
            Self::Archived => "archived",
            Self::Trashed => "trashed",
            Self::Deleted => "deleted",
            Self::Reported => "reported",
        })
    }
}
