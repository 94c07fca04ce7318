//! `bevy_ggrs`: clones of all components in memory, for rollback. It writes nothing to a disk, so
//! only the copying can be compared.

use bevy::prelude::*;
use bevy_ggrs::prelude::*;
use bevy_ggrs::{ConfirmedFrameCount, RollbackFrameCount, SaveWorld, SnapshotPlugin};
use bevy_session_benchmarks::game::plain_app;
use bevy_session_benchmarks::worlds::{
    Health, Inventory, Position, Shape, Title, Velocity, populate,
};

/// An app whose world can be rolled back.
pub fn app(shape: Shape) -> (App, Vec<Entity>) {
    let mut app = plain_app();
    app.add_plugins(SnapshotPlugin)
        .rollback_component_with_copy::<Position>()
        .rollback_component_with_copy::<Velocity>()
        .rollback_component_with_copy::<Health>()
        .rollback_component_with_clone::<Inventory>()
        .rollback_component_with_clone::<Title>();
    app.finish();
    app.cleanup();
    app.update();
    let entities = populate(app.world_mut(), shape);
    app.world_mut().insert_batch(entities.iter().map(|entity| (*entity, Rollback)));
    app.world_mut().flush();
    (app, entities)
}

/// Saves this frame. The one before is forgotten, as in a game whose players agree.
pub fn save(world: &mut World) {
    let frame = world.resource::<RollbackFrameCount>().0 + 1;
    world.insert_resource(RollbackFrameCount(frame));
    world.insert_resource(ConfirmedFrameCount(frame - 1));
    world.run_schedule(SaveWorld);
}
