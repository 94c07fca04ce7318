use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::testing::RoundTrip;
use serde::{Deserialize, Serialize};

#[derive(Asset, TypePath)]
struct Song;

#[derive(Component)]
struct Plays(Handle<Song>);

#[derive(TypePath, Serialize, Deserialize)]
struct SongPath(Option<String>);

fn songs(app: &mut App) {
    app.save_component_as(
        |plays: &Plays| SongPath(plays.0.path().map(ToString::to_string)),
        |path: SongPath, world| Plays(match path.0 {
            Some(path) => world.resource::<AssetServer>().load(path),
            None => Handle::default(),
        }),
    );
}

/// In a test: what is rebuilt needs the asset server, which `assert_restores` doesn't have.
fn songs_come_back(app: &mut App) {
    RoundTrip::new().with_resource::<AssetServer>().assert_restores(app);
}
