use bevy::prelude::*;
use bevy_session_ops::SessionHealth;

/// For a message to somebody, not for restarts: these repair no damaged session.
fn probe(health: &SessionHealth) -> u16 {
    for finding in health.findings() {
        info!("{} {}", finding.code, finding.what);
    }
    if health.is_degraded() { 503 } else { 200 }
}
