use bevy::prelude::*;
use bevy_session::replica::{FollowerStalled, SessionFollower};

/// An observer.
fn stalled(stalled: On<FollowerStalled>, mut commands: Commands) {
    if stalled.is_over {
        commands.remove_resource::<SessionFollower>();
    }
    info!("{}", stalled.error);
}
