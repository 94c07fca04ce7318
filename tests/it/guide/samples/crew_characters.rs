use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session_play::{Characters, Crew, PlayedBy};

fn game(app: &mut App) {
    app.add_systems(Update, give_characters.run_if(not(session_is_restoring)));
}

/// Checks who is here, not who has joined: a rewind may lead to a moment before that.
fn give_characters(crew: Res<Crew>, characters: Characters, mut commands: Commands) {
    for member in crew.here() {
        if characters.of(member.player()).next().is_none() {
            commands.spawn((Name::new("Settler"), PlayedBy::new(member.player())));
        }
    }
}
