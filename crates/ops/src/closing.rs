//! The session that a limit closes.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::ends::Leaving;
use bevy_session::internal::ask_to_close;
use bevy_session::{CurrentSession, LeaveCause, RequestRejected, SessionId, Ticket};
use tracing::warn;

use super::alert::Alert;
use super::alerting::{SessionAlertRaised, SessionAlerts};
use super::measure::AlertMeasure;
use super::response::AlertResponse;

/// The time after which a guard of the game that has refused is asked again.
const ASKED_AGAIN: Duration = Duration::from_secs(10);

/// A session that is to be closed, since an alert about it was raised.
pub(super) struct Closing {
    session: SessionId,
    measure: AlertMeasure,
    what: String,
    /// The request, until it is rejected.
    asked: Option<Ticket>,
    /// When it was asked last, by the app's real time.
    asked_at: Option<Duration>,
}

/// Closes the session that is played, if an alert was raised in this frame that answers so, and asks again where the game
/// has refused.
pub(super) fn close_session(
    (mut raised, mut rejected): (MessageReader<SessionAlertRaised>, MessageReader<RequestRejected>),
    alerts: Res<SessionAlerts>,
    session: Option<Res<CurrentSession>>,
    time: Option<Res<Time<Real>>>,
    mut closing: Local<Option<Closing>>,
    mut commands: Commands,
) {
    let rejected: Vec<Ticket> = rejected.read().filter_map(|rejected| rejected.ticket).collect();
    let raised = raised.read().filter(|raised| closes(&alerts, raised.measure)).last();
    let played = session.map(|session| session.id());
    if let Some((raised, session)) = raised.zip(played) {
        let (measure, what) = (raised.measure, raised.what.clone());
        *closing = Some(Closing { session, measure, what, asked: None, asked_at: None });
    }
    let Some(wanted) = &mut *closing else { return };
    let is_standing = alerts.standing().any(|raised| raised.measure == wanted.measure);
    if played != Some(wanted.session) || !is_standing {
        *closing = None;
        return;
    }
    if wanted.asked.is_some_and(|asked| rejected.contains(&asked)) {
        wanted.asked = None;
    }
    let now = time.map(|time| time.elapsed()).unwrap_or_default();
    let is_early = wanted.asked_at.is_some_and(|asked_at| now < asked_at + ASKED_AGAIN);
    if wanted.asked.is_some() || is_early {
        return;
    }
    let (ticket, session) = (Ticket::new(), wanted.session);
    (wanted.asked, wanted.asked_at) = (Some(ticket), Some(now));
    warn!(%session, "a limit closes the session: {}", wanted.what);
    let leaving = Leaving::by(LeaveCause::Limit).saying(&*wanted.what);
    commands.queue(move |world: &mut World| ask_to_close(world, ticket, session, leaving));
}

/// Returns true if the alert of this measure answers so.
fn closes(alerts: &SessionAlerts, measure: AlertMeasure) -> bool {
    let alert = alerts.alerts().find(|alert| alert.measure() == measure);
    alert.map_or(&[][..], Alert::responses).contains(&AlertResponse::CloseSession)
}
