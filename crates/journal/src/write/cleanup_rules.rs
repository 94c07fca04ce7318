//! The rules of a cleanup that the game set beside the [`Quota`](super::Quota).

use std::collections::BTreeSet;

use super::retention::Retention;
use crate::model::ids::SessionId;
use crate::model::session::Archived;

/// The rules that a cleanup follows for sessions, as they were when it was ordered.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CleanupRules {
    /// The sessions that are kept.
    pub retention: Option<Retention>,
    /// The part that is archived of sessions that have ended.
    pub archive_ended: Option<Archived>,
    /// Sessions that have ended and aren't archived: their last checkpoints aren't on the disk.
    pub incomplete: BTreeSet<SessionId>,
    /// Crashed sessions that the player is being asked about. They aren't given up.
    pub offered: BTreeSet<SessionId>,
}

impl CleanupRules {
    /// Returns true if there is a rule.
    pub(super) fn say_anything(&self) -> bool {
        self.retention.is_some() || self.archive_ended.is_some()
    }
}
