use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::library::{Archived, Keep, LeftAs, Retention};
use bevy_session::rules::SessionRulesExt;

fn game(app: &mut App) {
    let year = Duration::from_secs(365 * 24 * 60 * 60);
    // Games that nobody went on with for a year go to the trash, and those that have ended to the archive.
    app.prune_sessions(Retention::default().keep(LeftAs::Closed, Keep::within(year)))
        .archive_ended_sessions(Archived::WithWorld);
}

fn clean_up_now(mut commands: Commands) {
    commands.session().library().clean_up();
}
