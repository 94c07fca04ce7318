//! What a cleanup comes to.

use super::{LeaveCause, ShelfPlace};
use crate::model::ids::SessionId;

/// What a cleanup came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct CleanedUp {
    /// Each session that isn't any more what it was, in the order in which that was done.
    pub sessions: Vec<CleanedSession>,
    /// Sessions with which something was to be done, and which another process plays, or which can't be changed. The
    /// next cleanup finds them again.
    pub refused: usize,
    /// Files of processes that died, and files that were never finished, which are gone.
    pub leftovers: usize,
    /// Bytes that sessions take less than before.
    pub freed: u64,
}

/// A session that a cleanup has changed or removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct CleanedSession {
    /// The session.
    pub session: SessionId,
    /// What became of it.
    pub became: CleanedTo,
    /// Why.
    pub why: CleanupReason,
}

/// What becomes of a session in a cleanup.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum CleanedTo {
    /// It was archived.
    Archived,
    /// It was put into the trash.
    Trashed,
    /// It is gone for good.
    Removed,
    /// It ended as failed.
    Failed,
}

/// Why a cleanup does something with a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum CleanupReason {
    /// No rule of retention keeps it.
    Retention,
    /// It has ended, and sessions that have ended are archived.
    Ended,
    /// It has been in the trash for longer than things stay there.
    Trash,
    /// It crashed, and waited for an answer for longer than the game wants.
    Unanswered,
    /// It crashed, nothing that was restored of it could be played, and nobody has answered since.
    NotRecoverable,
}

impl CleanedUp {
    /// How many sessions became this.
    #[must_use]
    pub fn count(&self, became: CleanedTo) -> usize {
        self.sessions.iter().filter(|session| session.became == became).count()
    }

    /// Whether something was done with a session.
    pub(crate) fn has(&self, session: SessionId) -> bool {
        self.sessions.iter().any(|cleaned| cleaned.session == session)
    }

    pub(crate) fn add(&mut self, session: SessionId, became: CleanedTo, why: CleanupReason) {
        self.sessions.push(CleanedSession { session, became, why });
    }
}

impl CleanedTo {
    /// What a move into this place comes to; `None` if nothing is cleaned by it.
    pub(crate) fn of_place(place: ShelfPlace) -> Option<Self> {
        match place {
            ShelfPlace::Archive { .. } => Some(Self::Archived),
            ShelfPlace::Trash { .. } => Some(Self::Trashed),
            ShelfPlace::Open => None,
        }
    }
}

impl CleanupReason {
    /// The reason for which a crash is given up, as its end says.
    pub(crate) fn of_cause(cause: LeaveCause) -> Self {
        match cause {
            LeaveCause::RecoveryFailed => Self::NotRecoverable,
            _ => Self::Unanswered,
        }
    }
}
