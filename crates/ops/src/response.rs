//! Responses to an alert, for as long as it is raised.

use bevy::prelude::*;
use bevy_session::monitoring::Restraints;

use super::alerting::SessionAlerts;

/// A response to an alert for as long as it is raised, beside the warning. If several alerts are raised, the strictest
/// response of each kind counts.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum AlertResponse {
    /// The interval between automatic checkpoints is so many times longer. A number above 1. Checkpoints that the game or
    /// its player asks for are taken as ever.
    Stretch(f32),
    /// The history of the session that is played is thinned to so many bytes, as if
    /// [`StorageSettings::max_session_bytes`](bevy_session::library::StorageSettings::max_session_bytes) were no more than that; what
    /// must stay stays.
    ThinHistory(u64),
    /// No session is started: requests are rejected with
    /// [`RequestError::LimitReached`](bevy_session::RequestError::LimitReached). What there is can be continued, recovered and
    /// loaded, drafts included. If the alert is about the session that is played, that is so until it is left.
    RefuseSessions,
}

impl AlertResponse {
    pub(super) fn makes_sense(self) -> bool {
        match self {
            Self::Stretch(times) => times.is_finite() && times > 1.0,
            Self::ThinHistory(bytes) => bytes > 0,
            Self::RefuseSessions => true,
        }
    }
}

/// Does what alerts that are raised answer with.
pub(super) fn respond(alerts: Res<SessionAlerts>, mut restraints: ResMut<Restraints>) {
    let mut now = Restraints::default();
    for (alert, raised) in alerts.raised() {
        for response in alert.responses() {
            match *response {
                AlertResponse::Stretch(times) => now.stretch = now.stretch.max(times),
                AlertResponse::ThinHistory(bytes) => {
                    now.history_bytes = Some(now.history_bytes.unwrap_or(u64::MAX).min(bytes));
                }
                AlertResponse::RefuseSessions => {
                    now.refuses_sessions.get_or_insert_with(|| raised.what.clone());
                }
            }
        }
    }
    restraints.set_if_neq(now);
}
