//! Hands over which alerts stand, so that the record of the process names them: for `bevy-session health`, and for
//! the next start if this process dies.

use bevy::prelude::*;
use jiff::Timestamp;

use super::alerting::{SessionAlertCleared, SessionAlertRaised, SessionAlerts};
use crate::checkpoints::StandingAlert;
use crate::lifecycle::Runtime;

/// Hands them over whenever one was raised or cleared.
pub(super) fn hand_over(
    alerts: Res<SessionAlerts>,
    mut raised: MessageReader<SessionAlertRaised>,
    mut cleared: MessageReader<SessionAlertCleared>,
    mut known: Local<Vec<StandingAlert>>,
    runtime: Option<ResMut<Runtime>>,
) {
    let changes = raised.read().count() + cleared.read().count();
    let Some(mut runtime) = runtime.filter(|_| changes > 0) else { return };
    let Some((now, exit)) = runtime.parts().map(|parts| (parts.time.now().wall, &parts.exit))
    else {
        return;
    };
    *known = alerts.standing().map(|alert| as_recorded(alert, &known, now)).collect();
    exit.alerts_stand(known.clone());
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
