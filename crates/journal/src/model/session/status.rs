//! Statuses, and the one table of legal moves between them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The status of a session, by its journal.
///
/// *Crashed* is not among them: it is derived from a run that has no end and that no process holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum SessionStatus {
    /// A process plays it.
    Active,
    /// Being played, but standing still: play time and autosaves wait.
    Paused,
    /// Left cleanly. It can be continued.
    Closed,
    /// Ended: the player reached its goal.
    Completed,
    /// Ended: the player gave it up.
    Abandoned,
    /// Ended: the player lost, or the game could not continue.
    Failed,
}

impl SessionStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Active, Self::Paused, Self::Closed, Self::Completed, Self::Abandoned, Self::Failed];

    /// Returns true if a process holds the session in this status: it is played or paused.
    #[must_use]
    pub fn is_running(self) -> bool {
        matches!(self, Self::Active | Self::Paused)
    }

    /// Returns true if the session is over and can't be continued.
    #[must_use]
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Completed | Self::Abandoned | Self::Failed)
    }

    /// Returns the status after `step`.
    ///
    /// ```
    /// use bevy_session_journal::{Move, SessionStatus};
    ///
    /// assert_eq!(SessionStatus::Active.after(Move::Pause), Ok(SessionStatus::Paused));
    /// assert!(SessionStatus::Completed.after(Move::Continue).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`IllegalMove`] if the table of legal moves has no such step.
    pub fn after(self, step: Move) -> Result<Self, IllegalMove> {
        use SessionStatus::{Active, Closed, Paused};
        match (self, step) {
            (Active, Move::Pause) => Ok(Paused),
            // Recovering also goes back to an earlier checkpoint of a session that was closed.
            (Paused, Move::Resume)
            | (Closed, Move::Continue)
            | (Active | Paused | Closed, Move::Recover) => Ok(Active),
            (Active | Paused, Move::Close) => Ok(Closed),
            (Active | Paused, Move::End(reason)) => Ok(reason.status()),
            (from, step) => Err(IllegalMove { from, step }),
        }
    }
}

/// A step between statuses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
pub enum Move {
    /// Stand still.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Leave, to be continued.
    Close,
    /// Finish for good.
    End(EndReason),
    /// Take up a session that was closed.
    Continue,
    /// Take up a session whose run has no end, or go back in one that was closed.
    Recover,
}

/// The reason for which a session ended for good.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq, Hash))]
#[non_exhaustive]
pub enum EndReason {
    /// The player reached the goal.
    Completed,
    /// The player gave it up.
    Abandoned,
    /// The player lost, or the game could not continue.
    Failed,
}

impl EndReason {
    /// The status that a session has after ending for this reason.
    #[must_use]
    pub fn status(self) -> SessionStatus {
        match self {
            Self::Completed => SessionStatus::Completed,
            Self::Abandoned => SessionStatus::Abandoned,
            Self::Failed => SessionStatus::Failed,
        }
    }
}

/// A step that the table of legal moves doesn't have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "bevy_reflect", derive(bevy_reflect::Reflect), type_path = "bevy_session")]
#[cfg_attr(feature = "bevy_reflect", reflect(Clone, Debug, PartialEq))]
pub struct IllegalMove {
    /// The status in which the step isn't allowed.
    pub from: SessionStatus,
    /// The step that was asked for.
    pub step: Move,
}

impl fmt::Display for IllegalMove {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a session that is {:?} can't take the step {:?}", self.from, self.step)
    }
}

impl std::error::Error for IllegalMove {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_session_refuses_every_move() {
        let steps = [
            Move::Pause,
            Move::Resume,
            Move::Close,
            Move::End(EndReason::Failed),
            Move::Continue,
            Move::Recover,
        ];
        for status in SessionStatus::ALL.into_iter().filter(|status| status.has_ended()) {
            for step in steps {
                assert_eq!(status.after(step), Err(IllegalMove { from: status, step }));
            }
        }
    }

    #[test]
    fn pausing_twice_is_illegal() {
        assert_eq!(SessionStatus::Active.after(Move::Pause), Ok(SessionStatus::Paused));
        assert!(SessionStatus::Paused.after(Move::Pause).is_err());
        assert!(SessionStatus::Active.after(Move::Resume).is_err());
    }

    #[test]
    fn only_a_closed_session_is_continued() {
        for status in SessionStatus::ALL {
            assert_eq!(status.after(Move::Continue).is_ok(), status == SessionStatus::Closed);
        }
    }
}
