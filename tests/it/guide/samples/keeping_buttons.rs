use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::library::Archived;

fn buttons(chosen: SessionId, commands: &mut Commands) {
    // Into the trash, and back.
    commands.session().library().delete(chosen);
    commands.session().library().undelete(chosen);
    // Into the archive, and back.
    commands.session().library().archive(chosen, Archived::WithWorld);
    commands.session().library().unarchive(chosen);
}
