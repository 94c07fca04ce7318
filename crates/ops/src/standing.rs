//! Hands over which alerts stand, so that the record of the process names them: for `bevy-session health`, and for
//! the next start if this process dies.

use bevy::prelude::*;
use bevy_session::monitoring::{StandingAlert, StandingAlerts};
use bevy_session::presentation::wall_clock;
use jiff::Timestamp;

use super::alerting::{SessionAlertRaised, SessionAlerts};

/// Hands them over, once one was raised or cleared.
pub(super) fn hand_over(world: &mut World) {
    let now = wall_clock(world);
    world.resource_scope(|world, mut known: Mut<StandingAlerts>| {
        let Some(alerts) = world.get_resource::<SessionAlerts>() else { return };
        known.0 = alerts.standing().map(|alert| as_recorded(alert, &known.0, now)).collect();
    });
}

/// The alert as the record has it, with the moment since which that knows it.
fn as_recorded(
    alert: &SessionAlertRaised,
    known: &[StandingAlert],
    now: Timestamp,
) -> StandingAlert {
    let (code, what) = (alert.code.text(), &*alert.what);
    let same = known.iter().find(|it| it.code == code && it.what == what);
    let new = || StandingAlert::new(code, what, alert.code.is_problem(), now);
    same.cloned().unwrap_or_else(new)
}
