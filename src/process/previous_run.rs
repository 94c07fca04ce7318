//! How the process before this one ended.

use bevy::prelude::*;
use jiff::Timestamp;

use super::{HowItEnded, how_it_ended, time_of_death};
use crate::journal::SessionId;
use crate::store::ProcessRecord;

/// How the last process of this game on this machine ended. There from the first frame on, even if
/// no session was played; absent if this is the first process.
#[derive(Resource, Clone, PartialEq, Debug)]
pub struct PreviousRun {
    /// How it ended.
    pub ended: HowItEnded,
    /// When it is known to have lived last.
    pub died_at: Timestamp,
    /// When it was started.
    pub started_at: Timestamp,
    /// The game's version then.
    pub game_version: String,
    /// The session that it was playing, if it was.
    pub session: Option<SessionId>,
}

impl PreviousRun {
    /// What the record of a dead process tells.
    pub(crate) fn told_by(record: &ProcessRecord, boot_now: &str) -> Self {
        Self {
            ended: how_it_ended(record, boot_now),
            died_at: time_of_death(record),
            started_at: record.started,
            game_version: record.app_version.clone(),
            session: record.runs.last().map(|held| held.session),
        }
    }
}
