use bevy::prelude::*;
use bevy_session::recovery::RestoredInPlace;

#[derive(Component)]
struct Moving(Vec3);

fn stop(restored: On<RestoredInPlace>, mut commands: Commands) {
    if restored.has_changed::<Transform>() {
        commands.entity(restored.entity).try_remove::<Moving>();
    }
}
