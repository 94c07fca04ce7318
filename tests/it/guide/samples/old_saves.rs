use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::testing::{assert_saved_types, assert_saves_load};

fn updates_keep_what_players_saved(build: fn(SessionPlugin) -> App) {
    assert_saved_types("saved_types.lock", build); // the form of every saved type in every version
    assert_saves_load("tests/saves", build); // real saves of earlier releases
}
