//! The receipt of a player's erasure.

use std::fmt;

use super::RequestError;
use crate::model::ids::SessionId;

/// The receipt of a player's erasure: the numbers of what was removed, and what remains.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct ErasureReceipt {
    /// Sessions that were removed, those in the trash and the archive included.
    pub sessions: usize,
    /// Files of slots that were removed.
    pub slots: usize,
    /// All files that were removed: of sessions, slots, and this machine's state.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// The data that may be the player's and remains, each with the reason.
    pub remaining: Vec<Remaining>,
}

impl ErasureReceipt {
    /// Returns true if nothing waits to be removed later. Data may remain all the same that an erasure doesn't remove.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        !self.remaining.iter().any(Remaining::waits)
    }

    /// Returns true if nothing waits to be removed later on this machine. A replica may still have something.
    #[must_use]
    pub fn is_complete_here(&self) -> bool {
        let is_here = |it: &&Remaining| !matches!(it, Remaining::Replicated { .. });
        !self.remaining.iter().filter(is_here).any(Remaining::waits)
    }
}

/// Data that remains after a player was erased, and the reason. Its text is a sentence for people.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub enum Remaining {
    /// A session of the player that is played. The first cleanup after that removes it.
    InUse {
        /// The session.
        session: SessionId,
    },
    /// A session of the player that the disk refuses to remove. The next cleanup tries again.
    Refused {
        /// The session.
        session: SessionId,
        /// The error.
        error: RequestError,
    },
    /// A session whose files are at a place of archives that can't be reached, so that nobody can say whose it is. Once it
    /// can, the next cleanup looks, and removes it if it is the player's.
    Away {
        /// The session.
        session: SessionId,
    },
    /// Slots of the player that can't be removed now. The next cleanup tries again.
    SlotsRefused {
        /// The error.
        error: RequestError,
    },
    /// Files of this machine's state that can't be removed now, such as the index of sessions. The next cleanup tries
    /// again.
    StateRefused {
        /// The error.
        error: RequestError,
    },
    /// A file in the folder of a file cloud that can't be removed now, or that folder can't be read. The next cleanup tries
    /// again.
    CloudRefused {
        /// The error.
        error: RequestError,
    },
    /// A session that was continued in two places, of which one is another player's. It stays as a whole, as do slots
    /// that name no player and were made of it: its older files are part of both lines.
    Forked {
        /// The session.
        session: SessionId,
    },
    /// A session that was the player's before it became another's. Its older files name the player until they are pruned.
    Former {
        /// The session.
        session: SessionId,
    },
    /// A file that can't be read, so that nobody can say whose it is.
    Unreadable {
        /// The file, in words for people.
        file: String,
    },
    /// A session that this machine has sent to a replica. It is removed there as soon as the replica answers and no other machine
    /// owns it.
    Replicated {
        /// The session.
        session: SessionId,
    },
    /// Log files, which have lines of all sessions that a process played. The oldest go when new ones are begun.
    Logs {
        /// Their number.
        files: usize,
    },
    /// Records of processes with texts of panics or failures, and their last lines. They go once the sessions that the
    /// process held are played or removed.
    ProcessRecords {
        /// Their number.
        files: usize,
    },
    /// What an erasure never looks into: other players' sessions and slots that mention the player, other profiles and
    /// machines, sessions that only a replica has, and exports, reports and copies that were written to other places.
    Elsewhere,
}

impl Remaining {
    /// Returns true if it is removed later without a further request.
    #[must_use]
    pub fn waits(&self) -> bool {
        matches!(
            self,
            Self::InUse { .. }
                | Self::Refused { .. }
                | Self::Away { .. }
                | Self::SlotsRefused { .. }
                | Self::StateRefused { .. }
                | Self::CloudRefused { .. }
                | Self::Replicated { .. }
        )
    }
}

impl fmt::Display for Remaining {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse { session } => {
                write!(formatter, "session {session} is being played, and the first cleanup after that removes it")
            }
            Self::Refused { session, error } => {
                write!(formatter, "session {session} can't be removed now, and the next cleanup tries again: {error}")
            }
            Self::Away { session } => {
                write!(formatter, "session {session} is on a drive that isn't connected, and is checked once it is")
            }
            Self::SlotsRefused { error } => {
                write!(formatter, "slots can't be removed now, and the next cleanup tries again: {error}")
            }
            Self::StateRefused { error } => {
                write!(formatter, "files of this machine's state can't be removed now, and the next cleanup tries again: {error}")
            }
            Self::CloudRefused { error } => {
                write!(formatter, "a file of the file cloud's folder can't be removed now, and the next cleanup tries again: {error}")
            }
            Self::Forked { session } => {
                write!(formatter, "session {session} was continued in two places, one of which is another player's")
            }
            Self::Former { session } => {
                write!(formatter, "session {session} is another player's now, and its older files name this one")
            }
            Self::Unreadable { file } => write!(formatter, "{file}: it can't be read"),
            Self::Replicated { session } => {
                write!(formatter, "session {session} is in a replica, and is removed from it once it answers and no other machine owns the session")
            }
            Self::Logs { files } => {
                write!(formatter, "{files} log files have lines of all sessions; the oldest go when new ones begin")
            }
            Self::ProcessRecords { files } => {
                write!(formatter, "{files} records of processes have texts of panics or last lines")
            }
            Self::Elsewhere => formatter.write_str(
                "other players' sessions and slots, other profiles and machines, sessions that only a replica has, and \
                 files that were written to other places aren't looked into",
            ),
        }
    }
}
