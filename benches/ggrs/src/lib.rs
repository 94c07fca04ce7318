//! `bevy_ggrs`: clones of all components in memory, for rollback. It writes nothing to a disk, so only the copying can be
//! compared.
//!
//! The world is the mixed one of `bevy_session_benchmarks::worlds`. Nothing of Bevy shows in this package's functions, so
//! that it may be another version than that of the other peers.

use std::hint::black_box;

use bevy::prelude::*;
use bevy_ggrs::prelude::*;
use bevy_ggrs::{ConfirmedFrameCount, RollbackFrameCount, SaveWorld, SnapshotPlugin};

#[derive(Component, Clone, Copy)]
#[expect(dead_code, reason = "as large as with the other peers")]
struct Position(f32, f32, f32);

#[derive(Component, Clone, Copy)]
#[expect(dead_code, reason = "as large as with the other peers")]
struct Velocity(f32, f32, f32);

#[derive(Component, Clone, Copy)]
#[expect(dead_code, reason = "as large as with the other peers")]
struct Health(f32, f32);

#[derive(Component, Clone)]
struct Inventory(Vec<u32>);

#[derive(Component, Clone)]
struct Title(String);

type Everything = (
    &'static mut Position,
    &'static mut Velocity,
    &'static mut Health,
    &'static mut Inventory,
    &'static mut Title,
);

/// A world that can be rolled back.
pub struct Clones {
    world: World,
    entities: Vec<Entity>,
}

impl std::fmt::Debug for Clones {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Clones").finish_non_exhaustive()
    }
}

impl Clones {
    /// A world of this many entities.
    #[must_use]
    pub fn new(entities: usize) -> Self {
        let mut app = App::new();
        app.add_plugins((MinimalPlugins, SnapshotPlugin))
            .rollback_component_with_copy::<Position>()
            .rollback_component_with_copy::<Velocity>()
            .rollback_component_with_copy::<Health>()
            .rollback_component_with_clone::<Inventory>()
            .rollback_component_with_clone::<Title>();
        app.finish();
        app.cleanup();
        app.update();
        let mut world = std::mem::take(app.world_mut());
        let entities: Vec<Entity> = world.spawn_batch((0..entities).map(mixed)).collect();
        world.insert_batch(entities.iter().map(|entity| (*entity, Rollback)));
        world.flush();
        Self { world, entities }
    }

    /// Plays between two saves: looks at every entity, and changes all components of `changed` of them, spread evenly
    /// over the world.
    pub fn play(&mut self, changed: usize, round: usize) {
        let mut everything = self.world.query::<Everything>();
        let seen: f32 = everything
            .iter(&self.world)
            .map(|(position, velocity, health, inventory, title)| {
                let on_heap = inventory.0.first().map_or(0, |it| *it as usize) + title.0.len();
                position.0 + velocity.0 + health.0 + on_heap as f32
            })
            .sum();
        black_box(seen);
        let step = (self.entities.len() / changed.max(1)).max(1);
        for entity in self.entities.iter().skip(round % step).step_by(step).take(changed) {
            let Ok((mut position, mut velocity, mut health, mut inventory, mut title)) =
                everything.get_mut(&mut self.world, *entity)
            else {
                continue;
            };
            position.0 += 1.0;
            velocity.1 += 0.5;
            health.0 -= 0.5;
            inventory.0[0] = round as u32;
            title.0 = format!("worker, round {round}");
        }
    }

    /// Saves this frame. The one before is forgotten, as in a game whose players agree.
    pub fn save(&mut self) {
        let frame = self.world.resource::<RollbackFrameCount>().0 + 1;
        self.world.insert_resource(RollbackFrameCount(frame));
        self.world.insert_resource(ConfirmedFrameCount(frame - 1));
        self.world.run_schedule(SaveWorld);
    }
}

fn mixed(number: usize) -> (Position, Velocity, Health, Inventory, Title) {
    let value = number as f32;
    (
        Position(value, value * 0.5, 1.0),
        Velocity(value * 0.1, 0.0, -1.0),
        Health(value, 100.0),
        Inventory(vec![number as u32, 7, 9]),
        Title(format!("worker {number}")),
    )
}
