use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::replica::{FollowedSession, SessionFollower};

fn plugin(app: &mut App) {
    app.add_systems(Update, fight.run_if(not(resource_exists::<FollowedSession>)));
}

/// A spectator has chosen a match. With `.standing_by()`, a second server takes over.
fn watch(session: SessionId, commands: &mut Commands) {
    commands.insert_resource(SessionFollower::of(session));
}

/// Makes the world go on.
fn fight(time: Res<Time>, fighters: Query<&mut Transform>) {
    // …
}
