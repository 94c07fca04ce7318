use std::path::Path;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::checkpoints::DataPlaceChanged;

fn saves(app: &mut App, documents: &Path) {
    let session = SessionPlugin::new("Studio", "Hop");
    app.add_plugins(session.fallback_directory(documents.join("Hop saves")));
    app.add_observer(tell_the_player);
}

fn tell_the_player(changed: On<DataPlaceChanged>) {
    info!("saves are in {} for now: {}", changed.used.display(), changed.error);
}
