//! Captures of a game that does everything to its world, at random.

use bevy::ecs::entity_disabling::Disabled;
use bevy::prelude::*;
use bevy_session_journal::SaveId;

use super::assert_journal_is_the_world;
use crate::capture::test_kit::*;
use crate::saved::Saved;

/// Everything that a game does to its world, at random.
struct Churn {
    dice: Dice,
    entities: Vec<Entity>,
}

impl Churn {
    fn step(&mut self, world: &mut World) {
        self.entities.retain(|entity| world.get_entity(*entity).is_ok());
        let Some(entity) = self.dice.pick(&self.entities) else { return self.spawn(world) };
        let other = self.dice.pick(&self.entities).unwrap_or(entity);
        let number = self.dice.roll(1000) as u32;
        match self.dice.roll(18) {
            0..4 => self.spawn(world),
            4 => _ = world.despawn(entity),
            5 => _ = world.entity_mut(entity).insert((Health(number), Stat(number as f32))),
            6 => _ = world.entity_mut(entity).remove::<Armor>(),
            7 => _ = world.entity_mut(entity).insert((Burning(number), Serial(number))),
            8 => _ = world.entity_mut(entity).remove::<(Burning, Inventory)>(),
            9 => {
                let target = Target { strength: 1, targets: vec![other, entity] };
                world.entity_mut(entity).insert(target);
            }
            10 => _ = world.entity_mut(entity).remove::<Saved>(),
            11 => _ = world.entity_mut(entity).insert(Saved),
            12 if entity != other && !is_above(world, entity, other) => {
                world.entity_mut(entity).insert(ChildOf(other));
            }
            13 => _ = world.entity_mut(entity).remove::<ChildOf>(),
            14 => self.reorder(world, entity),
            15 => world.insert_resource(Score(number)),
            16 => _ = world.remove_resource::<Score>(),
            17 if world.entity(entity).contains::<Disabled>() => {
                world.entity_mut(entity).remove::<Disabled>();
            }
            17 => _ = world.entity_mut(entity).insert((Disabled, MemberOf(other))),
            _ => {}
        }
    }

    fn spawn(&mut self, world: &mut World) {
        let number = self.dice.roll(1000) as u32;
        let entity = match self.dice.roll(3) {
            0 => world.spawn((Health(number), Inventory(vec![number]))).id(),
            1 => world.spawn((Name::new(number.to_string()), Saved)).id(),
            _ => world.spawn(Name::new(number.to_string())).id(),
        };
        self.entities.push(entity);
    }

    fn reorder(&mut self, world: &mut World, parent: Entity) {
        let children = world.get::<Children>(parent).map(|children| children.to_vec());
        if let Some(child) = children.and_then(|children| self.dice.pick(&children)) {
            world.entity_mut(parent).insert_children(0, &[child]);
        }
    }
}

#[test]
fn any_chain_of_deltas_equals_a_full_capture() {
    for seed in 1..30 {
        let mut play = Play::start();
        let mut churn = Churn { dice: Dice(seed * 0x9e37_79b9), entities: Vec::new() };
        play.full();
        for _ in 0..30 {
            for _ in 0..churn.dice.roll(12) {
                for _ in 0..churn.dice.roll(8) {
                    churn.step(play.world());
                }
                play.frame();
            }
            let encoded = play.delta();
            assert!(encoded.drift.is_empty(), "seed {seed}: {:?}", encoded.drift);
            if churn.dice.roll(2) == 0 {
                play.recorder.recycle(encoded.facts.emptied);
            }
        }
        assert_journal_is_the_world(&mut play);
    }
}

#[test]
fn save_ids_are_never_used_twice() {
    let mut play = Play::start();
    let mut seen = std::collections::HashSet::<SaveId>::new();
    for _ in 0..20 {
        let entity = play.world().spawn(Health(1)).id();
        play.delta();
        assert!(seen.insert(*play.journal.of::<Health>().keys().next().unwrap()));
        play.world().despawn(entity);
        play.delta();
    }
}
