use bevy::prelude::*;
use bevy_session::cloud::{CloudFolder, CloudForked, CloudNotKept};
use bevy_session::prelude::*;

fn game(app: &mut App) {
    let folder = CloudFolder::new("saves/cloud").most_files(200).most_bytes(500_000_000);
    app.add_plugins(SessionPlugin::new("Studio", "Arena").cloud_folder(folder))
        .add_observer(|forked: On<CloudForked>| {
            info!("{:?} were played here, {:?} on the other device", forked.here, forked.there);
        })
        .add_observer(|not_kept: On<CloudNotKept>| warn!("not in the cloud: {}", not_kept.error));
}
