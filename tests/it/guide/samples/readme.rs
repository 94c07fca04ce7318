use bevy::prelude::*;
use bevy_session::prelude::*; // 1

#[derive(Component, Reflect, Clone, serde::Serialize, serde::Deserialize)] // 2
#[reflect(Component, Saved)] // 3: part of the player's progress
struct Health(u32);

fn main() -> AppExit {
    App::new()
        .add_plugins(DefaultPlugins)
        .add_plugins(SessionPlugin::new("Studio", "Hop")) // 4
        .save_component::<Transform>() // 5: a type of Bevy's, on entities that are saved
        .add_systems(Startup, play)
        .run()
}

fn play(mut commands: Commands) {
    // 6: saved values are written onto the entity with this key, which keeps what else it has, such as its sprite.
    commands.spawn((SaveKey::new("hero"), Health(100), Transform::default()));
    commands.session().start_or_continue(NewSession::named("Campaign")); // 7
}
