use bevy::prelude::*;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(States, TypePath, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
enum Game { #[default] Menu, Loading, Playing }

fn states(app: &mut App) {
    app.init_state::<Game>()
        .save_state::<Game>()
        .checkpoint_session_while(in_state(Game::Playing))
        .restore_session_through(Game::Loading) // a restore enters this state, which loads the level …
        .restore_session_in(Game::Playing) // … and saved entities come once the game enters this state
        .offer_recovery_in(Game::Menu)
        .close_session_on_enter(Game::Menu);
}
