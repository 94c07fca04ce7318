use bevy::prelude::*;
use bevy_session::doctor::Doctor;

fn plugin(app: &mut App) {
    app.add_plugins(Doctor::default());
}
