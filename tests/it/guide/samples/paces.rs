use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::checkpoints::SessionPace;

#[derive(States, Clone, PartialEq, Eq, Hash, Debug, Default)]
enum Place {
    #[default]
    Road,
    Town,
    Boss,
}

#[derive(Resource)]
struct Storm {
    is_near: bool,
}

fn paces(app: &mut App) {
    app.pace_session_in(Place::Town, SessionPace::every(Duration::from_secs(30)))
        .pace_session_in(Place::Boss, SessionPace::every(Duration::from_secs(1)))
        .pace_session_while("storm", |storm: Res<Storm>| storm.is_near, SessionPace::every(Duration::from_secs(2)));
}
