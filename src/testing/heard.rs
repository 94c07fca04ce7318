//! Reports to the game under test.

use bevy::prelude::*;
use bevy_session_journal::{CheckpointKind, RecoveryError, RequestError};

use super::recover_error::RecoverError;
use crate::recovery::{RestoreCancelled, RestoreStalled};
use crate::{CheckpointCaptured, RecoveryFailed, RequestRejected, SessionRestored};

/// Reports to the game under test since they were last taken.
#[derive(Resource, Default)]
pub(super) struct Heard {
    pub restored: Option<SessionRestored>,
    /// The gate that a restore waits for.
    pub stalled_at: Option<String>,
    pub cancelled: bool,
    /// True if a checkpoint that was asked for was captured.
    pub captured: bool,
    pub rejected: Option<RequestError>,
    pub failed: Option<RecoveryError>,
}

impl Heard {
    /// Listens in an app from now on.
    pub(super) fn listen(app: &mut App) {
        app.init_resource::<Self>()
            .add_observer(|event: On<SessionRestored>, mut heard: ResMut<Self>| {
                heard.restored = Some(event.event().clone());
            })
            .add_observer(|event: On<RestoreStalled>, mut heard: ResMut<Self>| {
                heard.stalled_at = Some(event.gate.clone());
            })
            .add_observer(|_: On<RestoreCancelled>, mut heard: ResMut<Self>| {
                heard.cancelled = true;
            })
            .add_observer(|event: On<CheckpointCaptured>, mut heard: ResMut<Self>| {
                heard.captured |= event.kind == CheckpointKind::Manual;
            })
            .add_observer(|event: On<RequestRejected>, mut heard: ResMut<Self>| {
                heard.rejected = Some(event.error.clone());
            })
            .add_observer(|event: On<RecoveryFailed>, mut heard: ResMut<Self>| {
                heard.failed = Some(event.error.clone());
            });
    }

    /// Forgets answers to earlier requests.
    pub(super) fn forget_answers(&mut self) {
        self.stalled_at = None;
        self.cancelled = false;
        self.captured = false;
        self.rejected = None;
        self.failed = None;
    }

    /// The outcome of a restore, once it is known.
    pub(super) fn take_answer(&mut self) -> Option<Result<SessionRestored, RecoverError>> {
        if let Some(restored) = self.restored.take() {
            return Some(Ok(restored));
        }
        if std::mem::take(&mut self.cancelled) {
            return Some(Err(RecoverError::Cancelled));
        }
        if let Some(error) = self.rejected.take() {
            return Some(Err(RecoverError::Rejected(error)));
        }
        self.failed.take().map(|error| Err(RecoverError::Unrecoverable(error)))
    }
}
