//! Entries of a profile's audit log.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ShelfMove, ShelfMoved, ShelfPlace};
use crate::model::ids::SessionId;

/// An entry of a profile's audit log: one thing that was done with what is kept of its sessions.
///
/// Entries name sessions by their ids, and no names: the log isn't a further place from which a name has to go.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub who: AuditActor,
    /// What was done.
    pub what: AuditDeed,
    /// The session that it was done with; `None` if it was none, or more than one.
    #[serde(default)]
    pub session: Option<SessionId>,
    /// The files that are gone because of it, where they were counted.
    #[serde(default)]
    pub files: u64,
    /// Their bytes.
    #[serde(default)]
    pub bytes: u64,
    /// A number that two entries have in common if they are about one piece of work; 0 if it has none.
    #[serde(default)]
    pub work: u64,
}

/// Who did something.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum AuditActor {
    /// The game's own code: the request named no player.
    Game,
    /// The cleanup, by rules that the game has set.
    Cleanup,
    /// The command-line tool.
    Tool,
    /// A player, by their id.
    Player(String),
    /// A player who has been erased since.
    ErasedPlayer,
}

impl fmt::Display for AuditActor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Game => "game",
            Self::Cleanup => "cleanup",
            Self::Tool => "tool",
            Self::Player(player) => player,
            Self::ErasedPlayer => "an erased player",
        })
    }
}

/// Something that is done with what is kept, and noted in the audit log.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "&'static str", from = "String")]
#[non_exhaustive]
pub enum AuditDeed {
    /// Recorded events of a session were read.
    Read,
    /// A session was written into a file for another machine, or as a scenario.
    Exported,
    /// A report was written.
    Reported,
    /// A session was put into the trash.
    Deleted,
    /// A session was taken out of the trash.
    Undeleted,
    /// A session was archived.
    Archived,
    /// A session was taken out of the archive.
    Unarchived,
    /// A session was removed for good.
    Removed,
    /// A crash was declined.
    Declined,
    /// A crash was given up: its session ended as failed.
    GivenUp,
    /// A slot was deleted.
    DeletedSlot,
    /// A slot was made of a file.
    Imported,
    /// All that is kept of a player was written into a file.
    ExportedPlayer,
    /// A player was erased.
    ErasedPlayer,
    /// Whatever a later version of this crate notes.
    Other,
}

impl AuditDeed {
    const NAMED: [Self; 14] = [
        Self::Read,
        Self::Exported,
        Self::Reported,
        Self::Deleted,
        Self::Undeleted,
        Self::Archived,
        Self::Unarchived,
        Self::Removed,
        Self::Declined,
        Self::GivenUp,
        Self::DeletedSlot,
        Self::Imported,
        Self::ExportedPlayer,
        Self::ErasedPlayer,
    ];

    /// Its name in files and in what tools print: `deleted`, `exported_player`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Exported => "exported",
            Self::Reported => "reported",
            Self::Deleted => "deleted",
            Self::Undeleted => "undeleted",
            Self::Archived => "archived",
            Self::Unarchived => "unarchived",
            Self::Removed => "removed",
            Self::Declined => "declined",
            Self::GivenUp => "given_up",
            Self::DeletedSlot => "deleted_slot",
            Self::Imported => "imported",
            Self::ExportedPlayer => "exported_player",
            Self::ErasedPlayer => "erased_player",
            Self::Other => "other",
        }
    }

    /// The deed of a move; `None` if the session was there already.
    pub(crate) fn of_move(how: ShelfMove, moved: &ShelfMoved) -> Option<Self> {
        let is_same = match (moved.from, moved.to) {
            (ShelfPlace::Trash { .. }, ShelfPlace::Trash { .. }) => true,
            (from, to) => from == to && moved.bytes == moved.bytes_before,
        };
        (!is_same).then_some(match how {
            ShelfMove::Delete => Self::Deleted,
            ShelfMove::Undelete => Self::Undeleted,
            ShelfMove::Archive(_) => Self::Archived,
            ShelfMove::Unarchive => Self::Unarchived,
        })
    }
}

impl From<AuditDeed> for &'static str {
    fn from(deed: AuditDeed) -> Self {
        deed.name()
    }
}

impl From<String> for AuditDeed {
    fn from(name: String) -> Self {
        Self::NAMED.into_iter().find(|deed| deed.name() == name).unwrap_or(Self::Other)
    }
}

impl AuditEntry {
    /// One that says no more than this.
    pub(crate) fn new(
        at: Timestamp,
        who: AuditActor,
        what: AuditDeed,
        session: Option<SessionId>,
    ) -> Self {
        Self { at, who, what, session, files: 0, bytes: 0, work: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_of_a_later_version_is_another_one() {
        for deed in AuditDeed::NAMED {
            let bytes = rmp_serde::to_vec_named(&deed).unwrap();
            assert_eq!(rmp_serde::from_slice::<AuditDeed>(&bytes).unwrap(), deed);
        }
        let bytes = rmp_serde::to_vec_named("teleported").unwrap();
        assert_eq!(rmp_serde::from_slice::<AuditDeed>(&bytes).unwrap(), AuditDeed::Other);
    }
}
