use bevy::prelude::*;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Ball;

fn build(app: &mut App) {
    app.add_plugins(SessionPlugin::new("Studio", "Breakout"))
        .save_component::<Transform>()
        .add_systems(Startup, setup);
}

fn setup(mut commands: Commands) {
    commands.spawn((Ball, Transform::default(), SaveKey::new("ball")));
    commands.session().start_or_continue(NewSession::named("Game"));
}
