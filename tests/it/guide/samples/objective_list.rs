use bevy::prelude::*;
use bevy_session_play::{ObjectiveList, ObjectiveListPlugin};

fn ui(app: &mut App) {
    app.add_plugins(ObjectiveListPlugin).add_systems(Startup, add_list);
}

fn add_list(mut commands: Commands) {
    let place = Node { width: px(240), ..default() };
    commands.spawn((place, ObjectiveList { locked: false, ..default() }));
}
