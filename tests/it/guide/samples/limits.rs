use std::time::Duration;

use bevy::prelude::*;
use bevy_session_ops::{Alert, AlertResponse, AlertsExt, SessionOperation};

fn limits(app: &mut App) -> Result {
    let slow_disk = Alert::p95_above(SessionOperation::Checkpoint, Duration::from_millis(250));
    app.raise_session_alert(slow_disk.then(AlertResponse::Stretch(4.0)))?
        .raise_session_alert(Alert::entities_above(500_000).then(AlertResponse::Stretch(2.0)))?
        .raise_session_alert(Alert::session_bytes_above(200 << 20).then(AlertResponse::ThinHistory(64 << 20)))?
        .raise_session_alert(Alert::memory_above(6 << 30).then(AlertResponse::RefuseSessions))?
        .raise_session_alert(Alert::play_time_above(Duration::from_secs(12 * 3600)))?; // a warning
    Ok(())
}
