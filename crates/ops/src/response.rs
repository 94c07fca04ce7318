//! Responses to an alert.

use std::time::Duration;

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
    /// The [budget](bevy_session::checkpoints::CurrentPace::capture_budget) of a capture is this time at most. It bounds nothing by
    /// itself: [`CaptureOverBudget`](bevy_session::checkpoints::CaptureOverBudget) names the types that cost most, sooner.
    LimitCaptures(Duration),
    /// No session is started: requests are rejected with
    /// [`RequestError::LimitReached`](bevy_session::RequestError::LimitReached). What there is can be continued, recovered and
    /// loaded, drafts included. If the alert is about the session that is played, that is so until it is left.
    RefuseSessions,
    /// The session that is played when the alert is raised is closed with
    /// [`LeaveCause::Limit`](bevy_session::LeaveCause::Limit) and the sentence of the alert. Its last checkpoint is taken, and it can
    /// be continued. If the alert is about the session itself, that raises it again: a game that continues it by itself goes round
    /// and round. Where a [guard](bevy_session::SessionHooksExt::guard_session_requests) of the game refuses, it is asked again every 10 seconds while the
    /// alert is raised. Not for an alert about checkpoints that fail, or about the disk: what isn't on disk by then would be lost.
    CloseSession,
}

impl AlertResponse {
    pub(super) fn makes_sense(self) -> bool {
        match self {
            Self::Stretch(times) => times.is_finite() && times > 1.0,
            Self::ThinHistory(bytes) => bytes > 0,
            Self::LimitCaptures(time) => !time.is_zero(),
            Self::RefuseSessions | Self::CloseSession => true,
        }
    }
}

/// Restrains the plugin for as long as alerts are raised that answer so.
pub(super) fn respond(alerts: Res<SessionAlerts>, mut restraints: ResMut<Restraints>) {
    let mut now = Restraints::default();
    for (alert, raised) in alerts.raised() {
        for response in alert.responses() {
            match *response {
                AlertResponse::Stretch(times) => now.stretch = now.stretch.max(times),
                AlertResponse::ThinHistory(bytes) => {
                    now.history_bytes = Some(now.history_bytes.unwrap_or(u64::MAX).min(bytes));
                }
                AlertResponse::LimitCaptures(time) => {
                    now.capture_time = Some(now.capture_time.unwrap_or(Duration::MAX).min(time));
                }
                AlertResponse::RefuseSessions => {
                    now.refuses_sessions.get_or_insert_with(|| raised.what.clone());
                }
                // That is done once, when it is raised.
                AlertResponse::CloseSession => {}
            }
        }
    }
    restraints.set_if_neq(now);
}
