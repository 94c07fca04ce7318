//! `moonshine-save`: the world as a RON file.

use std::path::Path;

use bevy::asset::AssetPlugin;
use bevy::prelude::*;
use bevy_session_benchmarks::game::plain_app;
use bevy_session_benchmarks::worlds::{Shape, populate};
use moonshine_save::prelude::{
    LoadWorld, Save, SaveWorld, TriggerLoad, TriggerSave, load_on_default_event,
    save_on_default_event,
};

use super::dynamic_world::register_types;

/// An app whose world `moonshine-save` saves.
pub fn app(shape: Shape) -> (App, Vec<Entity>) {
    let mut app = empty_app();
    let entities = populate(app.world_mut(), shape);
    app.world_mut().insert_batch(entities.iter().map(|entity| (*entity, Save)));
    (app, entities)
}

/// An app that can load.
pub fn empty_app() -> App {
    let mut app = plain_app();
    app.add_plugins(AssetPlugin::default());
    register_types(&mut app);
    app.add_observer(save_on_default_event).add_observer(load_on_default_event);
    app.finish();
    app.cleanup();
    app.update();
    app
}

/// Saves into a file.
pub fn save(world: &mut World, path: &Path) {
    world.trigger_save(SaveWorld::default_into_file(path));
    world.flush();
}

/// Loads from a file.
pub fn load(world: &mut World, path: &Path) {
    world.trigger_load(LoadWorld::default_from_file(path));
    world.flush();
}
