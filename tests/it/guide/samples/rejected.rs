use bevy::prelude::*;
use bevy_session::prelude::*;

fn requests(app: &mut App) {
    app.add_observer(|rejected: On<RequestRejected>| warn!("{:?}: {}", rejected.request, rejected.error));
}
