//! The end of the process before this one.

use jiff::Timestamp;

use super::{HowItEnded, deaths_up_to, how_it_ended, recent_deaths, time_of_death};
use crate::disk::{EarlierDeath, ProcessRecord, StandingAlert, SurvivedFailure};
use crate::model::ids::{CheckpointId, SessionId};

/// The last process on this machine and its end, by its record.
#[derive(Clone, PartialEq, Debug)]
pub struct LastRun {
    /// Its end.
    pub ended: HowItEnded,
    /// The time at which it is known to have lived last.
    pub died_at: Timestamp,
    /// The time at which it was started.
    pub started_at: Timestamp,
    /// The game's version then.
    pub game_version: String,
    /// The session that it was playing, if it was.
    pub session: Option<SessionId>,
    /// The newest checkpoint of it that was saved, as far as the process lived to write that down.
    pub last_checkpoint: Option<CheckpointId>,
    /// The alerts that stood when it was known to have lived last.
    pub alerts: Vec<StandingAlert>,
    /// The newest failure of the game's own code that it had survived.
    pub failure: Option<SurvivedFailure>,
    /// The processes that died within the day before its own end, it among them if it died; the oldest first.
    pub recent_deaths: Vec<EarlierDeath>,
}

impl LastRun {
    /// Reads the record of a dead process.
    pub fn from_record(record: &ProcessRecord, boot_now: &str) -> Self {
        let held = record.runs.last();
        Self {
            ended: how_it_ended(record, boot_now),
            died_at: time_of_death(record),
            started_at: record.started,
            game_version: record.app_version.clone(),
            session: held.map(|held| held.session),
            last_checkpoint: held.and_then(|held| {
                Some(CheckpointId { run: held.run, counter: held.last_acknowledged? })
            }),
            alerts: record.alerts.clone(),
            failure: record.failure.clone(),
            recent_deaths: recent_deaths(deaths_up_to(record), time_of_death(record)),
        }
    }
}
