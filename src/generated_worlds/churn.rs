//! Everything that a game does to its world, at random.

use bevy::ecs::entity::EntityHashSet;
use bevy::ecs::entity_disabling::Disabled;
use bevy::prelude::*;
use bevy::state::state_scoped::{DespawnOnEnter, DespawnOnExit};

use super::Random;
use super::figures::Figures;
use super::game::{Asleep, Frozen};
use super::hooks::{Badge, Lamp, Titled};
use super::levels::{self, Fixture, Left};
use super::links;
use crate::capture::test_kit::*;
use crate::{SaveKey, Saved};

/// The approximate largest number of entities in a world.
const CROWD: usize = 40;

/// Everything that a game does to its world, at random.
pub struct Churn {
    pub random: Random,
    /// The game's own entities that are alive.
    pub alive: Vec<Entity>,
    /// Some despawned ones.
    pub dead: Vec<Entity>,
    /// The values with which things were left in a room.
    pub left: Left,
    /// True if levels place entities. A run can't always open with a difference then.
    has_levels: bool,
    /// Indices that were used.
    used: EntityHashSet,
}

impl Churn {
    pub fn new(mut random: Random) -> Self {
        let (alive, dead) = (Vec::new(), Vec::new());
        let (left, has_levels, used) = (Left::new(), random.one_in(2), EntityHashSet::default());
        Self { random, alive, dead, left, has_levels, used }
    }

    /// Does one thing.
    pub fn step(&mut self, world: &mut World, figures: &mut Figures) {
        figures.operations += 1;
        self.bury_the_dead(world);
        let Some(entity) = self.random.pick(&self.alive).copied() else {
            return self.spawn(world, figures);
        };
        match self.random.below(34) {
            0..5 if self.alive.len() < CROWD => self.spawn(world, figures),
            0..3 => _ = world.despawn(entity),
            3..5 => self.replace(world, entity, figures),
            5..8 => self.change_in_place(world, entity),
            8..13 => self.insert(world, entity),
            13..16 => self.remove(world, entity),
            16 => self.mark_or_unmark(world, entity),
            17..19 => self.disable_or_enable(world, entity),
            19..22 => links::refer(self, world, entity),
            22..26 => links::relate(self, world, entity),
            26 => self.scope(world, entity),
            27..29 => self.change_a_resource(world),
            29 => self.clone_or_clear(world, entity, figures),
            _ if self.has_levels => levels::turn(self, world),
            _ => self.change_in_place(world, entity),
        }
        world.flush();
    }

    /// Changes a state, which takes effect with the next frame, or not at all.
    pub fn change_a_state(&mut self, world: &mut World) {
        let game = self.random.pick(&[Game::Menu, Game::Playing, Game::Playing, Game::Won]);
        let phase = self.random.pick(&[Phase::Day, Phase::Night]);
        let (Some(game), Some(phase)) = (game, phase) else { return };
        match self.random.below(4) {
            0 => world.resource_mut::<NextState<Game>>().set(*game),
            1 => world.insert_resource(NextState::PendingIfDifferent(*game)),
            2 => world.resource_mut::<NextState<Phase>>().set(*phase),
            _ => world.insert_resource(NextState::PendingIfDifferent(*phase)),
        }
    }

    /// Finds the living entities; observers and restores spawn and despawn as well.
    pub fn bury_the_dead(&mut self, world: &World) {
        let (alive, dead): (Vec<_>, Vec<_>) =
            self.alive.iter().partition(|entity| world.get_entity(**entity).is_ok());
        self.alive = alive;
        self.dead.extend::<Vec<Entity>>(dead);
        let old = self.dead.len().saturating_sub(16);
        self.dead.drain(..old);
    }

    pub fn number(&mut self) -> u32 {
        self.random.below(1000) as u32
    }

    fn spawn(&mut self, world: &mut World, figures: &mut Figures) {
        let number = self.number();
        let entity = match self.random.below(8) {
            0 | 1 => world.spawn((Health(number), Inventory(vec![number]))).id(),
            2 => world.spawn((Name::new(number.to_string()), Saved)).id(),
            3 => world.spawn(Name::new(number.to_string())).id(),
            4 => world.spawn((Player, Stat(number as f32), Burning(number))).id(),
            5 => world.spawn((Health(number), Serial(number), Disabled)).id(),
            6 => world.spawn((Titled(number), Lamp(number), Badge(number % 5))).id(),
            _ => world.spawn((Saved, Look::Dyed { colour: number.to_string() })).id(),
        };
        if self.random.one_in(3) {
            links::adopt(self, world, entity);
        }
        self.note(entity, figures);
    }

    fn note(&mut self, entity: Entity, figures: &mut Figures) {
        // Of an index, the first generation stands for all.
        let first = Entity::from_index(entity.index());
        figures.reused += u64::from(!self.used.insert(first));
        self.alive.push(entity);
    }

    /// Despawns an entity and spawns another one in its place, under its index if Bevy lets us.
    fn replace(&mut self, world: &mut World, old: Entity, figures: &mut Figures) {
        world.despawn(old);
        for _ in 0..4 {
            self.spawn(world, figures);
            let Some(new) = self.alive.last().copied() else { return };
            if new.index() == old.index() {
                return;
            }
            world.despawn(new);
        }
    }

