//! The rules of a cleanup that the game set beside the [`Quota`](super::Quota).

use super::retention::Retention;
use crate::model::session::Archived;

/// The rules that a cleanup follows for sessions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CleanupRules {
    /// The sessions that are kept.
    pub retention: Option<Retention>,
    /// The part that is archived of sessions that have ended.
    pub archive_ended: Option<Archived>,
}
