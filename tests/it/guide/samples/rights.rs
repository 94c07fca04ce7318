use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_play::{CrewExt, Right, Rights, Role};

const MEDIC: Role = Role::new("medic");

fn rules(app: &mut App) {
    app.crew_rights(
        Rights::default()
            .revoke(Role::PLAYER, [Right::Pause])
            .grant(MEDIC, [Right::Load])
            // The program that runs a server names administrators; it is no role in the session.
            .admin("steam:1"),
    );
}

fn pause_was_pressed(mut commands: Commands) {
    commands.session().by("steam:7").pause(); // the session looks at the rights
}
