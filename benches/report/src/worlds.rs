//! The worlds that are saved: how many entities, of which components, in how many archetypes.

use std::fmt;
use std::hint::black_box;

use bevy::prelude::*;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

/// A plain component.
#[derive(Component, Reflect, Clone, Copy, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Position(pub f32, pub f32, pub f32);

/// A plain component.
#[derive(Component, Reflect, Clone, Copy, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Velocity(pub f32, pub f32, pub f32);

/// A plain component.
#[derive(Component, Reflect, Clone, Copy, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Health(pub f32, pub f32);

/// A component that keeps its numbers on the heap.
#[derive(Component, Reflect, Clone, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Inventory(pub Vec<u32>);

/// A component that keeps its text on the heap.
#[derive(Component, Reflect, Clone, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Title(pub String);

/// A component that takes several allocations.
#[derive(Component, Reflect, Clone, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Quests(pub Vec<String>);

/// Makes archetypes differ, and isn't saved.
#[derive(Component)]
struct Bit<const NUMBER: usize>;

/// The components of an entity.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mix {
    /// Three plain components.
    Plain,
    /// Three components with something on the heap.
    Heap,
    /// Three plain components, a list of numbers and a text: the world of most figures.
    Mixed,
}

impl Mix {
    /// The number of components that are saved of each entity.
    #[must_use]
    pub fn columns(self) -> usize {
        match self {
            Self::Plain | Self::Heap => 3,
            Self::Mixed => 5,
        }
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Plain => "plain",
            Self::Heap => "heap",
            Self::Mixed => "mixed",
        })
    }
}

/// A world to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// Entities.
    pub entities: usize,
    /// Their components.
    pub mix: Mix,
    /// Over how many archetypes, and tables, they are spread: 512 at most.
    pub archetypes: usize,
}

impl Shape {
    /// So many entities of three plain components, a list and a text, in one archetype.
    #[must_use]
    pub fn mixed(entities: usize) -> Self {
        Self { entities, mix: Mix::Mixed, archetypes: 1 }
    }
}

/// Spawns the entities of a world.
pub fn populate(world: &mut World, shape: Shape) -> Vec<Entity> {
    let numbers = 0..shape.entities;
    let entities: Vec<Entity> = match shape.mix {
        Mix::Plain => world.spawn_batch(numbers.map(plain)).collect(),
        Mix::Heap => world.spawn_batch(numbers.map(heap)).collect(),
        Mix::Mixed => world.spawn_batch(numbers.map(mixed)).collect(),
    };
    if shape.archetypes > 1 {
        for (number, entity) in entities.iter().enumerate() {
            spread(&mut world.entity_mut(*entity), number % shape.archetypes);
        }
    }
    entities
}

fn plain(number: usize) -> (Position, Velocity, Health) {
    let value = number as f32;
    (Position(value, value * 0.5, 1.0), Velocity(value * 0.1, 0.0, -1.0), Health(value, 100.0))
}

fn heap(number: usize) -> (Inventory, Title, Quests) {
    let quests = vec![format!("find item {number}"), "come home".to_owned()];
    (Inventory(vec![number as u32, 7, 9]), Title(format!("worker {number}")), Quests(quests))
}

fn mixed(number: usize) -> (Position, Velocity, Health, Inventory, Title) {
    let ((position, velocity, health), (inventory, title, _)) = (plain(number), heap(number));
    (position, velocity, health, inventory, title)
}

/// Moves an entity to the archetype of this number.
fn spread(entity: &mut EntityWorldMut, number: usize) {
    macro_rules! insert_bits {
        ($($bit:literal)*) => {
            $(if number >> $bit & 1 == 1 { entity.insert(Bit::<$bit>); })*
        };
    }
    insert_bits!(0 1 2 3 4 5 6 7 8);
}

/// Plays between two checkpoints: looks at every entity and changes all components of `changed` of them, spread evenly
/// over the world.
pub fn play(world: &mut World, entities: &[Entity], changed: usize, round: usize) {
    look_at_everything(world);
    for entity in changing(entities, changed, round) {
        if let Ok(mut entity) = world.get_entity_mut(entity) {
            change(&mut entity, round);
        }
    }
}

/// Which entities [`play`] changes.
pub fn changing(entities: &[Entity], changed: usize, round: usize) -> impl Iterator<Item = Entity> {
    let step = (entities.len() / changed.max(1)).max(1);
    entities.iter().skip(round % step).step_by(step).take(changed).copied()
}

fn look_at_everything(world: &mut World) {
    let mut everything = world.query::<(
        Option<&Position>,
        Option<&Velocity>,
        Option<&Health>,
        Option<&Inventory>,
        Option<&Title>,
        Option<&Quests>,
    )>();
    let seen: f32 = everything
        .iter(world)
        .map(|(position, velocity, health, inventory, title, quests)| {
            let plain = position.map_or(0.0, |it| it.0)
                + velocity.map_or(0.0, |it| it.1)
                + health.map_or(0.0, |it| it.0);
            let on_heap = inventory.and_then(|it| it.0.first()).map_or(0, |it| *it as usize)
                + title.map_or(0, |it| it.0.len())
                + quests.map_or(0, |it| it.0.len());
            plain + on_heap as f32
        })
        .sum();
    black_box(seen);
}

fn change(entity: &mut EntityWorldMut, round: usize) {
    if let Some(mut position) = entity.get_mut::<Position>() {
        position.0 += 1.0;
    }
    if let Some(mut velocity) = entity.get_mut::<Velocity>() {
        velocity.1 += 0.5;
    }
    if let Some(mut health) = entity.get_mut::<Health>() {
        health.0 -= 0.5;
    }
    if let Some(mut inventory) = entity.get_mut::<Inventory>()
        && let Some(first) = inventory.0.first_mut()
    {
        *first = round as u32;
    }
    if let Some(mut title) = entity.get_mut::<Title>() {
        title.0 = format!("worker, round {round}");
    }
    if let Some(mut quests) = entity.get_mut::<Quests>()
        && let Some(first) = quests.0.first_mut()
    {
        *first = format!("find item {round}");
    }
}
