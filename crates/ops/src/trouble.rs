//! What is wrong right now, as far as the plugin has said so.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::SessionId;
use bevy_session::checkpoints::StopReason;

/// What is wrong right now, as far as the plugin has said so.
#[derive(Resource, Default)]
pub(super) struct Trouble {
    /// Why nothing is saved.
    pub stopped: Option<StopReason>,
    pub writer_is_gone: bool,
    /// When a request was rejected last since another process plays the session.
    pub refused_at: Option<Duration>,
    /// Sessions of which nothing can be restored.
    pub lost: Vec<SessionId>,
}