    fn change_in_place(&mut self, world: &mut World, entity: Entity) {
        let number = self.number();
        let mut entity = world.entity_mut(entity);
        if let Some(mut health) = entity.get_mut::<Health>() {
            health.0 = number;
        }
        if number.is_multiple_of(2)
            && let Some(mut inventory) = entity.get_mut::<Inventory>()
        {
            inventory.0.push(number);
        }
        if number.is_multiple_of(3)
            && let Some(mut burning) = entity.get_mut::<Burning>()
        {
            burning.0 += 1;
        }
        if number.is_multiple_of(5)
            && let Some(mut look) = entity.get_mut::<Look>()
        {
            *look = Look::Plain;
        }
        if number.is_multiple_of(7) {
            entity.modify_component::<Serial, ()>(|serial| serial.0 += 1);
            entity.modify_component::<Badge, ()>(|badge| badge.0 = number % 5);
        }
        if let Some(mut fixture) = entity.get_mut::<Fixture>() {
            fixture.0 = number;
        }
        if let Some(mut lamp) = entity.get_mut::<Lamp>() {
            lamp.0 = number;
        }
    }

    fn insert(&mut self, world: &mut World, entity: Entity) {
        let number = self.number();
        let mut entity = world.entity_mut(entity);
        match self.random.below(13) {
            0 => _ = entity.insert(Health(number)),
            1 => _ = entity.insert((Armor(number), Stat(number.to_string()))),
            2 => _ = entity.insert(Inventory((0..number % 4).collect())),
            3 => _ = entity.insert(Burning(number)),
            4 => _ = entity.insert(Serial(number)),
            5 => _ = entity.insert((Player, Stat(number as f32))),
            6 => _ = entity.insert(Name::new(format!("{number}"))),
            7 => _ = entity.insert(Look::Dyed { colour: format!("{number}") }),
            8 => _ = entity.insert_if_new((Health(number), Burning(number))),
            9 => _ = entity.insert(Titled(number)),
            10 => _ = entity.insert(Badge(number % 5)),
            11 => _ = entity.insert(Lamp(number)),
            // What is removed and comes back within one capture.
            _ => {
                entity.remove::<(Burning, Armor)>();
                entity.insert((Burning(number), Armor(number)));
            }
        }
    }

    fn remove(&mut self, world: &mut World, entity: Entity) {
        // With what is required the marker goes, and `mark_or_unmark` says why that stays here.
        let courses = if world.get::<SaveKey>(entity).is_some() { 11 } else { 13 };
        let mut entity = world.entity_mut(entity);
        match self.random.below(courses) {
            0 => _ = entity.remove::<Health>(),
            1 => _ = entity.remove::<Armor>(),
            2 => _ = entity.remove::<(Inventory, Look)>(),
            3 => _ = entity.remove::<Burning>(),
            4 => _ = entity.remove::<Serial>(),
            5 => _ = entity.remove::<(Player, Stat<f32>, Stat<String>)>(),
            6 => _ = entity.remove::<Name>(),
            7 => _ = entity.remove::<Target>(),
            8 => _ = entity.remove::<Titled>(),
            9 => _ = entity.remove::<Badge>(),
            10 => _ = entity.remove::<Lamp>(),
            11 => _ = entity.remove_with_requires::<Lamp>(),
            _ => _ = entity.remove_with_requires::<Health>(),
        }
    }

    fn mark_or_unmark(&mut self, world: &mut World, entity: Entity) {
        // It would be an anchor without the marker, and its values would wait for another one.
        if world.get::<SaveKey>(entity).is_some() {
            return;
        }
        let mut entity = world.entity_mut(entity);
        match self.random.below(4) {
            0 => _ = entity.remove::<Saved>(),
            1 | 2 => _ = entity.insert(Saved),
            _ => {
                entity.remove::<(Saved, Armor)>();
                entity.insert(Saved);
            }
        }
    }

    fn disable_or_enable(&mut self, world: &mut World, entity: Entity) {
        let mut entity = world.entity_mut(entity);
        match self.random.below(6) {
            0 | 1 => _ = entity.insert(Disabled),
            2 => _ = entity.remove::<Disabled>(),
            3 => _ = entity.insert(Asleep),
            4 => _ = entity.insert(Frozen),
            _ => _ = entity.remove::<(Asleep, Frozen)>(),
        }
    }

    fn scope(&mut self, world: &mut World, entity: Entity) {
        let mut entity = world.entity_mut(entity);
        match self.random.below(4) {
            0 => _ = entity.insert(DespawnOnExit(Game::Playing)),
            1 => _ = entity.insert(DespawnOnExit(Game::Won)),
            2 => _ = entity.insert(DespawnOnEnter(Phase::Night)),
            _ => _ = entity.remove::<(DespawnOnExit<Game>, DespawnOnEnter<Phase>)>(),
        }
    }

    fn change_a_resource(&mut self, world: &mut World) {
        let number = self.number();
        match self.random.below(6) {
            0 | 1 => world.insert_resource(Score(number)),
            2 => {
                if let Some(mut score) = world.get_resource_mut::<Score>() {
                    score.0 += 1;
                }
            }
            3 => _ = world.remove_resource::<Score>(),
            4 => {
                let leader = links::anybody(self);
                world.insert_resource(Leader(leader));
            }
            _ => _ = world.remove_resource::<Leader>(),
        }
    }

    fn clone_or_clear(&mut self, world: &mut World, entity: Entity, figures: &mut Figures) {
        // Without its key it would be nobody's, and not even gone.
        let has_key = world.get::<SaveKey>(entity).is_some();
        if self.random.one_in(4) && !has_key {
            world.entity_mut(entity).clear();
            return;
        }
        let clone = world.entity_mut(entity).clone_and_spawn();
        self.note(clone, figures);
    }
}
