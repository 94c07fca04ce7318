//! Answers requests where sessions are switched off.

use bevy::prelude::*;
use tracing::warn;

use super::hooks::CheckpointTriggers;
use super::notifications::{RequestRejected, notify};
use super::request_queue::RequestQueue;
use crate::session::RequestError;

/// Stands in for [`Runtime`](super::Runtime) where sessions are switched off for this start.
#[derive(Resource)]
pub(crate) struct SwitchedOff;

impl SwitchedOff {
    /// Rejects what the game asked for; whether sessions are switched off at all.
    pub(super) fn answers_for(world: &mut World) -> bool {
        if !world.contains_resource::<Self>() {
            return false;
        }
        if let Some(mut triggers) = world.get_resource_mut::<CheckpointTriggers>() {
            triggers.bypass_change_detection().clear();
        }
        let queue = world.get_resource_mut::<RequestQueue>();
        let requests = queue.map(|mut queue| std::mem::take(&mut queue.0)).unwrap_or_default();
        for request in requests {
            let error = RequestError::SessionsAreOff;
            warn!(?request, %error, "request rejected");
            notify(world, RequestRejected { request, error });
        }
        true
    }
}
