use std::time::Duration;

use bevy::prelude::*;
use bevy_session_ops::{Alert, AlertsExt, SessionAlertRaised, SessionFiguresPlugin};

fn monitoring(app: &mut App) -> Result {
    app.add_plugins(SessionFiguresPlugin)
        .raise_session_alert(Alert::errors_above(0.01).over(Duration::from_secs(300)).clears_below(0.005))?
        .add_observer(|alert: On<SessionAlertRaised>| {
            warn!("{}: {}; {}", alert.code, alert.what, alert.code.advice());
        });
    Ok(())
}
