//! The game that is measured, without a window.

use std::hint::black_box;
use std::time::Duration;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::time::TimeUpdateStrategy;
use bevy_session::prelude::*;
use bevy_session::{CheckpointCaptured, MemoryDisk};
use serde::{Deserialize, Serialize};

pub const ENTITIES: usize = 100_000;

#[derive(Component, Reflect, Clone, Copy, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Position(pub f32, pub f32, pub f32);

#[derive(Component, Reflect, Clone, Copy, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Velocity(pub f32, pub f32, pub f32);

#[derive(Component, Reflect, Clone, Copy, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Health(pub f32, pub f32);

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Inventory(pub Vec<u32>);

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Title(pub String);

/// Messages of the plugin.
#[derive(Resource, Default)]
pub struct Heard {
    pub captures: Vec<Duration>,
    pub restores: Vec<Duration>,
    pub bytes: Vec<u64>,
}

pub fn app(plugin: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(), plugin))
        .insert_resource(TimeUpdateStrategy::ManualDuration(Duration::from_millis(16)))
        .init_resource::<Heard>()
        .add_observer(|event: On<CheckpointCaptured>, mut heard: ResMut<Heard>| {
            heard.captures.push(event.capture_time);
        })
        .add_observer(|event: On<CheckpointSaved>, mut heard: ResMut<Heard>| {
            heard.bytes.push(event.bytes);
        })
        .add_observer(|event: On<SessionRestored>, mut heard: ResMut<Heard>| {
            heard.restores.push(event.elapsed);
        });
    app.finish();
    app.cleanup();
    app.update();
    app
}

pub fn memory_app(disk: &MemoryDisk) -> App {
    app(SessionPlugin::new("Bench", "Numbers").disk(disk.clone()))
}

pub fn request<R>(app: &mut App, ask: impl FnOnce(&mut Commands) -> R) {
    ask(&mut app.world_mut().commands());
    app.world_mut().flush();
}

pub fn start(app: &mut App) {
    request(app, |commands| commands.session().start(NewSession::named("Bench")));
    (0..3).for_each(|_| app.update());
    app.world_mut().resource_mut::<SessionSettings>().autosave = false;
}

pub fn spawn_mixed(app: &mut App, entities: usize) -> Vec<Entity> {
    let rows = (0..entities).map(|number| {
        #[expect(clippy::cast_precision_loss, reason = "any numbers will do")]
        let value = number as f32;
        (
            Position(value, value * 0.5, 1.0),
            Velocity(value * 0.1, 0.0, -1.0),
            Health(value, 100.0),
            Inventory(vec![number as u32, 7, 9]),
            Title(format!("worker {number}")),
        )
    });
    app.world_mut().spawn_batch(rows).collect()
}

/// Changes every `step`th entity as a game would, and touches all others, so that caches are as in
/// a game.
pub fn play(app: &mut App, entities: &[Entity], step: usize, round: usize) {
    let world = app.world_mut();
    let mut query = world.query::<(&Position, &Velocity, &Health, &Inventory, &Title)>();
    let touched: usize = query.iter(world).map(|(.., title)| title.0.len()).sum();
    black_box(touched);
    for (rank, entity) in entities.iter().skip(round % step).step_by(step).enumerate() {
        let Ok(mut entity) = world.get_entity_mut(*entity) else { continue };
        if let Some(mut position) = entity.get_mut::<Position>() {
            position.0 += 1.0;
        }
        if let Some(mut health) = entity.get_mut::<Health>() {
            health.0 -= 0.5;
        }
        if rank % 10 == 0
            && let Some(mut inventory) = entity.get_mut::<Inventory>()
        {
            inventory.0.push(round as u32);
        }
    }
}

/// Looks at all values of a type, as systems do that change none.
pub fn look_at<T: Component>(app: &mut App) {
    let world = app.world_mut();
    let mut all = world.query::<&T>();
    all.iter(world).for_each(|value| {
        black_box(std::ptr::from_ref(value));
    });
}
