use bevy::prelude::*;
use bevy_session::prelude::*;

fn server(app: &mut App) {
    app.add_plugins(SessionPlugin::new("Studio", "Hop").directory("/var/lib/hop"))
        .add_systems(Startup, begin);
}

fn begin(mut commands: Commands) {
    commands.session().start_or_continue(NewSession::named("World"));
}
