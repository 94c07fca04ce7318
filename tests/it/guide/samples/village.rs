use bevy::prelude::*;
use bevy_session_play::{Objective, ObjectivesExt};

#[derive(Resource)]
struct Village { houses: u32, burnt: bool }

fn game(app: &mut App) {
    app.add_objectives([Objective::new("town/houses").expected(std::time::Duration::from_secs(900))])
        .complete_objective("town/houses", |village: Res<Village>| village.houses >= 10)
        .fail_objective("town/houses", |village: Res<Village>| village.burnt);
}
