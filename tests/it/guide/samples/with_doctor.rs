use bevy::prelude::*;
use bevy_session::doctor::Doctor;

#[derive(Component)]
struct HealthBar;

fn plugin(app: &mut App) {
    app.add_plugins(Doctor::default().ignore::<HealthBar>());
}
