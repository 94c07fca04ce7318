//! The section `alerts` of an operator's policy file.
//!
//! Each alert is checked where it is read, so that an error has its line and column.

use bevy::prelude::*;
use bevy_session::monitoring::SessionOperation;
use bevy_session::monitoring::policies::{PolicyBytes, PolicySection, PolicyTime};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::alert::{Alert, AlertError, Rule};
use super::alerting::SessionAlerts;
use super::response::AlertResponse;

#[derive(Deserialize)]
#[serde(try_from = "Vec<CheckedAlert>")]
pub(super) struct AlertsSection(Vec<CheckedAlert>);

/// An alert that makes sense.
#[derive(Deserialize)]
#[serde(try_from = "WrittenAlert")]
struct CheckedAlert {
    alert: Alert,
    rule: Rule,
}

#[derive(Deserialize)]
#[serde(rename = "alert", deny_unknown_fields)]
struct WrittenAlert {
    when: When,
    over: Option<PolicyTime>,
    at_least: Option<u64>,
    #[serde(default)]
    then: Vec<Response>,
}

/// The constructors of [`Alert`], by their names.
#[derive(Deserialize)]
#[serde(rename = "when", rename_all = "snake_case")]
enum When {
    ErrorsAbove(f64),
    ErrorsOfAbove(Operation, f64),
    P95Above(Operation, PolicyTime),
    IndexHitsBelow(f64),
    StaleLocksAbove(u64),
    DiskLeftBelow(PolicyBytes),
    CheckpointAgeAbove(PolicyTime),
    CrashesAbove(f64),
    MemoryAbove(PolicyBytes),
    SessionBytesAbove(PolicyBytes),
    PlayTimeAbove(PolicyTime),
    EntitiesAbove(u64),
    DeathsAbove(u64),
    ReplicaLagAbove(PolicyTime),
}

/// Responses, by the names of [`AlertResponse`].
#[derive(Deserialize)]
#[serde(rename = "then", rename_all = "snake_case")]
enum Response {
    Stretch(f32),
    ThinHistory(PolicyBytes),
    LimitCaptures(PolicyTime),
    RefuseSessions,
    CloseSession,
}

/// An operation, by its name in metrics.
struct Operation(SessionOperation);

impl PolicySection for AlertsSection {
    const NAME: &'static str = "alerts";

    fn apply(self, world: &mut World) {
        let mut alerts = world.get_resource_or_init::<SessionAlerts>();
        for CheckedAlert { alert, rule } in self.0 {
            alerts.put(alert, rule);
        }
    }
}

impl TryFrom<Vec<CheckedAlert>> for AlertsSection {
    type Error = String;

    fn try_from(alerts: Vec<CheckedAlert>) -> Result<Self, String> {
        let measures: Vec<_> = alerts.iter().map(|it| it.alert.measure()).collect();
        for (place, measure) in measures.iter().enumerate() {
            if measures.iter().take(place).any(|earlier| earlier == measure) {
                return Err(format!("two alerts watch the same figure, {measure:?}"));
            }
        }
        Ok(Self(alerts))
    }
}

impl TryFrom<WrittenAlert> for CheckedAlert {
    type Error = AlertError;

    fn try_from(written: WrittenAlert) -> Result<Self, AlertError> {
        let mut alert = Alert::from(written.when);
        if let Some(over) = written.over {
            alert = alert.over(over.0);
        }
        if let Some(samples) = written.at_least {
            alert = alert.at_least(samples);
        }
        for response in written.then {
            alert = alert.then(response.into());
        }
        let rule = alert.check()?;
        Ok(Self { alert, rule })
    }
}

impl From<When> for Alert {
    fn from(when: When) -> Self {
        match when {
            When::ErrorsAbove(share) => Self::errors_above(share),
            When::ErrorsOfAbove(operation, share) => Self::errors_of_above(operation.0, share),
            When::P95Above(operation, time) => Self::p95_above(operation.0, time.0),
            When::IndexHitsBelow(share) => Self::index_hits_below(share),
            When::StaleLocksAbove(locks) => Self::stale_locks_above(locks),
            When::DiskLeftBelow(bytes) => Self::disk_left_below(bytes.0),
            When::CheckpointAgeAbove(time) => Self::checkpoint_age_above(time.0),
            When::CrashesAbove(share) => Self::crashes_above(share),
            When::MemoryAbove(bytes) => Self::memory_above(bytes.0),
            When::SessionBytesAbove(bytes) => Self::session_bytes_above(bytes.0),
            When::PlayTimeAbove(time) => Self::play_time_above(time.0),
            When::EntitiesAbove(entities) => Self::entities_above(entities),
            When::DeathsAbove(deaths) => Self::deaths_above(deaths),
            When::ReplicaLagAbove(time) => Self::replica_lag_above(time.0),
        }
    }
}

impl From<Response> for AlertResponse {
    fn from(response: Response) -> Self {
        match response {
            Response::Stretch(times) => Self::Stretch(times),
            Response::ThinHistory(bytes) => Self::ThinHistory(bytes.0),
            Response::LimitCaptures(time) => Self::LimitCaptures(time.0),
            Response::RefuseSessions => Self::RefuseSessions,
            Response::CloseSession => Self::CloseSession,
        }
    }
}

impl<'de> Deserialize<'de> for Operation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let all = SessionOperation::ALL;
        let found = all.iter().find(|operation| operation.name() == name);
        found.copied().map(Self).ok_or_else(|| {
            let known: Vec<&str> = all.iter().map(|operation| operation.name()).collect();
            Error::custom(format!("there is no operation {name:?}; known are {}", known.join(", ")))
        })
    }
}
