//! Requests for objectives, and the reasons for refusing them.

use super::key::ObjectiveKey;
use super::progress::Blocker;

/// A request for an objective.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ObjectiveRequest {
    /// To note that it was done so many times more.
    Advance(u32),
    /// To note that it was done so many times in all.
    Reach(u32),
    /// To complete it.
    Complete,
    /// To fail it.
    Fail,
    /// To open it again.
    Reopen,
    /// To put something in its way.
    Block(Blocker),
    /// To take something out of its way.
    Resolve {
        /// The [`what`](Blocker::what) of the blocker.
        what: String,
    },
}

impl ObjectiveRequest {
    /// Its name in logs.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Advance(_) => "advance",
            Self::Reach(_) => "reach",
            Self::Complete => "complete",
            Self::Fail => "fail",
            Self::Reopen => "reopen",
            Self::Block(_) => "block",
            Self::Resolve { .. } => "resolve",
        }
    }

    /// True if it needs an objective that is open and not locked.
    pub(super) fn is_progress(&self) -> bool {
        matches!(self, Self::Advance(_) | Self::Reach(_) | Self::Complete | Self::Fail)
    }
}

/// Why a request can't be done.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectiveRefusal {
    /// There is no such objective, or it is none that counts.
    #[error("there is no such objective")]
    UnknownKey,
    /// It is a group, which is closed and opened with what is in it.
    #[error("it is a group: change the objectives in it")]
    Group,
    /// It is locked.
    #[error("it is locked")]
    Locked {
        /// The objectives that it needs and that aren't completed.
        missing: Vec<ObjectiveKey>,
    },
    /// It is completed or failed.
    #[error("it is closed")]
    Closed,
    /// It is open, and was to be opened again.
    #[error("it is open")]
    Open,
    /// This is in its way already.
    #[error("it is blocked by that already")]
    AlreadyBlocked,
    /// This isn't in its way.
    #[error("it isn't blocked by that")]
    NotBlocked,
    /// No session is played.
    #[error("no session is played")]
    NoSession,
    /// The world in which it was asked for has been replaced by one that was restored.
    #[error("a restore has replaced the world in which it was asked for")]
    WorldReplaced,
}
