//! Bevy's own way: a `DynamicWorld`, written as RON.

use std::hint::black_box;
use std::time::Duration;

use bevy::asset::{AssetPath, LoadFromPath, UntypedHandle};
use bevy::ecs::entity::EntityHashMap;
use bevy::prelude::*;
use bevy::reflect::TypeRegistry;
use bevy::world_serialization::serde::WorldDeserializer;
use bevy::world_serialization::{DynamicWorld, DynamicWorldBuilder};
use bevy_session_benchmarks::Outcome;
use bevy_session_benchmarks::game::plain_app;
use bevy_session_benchmarks::statistics::timed;
use bevy_session_benchmarks::worlds::{
    Health, Inventory, Position, Quests, Shape, Title, Velocity, populate,
};
use serde::de::DeserializeSeed;

/// An app with a world that Bevy's own types can describe.
pub fn app(shape: Shape) -> (App, Vec<Entity>) {
    let mut app = plain_app();
    register_types(&mut app);
    app.finish();
    app.cleanup();
    app.update();
    let entities = populate(app.world_mut(), shape);
    (app, entities)
}

/// Lets reflection know the components.
pub fn register_types(app: &mut App) {
    app.register_type::<Position>()
        .register_type::<Velocity>()
        .register_type::<Health>()
        .register_type::<Inventory>()
        .register_type::<Title>()
        .register_type::<Quests>();
}

/// The world as text.
pub fn save(world: &World, entities: &[Entity]) -> Outcome<String> {
    let registry = world.resource::<AppTypeRegistry>().read();
    let described = describe(world, entities, &registry);
    Ok(described.serialize(&registry)?)
}

/// The main thread's time if another thread wrote the text.
pub fn time_to_describe(world: &World, entities: &[Entity]) -> Duration {
    let registry = world.resource::<AppTypeRegistry>().read();
    let (described, time) = timed(|| describe(world, entities, &registry));
    black_box(described);
    time
}

/// The world as values that know their types.
pub fn describe(world: &World, entities: &[Entity], registry: &TypeRegistry) -> DynamicWorld {
    DynamicWorldBuilder::from_world(world, registry)
        .extract_entities(entities.iter().copied())
        .build()
}

/// Puts a text back into a world, and says how many entities came of it.
pub fn load(world: &mut World, text: &str) -> Outcome<usize> {
    let registry = world.resource::<AppTypeRegistry>().clone();
    let registry = registry.read();
    let described = WorldDeserializer { type_registry: &registry, load_from_path: &mut NoAssets }
        .deserialize(&mut ron::Deserializer::from_str(text)?)?;
    let mut entities = EntityHashMap::<Entity>::default();
    described.write_to_world_with(world, &mut entities, &registry)?;
    Ok(entities.len())
}

/// The worlds have no assets.
struct NoAssets;

impl LoadFromPath for NoAssets {
    fn load_from_path_erased(
        &mut self,
        _: std::any::TypeId,
        _: AssetPath<'static>,
    ) -> UntypedHandle {
        Handle::<bevy::world_serialization::DynamicWorld>::default().untyped()
    }
}
