use bevy::prelude::*;
use bevy_session_ui::SessionUiPlugins;

fn ui(app: &mut App) {
    app.add_plugins(SessionUiPlugins);
}
