use bevy::prelude::*;
use bevy_session::prelude::*;

/// Saved.
#[derive(Resource)]
struct Level(u32);

/// Not saved: which level is there.
#[derive(Resource)]
struct LoadedLevel(u32);

fn levels(app: &mut App) {
    app.stay_in_level_if(|level: Res<Level>, loaded: Option<Res<LoadedLevel>>| {
        loaded.is_some_and(|loaded| loaded.0 == level.0)
    });
}
