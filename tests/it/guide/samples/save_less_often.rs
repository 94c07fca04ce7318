use std::time::Duration;

use bevy::input::common_conditions::input_just_pressed;
use bevy::prelude::*;
use bevy_session::prelude::*;

fn save_less_often(mut settings: ResMut<SessionSettings>) {
    settings.interval = Duration::from_secs(30);
}

fn plugin(app: &mut App) {
    let settings = SessionSettings { exit_slot: true, ..default() };
    app.add_plugins(SessionPlugin::new("Studio", "Hop").settings(settings))
        .add_systems(Update, save_less_often.run_if(input_just_pressed(KeyCode::F4)));
}
