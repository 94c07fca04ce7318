use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::library::{Keep, LeftAs, Retention, SessionsEdited};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn plugin(app: &mut App) {
    app.add_observer(tidy_up).add_observer(say_so);
}

fn rules() -> Retention {
    Retention::default()
        .keep(LeftAs::Completed, Keep::within(90 * DAY))
        .keep(LeftAs::Failed, Keep::within(7 * DAY).or_newest(5))
        .total_bytes(4 << 30)
}

fn tidy_up(_: On<SessionClosed>, catalog: Res<SessionCatalog>, mut commands: Commands) {
    let preview = catalog.preview(&rules());
    info!("{} would go, {} bytes", preview.sessions.len(), preview.bytes());
    commands.session().library().prune(preview);
}

fn say_so(edited: On<SessionsEdited>) {
    info!("{} went, {} bytes freed", edited.edited, edited.freed);
}
