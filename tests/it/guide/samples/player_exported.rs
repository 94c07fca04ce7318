use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::library::PlayerExported;

fn begin(mut commands: Commands) {
    commands.session().start(NewSession::named("Valley").player("steam:42"));
}

fn export(commands: &mut Commands) {
    commands.session().library().export_player("steam:42", "steam-42.tar");
}

fn exported(exported: On<PlayerExported>) {
    info!("{} bytes are in {}", exported.bytes, exported.path.display());
}
