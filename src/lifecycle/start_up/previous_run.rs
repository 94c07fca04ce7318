//! How the process before this one ended.

use bevy::prelude::*;
use bevy_session_journal::{CheckpointId, HowItEnded, LastRun, SessionId};
use jiff::Timestamp;

use crate::checkpoints::{StandingAlert, SurvivedFailure};

/// How the last process of this game on this machine ended. There from the first frame on, even if
/// no session was played; absent if this is the first process.
/// [`Report::of_last_run`](crate::reports::Report::of_last_run) writes it down for a player to send.
#[derive(Resource, Clone, PartialEq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug))]
pub struct PreviousRun {
    /// How it ended.
    pub ended: HowItEnded,
    /// When it is known to have lived last.
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    pub died_at: Timestamp,
    /// When it was started.
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    pub started_at: Timestamp,
    /// The game's version then.
    pub game_version: String,
    /// The session that it was playing, if it was.
    pub session: Option<SessionId>,
    /// The newest checkpoint of it that was saved, as far as the process lived to write that down.
    pub last_checkpoint: Option<CheckpointId>,
    /// The alerts that stood when it was known to have lived last, as
    /// [`StandingAlerts`](crate::monitoring::StandingAlerts) had them.
    pub alerts: Vec<StandingAlert>,
    /// The newest failure of the game's own code with which it had gone on, since its error handler decided so.
    pub failure: Option<SurvivedFailure>,
}

impl From<LastRun> for PreviousRun {
    fn from(last: LastRun) -> Self {
        let LastRun {
            ended,
            died_at,
            started_at,
            game_version,
            session,
            last_checkpoint,
            alerts,
            failure,
        } = last;
        Self { ended, died_at, started_at, game_version, session, last_checkpoint, alerts, failure }
    }
}

impl From<PreviousRun> for LastRun {
    fn from(previous: PreviousRun) -> Self {
        let PreviousRun {
            ended,
            died_at,
            started_at,
            game_version,
            session,
            last_checkpoint,
            alerts,
            failure,
        } = previous;
        Self { ended, died_at, started_at, game_version, session, last_checkpoint, alerts, failure }
    }
}
