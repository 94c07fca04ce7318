//! Problems that exist right now, as far as the plugin has reported them.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::SessionId;
use bevy_session::checkpoints::StopReason;

/// Problems that exist right now, as far as the plugin has reported them.
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
