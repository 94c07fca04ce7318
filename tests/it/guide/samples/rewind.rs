use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;

fn a_minute_back(mut commands: Commands) {
    commands.session().rewind(RewindTo::Ago(Duration::from_secs(60)));
}

fn no_i_liked_it_better_before(mut commands: Commands) {
    commands.session().rewind(RewindTo::BeforeRewind);
}
