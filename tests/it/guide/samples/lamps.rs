use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::rules::{Idle, SessionIdleWarning, SessionRulesExt};

#[derive(Component)]
struct Lamp { is_lit: bool }

fn plugin(app: &mut App) {
    app.complete_session_when(all_are_lit)
        .pause_idle_session(
            Idle::after(Duration::from_secs(300)).warn_before([Duration::from_secs(60)]),
            something_is_pressed,
        )
        .add_observer(ask);
}

fn all_are_lit(lamps: Query<&Lamp>) -> bool {
    !lamps.is_empty() && lamps.iter().all(|lamp| lamp.is_lit)
}

/// The game's own measure of activity.
fn something_is_pressed(keys: Res<ButtonInput<KeyCode>>) -> bool {
    keys.get_pressed().next().is_some()
}

fn ask(warning: On<SessionIdleWarning>) {
    info!("Are you still there? The session is paused in {:?}.", warning.left);
}
