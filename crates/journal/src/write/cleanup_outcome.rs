//! The outcome of a cleanup.

use super::retention::RetentionReason;
use crate::model::ids::SessionId;
use crate::model::session::{LeaveCause, RequestError, ShelfPlace};

/// The outcome of a cleanup.
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct CleanupOutcome {
    /// Each session that was changed or removed, in that order.
    pub sessions: Vec<CleanedSession>,
    /// The sessions that were to be changed, and couldn't: another process plays them, say. The next cleanup finds them
    /// again.
    pub refused: Vec<(SessionId, RequestError)>,
    /// The number of files that were removed, of processes that died or that were never finished.
    pub leftovers: usize,
    /// Bytes that the sessions take less than before, here: what was moved to the place of archives counts.
    pub freed: u64,
    /// False if sessions couldn't be looked at, if the disk refused so many changes that the others weren't tried, or if
    /// the profile was changed meanwhile. The next cleanup continues.
    pub is_complete: bool,
}

/// A session that a cleanup has changed or removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
#[non_exhaustive]
pub struct CleanedSession {
    /// The session.
    pub session: SessionId,
    /// The change.
    pub change: CleanupChange,
    /// The reason for it.
    pub reason: CleanupReason,
}

/// The change that a cleanup makes to a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum CleanupChange {
    /// It was archived.
    Archived,
    /// Its files were moved to the place of archives.
    MovedOut,
    /// It was put into the trash.
    Trashed,
    /// It is gone for good.
    Removed,
    /// Its crash was given up: it ended as failed.
    GivenUp,
}

/// The reason for which a cleanup changes a session.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum CleanupReason {
    /// No rule of retention keeps it.
    Retention(RetentionReason),
    /// It has ended, and sessions that have ended are archived.
    Ended,
    /// It is archived, and archives have a place of their own.
    PlaceOfArchives,
    /// It has been in the trash for longer than sessions stay there.
    Trash,
    /// It was an erased player's, and was left or brought back.
    Erased,
    /// It crashed, and waited for an answer for longer than the game wants.
    Unanswered,
    /// It crashed, the game died on everything that was restored of it, and nobody has answered since.
    NotRecoverable,
}

/// Nothing was to be done.
impl Default for CleanupOutcome {
    fn default() -> Self {
        let (sessions, refused) = (Vec::new(), Vec::new());
        Self { sessions, refused, leftovers: 0, freed: 0, is_complete: true }
    }
}

impl CleanupOutcome {
    /// The number of sessions that were changed in this way.
    #[must_use]
    pub fn count(&self, change: CleanupChange) -> usize {
        self.sessions.iter().filter(|session| session.change == change).count()
    }

    /// Returns true if a session was changed.
    pub(super) fn has(&self, session: SessionId) -> bool {
        self.sessions.iter().any(|cleaned| cleaned.session == session)
    }

    pub(super) fn add(&mut self, session: SessionId, change: CleanupChange, reason: CleanupReason) {
        self.sessions.push(CleanedSession { session, change, reason });
    }
}

impl CleanupChange {
    /// The change that a move into this place is; `None` if nothing is cleaned up by it.
    pub(super) fn of_place(place: ShelfPlace) -> Option<Self> {
        match place {
            ShelfPlace::Archive { .. } => Some(Self::Archived),
            ShelfPlace::Trash { .. } => Some(Self::Trashed),
            ShelfPlace::Open => None,
        }
    }
}

impl CleanupReason {
    /// The reason for which a crash is given up, as its end says.
    pub(super) fn of_cause(cause: LeaveCause) -> Self {
        match cause {
            LeaveCause::RecoveryFailed => Self::NotRecoverable,
            _ => Self::Unanswered,
        }
    }
}
