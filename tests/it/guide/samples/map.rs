use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::attachments::{AttachmentOf, AttachmentRead};

fn save_map(mut commands: Commands) {
    commands.session().attachments().attach_to_session("map", vec![1, 2, 3]);
}

fn load_map(session: Res<CurrentSession>, mut commands: Commands) {
    let of = AttachmentOf::Session { session: session.id(), version: None };
    commands.session().attachments().read(of, "map");
}

fn show_map(read: On<AttachmentRead>) {
    match &read.result {
        Ok(map) => info!("{} bytes", map.bytes().len()),
        Err(error) => info!("{}: {error}", read.name),
    }
}

fn map(app: &mut App) {
    app.add_observer(show_map);
}
