//! The end of the previous process.

use bevy::prelude::*;
use bevy_session_journal::{CheckpointId, EarlierDeath, HowItEnded, LastRun, SessionId};
use jiff::Timestamp;

use crate::checkpoints::{StandingAlert, SurvivedFailure};

/// The previous process of this game on this machine, and how it ended. There from the first frame
/// on, even if no session was played; absent if this is the first process.
/// [`Report::of_last_run`](crate::reports::Report::of_last_run) writes it to a file for a player to
/// send.
#[derive(Resource, Clone, PartialEq, Debug)]
#[cfg_attr(feature = "reflect", derive(Reflect))]
#[cfg_attr(feature = "reflect", reflect(Resource, Clone, PartialEq, Debug))]
pub struct PreviousRun {
    /// Its end: clean, a crash, or another.
    pub ended: HowItEnded,
    /// The last time at which it is known to have been alive.
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    pub died_at: Timestamp,
    /// The time of its start.
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    pub started_at: Timestamp,
    /// The game's version at that time.
    pub game_version: String,
    /// The session that it was playing, if any.
    pub session: Option<SessionId>,
    /// That session's newest saved checkpoint, as far as the process recorded it before its end.
    pub last_checkpoint: Option<CheckpointId>,
    /// The alerts that were raised when it was last known to be alive, as in
    /// [`StandingAlerts`](crate::monitoring::StandingAlerts).
    pub alerts: Vec<StandingAlert>,
    /// The newest failure of the game's own code that its error handler let it survive.
    pub failure: Option<SurvivedFailure>,
    /// The processes of this game on this machine that died within 24 hours up to its end, the oldest
    /// first: it is the last of them, if it died. At most 64. A process that a phone ended in the background is
    /// none of them. Empty in development, where games are stopped all the time.
    #[cfg_attr(feature = "reflect", reflect(ignore))]
    pub recent_deaths: Vec<EarlierDeath>,
}

impl PreviousRun {
    /// The same, as it is in [development](crate::SessionPlugin::development) if this is.
    pub(crate) fn of(last: LastRun, is_development: bool) -> Self {
        let mut previous = Self::from(last);
        if is_development {
            previous.recent_deaths.clear();
        }
        previous
    }
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
            recent_deaths,
        } = last;
        Self {
            ended,
            died_at,
            started_at,
            game_version,
            session,
            last_checkpoint,
            alerts,
            failure,
            recent_deaths,
        }
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
            recent_deaths,
        } = previous;
        Self {
            ended,
            died_at,
            started_at,
            game_version,
            session,
            last_checkpoint,
            alerts,
            failure,
            recent_deaths,
        }
    }
}
