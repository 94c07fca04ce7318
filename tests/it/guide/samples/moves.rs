use bevy::input::common_conditions::input_just_pressed;
use bevy::prelude::*;
use bevy_session::checkpoints::{WorldFork, WorldForksExt};

#[derive(Resource)]
struct BeforeTheMove(WorldFork);

fn think(mut commands: Commands) {
    let fork = commands.fork_world();
    commands.insert_resource(BeforeTheMove(fork));
}

fn that_was_no_good(fork: Res<BeforeTheMove>, mut commands: Commands) {
    commands.return_to(fork.0);
}

fn plugin(app: &mut App) {
    app.add_systems(
        Update,
        (
            think.run_if(input_just_pressed(KeyCode::KeyT)),
            that_was_no_good
                .run_if(resource_exists::<BeforeTheMove>)
                .run_if(input_just_pressed(KeyCode::Backspace)),
        ),
    );
}
