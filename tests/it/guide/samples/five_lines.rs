use bevy::prelude::*;
use bevy_session::prelude::*;

#[derive(Component, Reflect, Clone, serde::Serialize, serde::Deserialize)]
#[reflect(Component, Saved)] // part of the player's progress: nothing else to register
struct Health(u32);

fn game(app: &mut App) {
    app.add_plugins(SessionPlugin::new("Studio", "Hop")).add_systems(Startup, play);
}

fn play(mut commands: Commands) {
    commands.spawn((SaveKey::new("hero"), Health(100))); // by its key it keeps its sprite
    commands.session().start_or_continue(NewSession::named("World"));
}
