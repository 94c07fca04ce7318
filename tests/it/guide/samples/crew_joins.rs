use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_play::{CrewCommandsExt, CrewPlugin, CrewRestored};

fn game(app: &mut App) {
    app.add_plugins(CrewPlugin)
        .add_observer(|_: On<SessionStarted>, commands: Commands| sit_down(commands))
        .add_observer(|_: On<CrewRestored>, commands: Commands| sit_down(commands));
}

/// The player at this keyboard. The first player who joins a session hosts it.
fn sit_down(mut commands: Commands) {
    commands.crew().join("steam:42");
    commands.crew().rename("steam:42", "Ann");
}
