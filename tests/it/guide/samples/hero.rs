use bevy::prelude::*;
use bevy_session::prelude::*;

fn plugin(app: &mut App) {
    app.save_component::<Transform>().save_component::<Name>();
    app.add_observer(hero).add_systems(Startup, menu);
}

/// In a new session only: one that comes back has its hero.
fn hero(_: On<SessionStarted>, mut commands: Commands) {
    commands.spawn((Saved, Transform::default())); // the marker: its saved components are written
}

fn menu(mut commands: Commands) {
    commands.spawn((Unsaved, children![Transform::default()])); // a model that turns in a menu
}
