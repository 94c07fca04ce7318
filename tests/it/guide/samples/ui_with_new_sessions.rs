use bevy::prelude::*;
use bevy_session_ui::{SessionMenuPlugin, SessionUiPlugins};

fn ui_with_new_sessions(app: &mut App) {
    app.add_plugins(SessionUiPlugins.set(SessionMenuPlugin::default().new_sessions(true)));
}
