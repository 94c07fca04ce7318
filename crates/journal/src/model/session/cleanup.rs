//! The outcome of a cleanup.

use super::{LeaveCause, ShelfPlace};
use crate::model::ids::SessionId;

/// The outcome of a cleanup.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct CleanedUp {
    /// Each session that was changed or removed, in that order.
    pub sessions: Vec<CleanedSession>,
    /// The number of sessions that were to be changed, and couldn't: another process plays them, say. The next cleanup
    /// finds them again.
    pub refused: usize,
    /// The number of files that were removed, of processes that died or that were never finished.
    pub leftovers: usize,
    /// Bytes that the sessions take less than before.
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
    /// Its place or status now.
    pub became: CleanedTo,
    /// The reason.
    pub why: CleanupReason,
}

/// The change that a cleanup makes to a session.
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

/// The reason for which a cleanup changes a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum CleanupReason {
    /// No rule of retention keeps it.
    Retention,
    /// It has ended, and sessions that have ended are archived.
    Ended,
    /// It has been in the trash for longer than sessions stay there.
    Trash,
    /// It crashed, and waited for an answer for longer than the game wants.
    Unanswered,
    /// It crashed, the game died on everything that was restored of it, and nobody has answered since.
    NotRecoverable,
}

impl CleanedUp {
    /// The number of sessions that were changed in this way.
    #[must_use]
    pub fn count(&self, became: CleanedTo) -> usize {
        self.sessions.iter().filter(|session| session.became == became).count()
    }

    /// Returns true if a session was changed.
    pub(crate) fn has(&self, session: SessionId) -> bool {
        self.sessions.iter().any(|cleaned| cleaned.session == session)
    }

    pub(crate) fn add(&mut self, session: SessionId, became: CleanedTo, why: CleanupReason) {
        self.sessions.push(CleanedSession { session, became, why });
    }
}

impl CleanedTo {
    /// The change that a move into this place is; `None` if nothing is cleaned up by it.
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
