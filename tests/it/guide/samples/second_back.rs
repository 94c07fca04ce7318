use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;

#[derive(Component)]
struct AimsAt(Entity);

fn plugin(app: &mut App) {
    app.insert_resource(RestoreManner::InPlace) // for all restores
        .drop_on_rewind::<AimsAt>(); // isn't saved, and belongs to its moment
}

fn a_second_back(mut commands: Commands) {
    let to = RewindTo::Ago(Duration::from_secs(1));
    commands.session().restoring(RestoreManner::InPlace).rewind(to); // for this one only
}
