//! The room that a run has on the disk.

use std::time::Duration;

use crate::model::session::FailureCause;
use crate::write::reserve::Reserve;
use crate::write::retention::Quota;

/// The room that a run has, and what is done where it isn't enough.
pub(in crate::write) struct Room {
    pub quota: Quota,
    pub reserve: Reserve,
    /// The error of a checkpoint that found no room, until one does. The room that there is belongs to checkpoints
    /// then.
    pub short_of: Option<FailureCause>,
    /// True if all history went that may, and no checkpoint was written since.
    pub is_without_history: bool,
}

impl Room {
    pub(super) fn new(quota: Quota, now: Duration) -> Self {
        Self { quota, reserve: Reserve::new(now), short_of: None, is_without_history: false }
    }

    /// A checkpoint found room.
    pub(super) fn found(&mut self) {
        self.short_of = None;
        self.is_without_history = false;
    }
}
