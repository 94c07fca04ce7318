//! Notifications while a session is followed.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session_journal::{CheckpointId, FailureCause, SessionId, SessionStatus};

use crate::restore::RestoreReport;

/// The world is as a checkpoint says that another process has taken. Entities that stayed and have changed are named by
/// [`RestoredInPlace`](crate::recovery::RestoredInPlace) before.
///
/// It isn't sent for each checkpoint: what was taken while another was put into the world is skipped for the newest.
#[derive(Event, Message, Clone, Debug)]
#[non_exhaustive]
pub struct Followed {
    /// The session.
    pub session: SessionId,
    /// The checkpoint.
    pub checkpoint: CheckpointId,
    /// The age of the checkpoint, by the clocks of both machines: zero if those disagree.
    pub lag: Duration,
    /// The values that came back, and those that didn't.
    pub report: RestoreReport,
}

/// A followed session can't be read: its replica gives no answer, it isn't shared any more, or a checkpoint is damaged. The world
/// stays as it is. Each reason is said once, until a checkpoint is followed again.
#[derive(Event, Message, Clone, Debug)]
#[non_exhaustive]
pub struct FollowerStalled {
    /// The session.
    pub session: SessionId,
    /// Why.
    pub error: FailureCause,
    /// True if that is for good: what was shared has ended, or the session was removed. Nothing is read any more, and a game removes
    /// the [`SessionFollower`](super::SessionFollower), or inserts another one.
    pub is_over: bool,
}

/// The owner of a followed session has left it in good order. Its last checkpoint was followed before, and what another owner
/// plays is followed again.
#[derive(Event, Message, Clone, Debug)]
#[non_exhaustive]
pub struct FollowedLeft {
    /// The session.
    pub session: SessionId,
    /// The status in which it was left.
    pub status: SessionStatus,
}

pub(crate) fn register(app: &mut App) {
    app.add_message::<Followed>().add_message::<FollowerStalled>().add_message::<FollowedLeft>();
}
