//! Changes of objectives, as they are recorded.

use std::time::Duration;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::key::ObjectiveKey;
use super::progress::Blocker;

/// A change of an objective, as the session's log of events has it.
///
/// This is the one form in which objectives change: it is [recorded](bevy_session::events::RecordingExt) in the order in
/// which it happened, and handed out after a crash, so that what came after the newest checkpoint isn't forgotten.
/// To act on it in a game, observe [`ObjectiveCompleted`](crate::ObjectiveCompleted) and its like, which come of
/// it exactly once on a line. Read it to look at a log:
///
/// ```
/// use bevy_session::SessionId;
/// use bevy_session::events::{EventPage, EventQuery};
/// use bevy_session_play::{ObjectiveChange, ObjectiveStep};
///
/// fn query(session: SessionId) -> EventQuery {
///     EventQuery { types: vec![ObjectiveChange::TYPE_PATH.to_owned()], ..EventQuery::of(session) }
/// }
///
/// fn completions(page: &EventPage) -> usize {
///     let changes = page.events.iter().filter_map(|event| event.decode::<ObjectiveChange>().ok());
///     changes.filter(|change| change.step == ObjectiveStep::Completed).count()
/// }
/// # assert_eq!(completions(&EventPage::default()), 0);
/// # query(SessionId::random());
/// ```
#[derive(Message, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
#[type_path = "bevy_session_play"]
pub struct ObjectiveChange {
    /// The objective.
    pub key: ObjectiveKey,
    /// When, in play time of the session.
    pub at: Duration,
    /// The change itself.
    pub step: ObjectiveStep,
}

/// A kind of change to an objective.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ObjectiveStep {
    /// It was done once more, or several times.
    Advanced {
        /// The number of times that it is done by now.
        done: u32,
        /// The number of times that it is to be done.
        count: u32,
    },
    /// It was completed.
    Completed,
    /// It was failed.
    Failed,
    /// It was closed, and is open again.
    Reopened,
    /// It was blocked.
    Blocked(Blocker),
    /// A blocker was resolved.
    Resolved {
        /// The [`what`](crate::Blocker::what) of the blocker.
        what: String,
    },
}

impl ObjectiveStep {
    /// Its name in logs.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Advanced { .. } => "advanced",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Reopened => "reopened",
            Self::Blocked(_) => "blocked",
            Self::Resolved { .. } => "resolved",
        }
    }
}

impl ObjectiveChange {
    /// The name of this type in the log.
    pub const TYPE_PATH: &str = "bevy_session_play::ObjectiveChange";
}

#[cfg(test)]
mod tests {
    use bevy::reflect::TypePath;

    use super::*;

    #[test]
    fn its_type_path_is_the_promised_one() {
        assert_eq!(<ObjectiveChange as TypePath>::type_path(), ObjectiveChange::TYPE_PATH);
    }
}
