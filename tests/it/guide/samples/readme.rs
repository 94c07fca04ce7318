use bevy::prelude::*;
use bevy_session::prelude::*; // 1

#[derive(Component, Reflect, Clone, serde::Serialize, serde::Deserialize)] // 2
#[reflect(Component, Saved)] // 3: part of the player's progress
struct Health(u32);

fn main() -> AppExit {
    App::new()
        .add_plugins(DefaultPlugins)
        .add_plugins(SessionPlugin::new("Studio", "Hop")) // 4
        .add_systems(Startup, play)
        .run()
}

fn play(mut commands: Commands) {
    commands.spawn(Health(100));
    commands.session().start_or_continue(NewSession::named("Campaign")); // 5
}
