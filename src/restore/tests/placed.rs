//! Generated worlds of which a level has placed a part go back in place.

use bevy::ecs::change_detection::Tick;
use bevy::prelude::*;

use crate::SaveKey;
use crate::capture::CaptureScope;
use crate::capture::test_kit::*;
use crate::saved::Saved;

const WORLDS: u64 = 200;
const PLACED: usize = 5;

/// A game that does something at random.
struct Life {
    play: Play,
    dice: Dice,
}

impl Life {
    fn begin(seed: u64) -> Self {
        let mut play = Play::start();
        for number in 0..PLACED {
            play.world().spawn((SaveKey::new(format!("thing {number}")), Health(number as u32)));
        }
        for number in 10..16 {
            play.world().spawn(Health(number));
        }
        Self { play, dice: Dice(seed * 0x9e37_79b9) }
    }

    fn saved(&mut self) -> Vec<Entity> {
        let world = self.play.world();
        let mut saved: Vec<Entity> =
            world.query_filtered::<Entity, With<Saved>>().iter(world).collect();
        saved.sort_unstable();
        saved
    }

    fn one(&mut self) -> Entity {
        let saved = self.saved();
        self.dice.pick(&saved).unwrap()
    }

    fn act(&mut self) {
        let (one, other) = (self.one(), self.one());
        let number = self.dice.roll(4) as u32;
        let course = self.dice.roll(16);
        let world = self.play.world();
        let mut entity = world.entity_mut(one);
        match course {
            0 | 1 => drop(entity.insert(Health(number))),
            2 => entity.get_mut::<Health>().into_iter().for_each(|mut health| health.0 += 1),
            3 => drop(entity.insert(Inventory(vec![number; 2]))),
            4 => drop(entity.insert(Burning(number))),
            5 => drop(entity.insert(Serial(number))),
            6 => drop(entity.remove::<(Inventory, Serial)>()),
            7 => drop(entity.remove::<(Burning, MemberOf)>()),
            8 => drop(entity.remove::<ChildOf>()),
            9 => drop(entity.insert(Target { strength: number, targets: vec![other, one] })),
            10 if one != other => drop(entity.insert(MemberOf(other))),
            11 | 12 if !is_above(world, one, other) => {
                world.entity_mut(one).insert(ChildOf(other));
            }
            13 => drop(world.spawn((Health(number), ChildOf(one)))),
            14 => self.kill(one),
            15 => self.play.frame(),
            _ => {}
        }
    }

    /// Despawns an entity without a key, unless one with a key hangs from it: only its level would bring that back.
    fn kill(&mut self, victim: Entity) {
        let world = self.play.world();
        let mut placed = world.query_filtered::<Entity, With<SaveKey>>();
        if placed.iter(world).any(|placed| is_above(world, victim, placed)) {
            return;
        }
        world.despawn(victim);
        world.flush();
        let dead: Vec<Entity> = {
            let mut targets = world.query::<&Target>();
            let named = targets.iter(world).flat_map(|target| target.targets.clone());
            named.filter(|named| world.get_entity(*named).is_err()).collect()
        };
        for mut target in world.query::<&mut Target>().iter_mut(world) {
            if target.targets.iter().any(|named| dead.contains(named)) {
                target.targets.retain(|named| !dead.contains(named));
            }
        }
    }
}

#[test]
fn worlds_of_which_a_level_has_placed_a_part_come_back() {
    let mut opened_with_difference = 0;
    let mut stayed = 0;
    for seed in 1..=WORLDS {
        let mut life = Life::begin(seed);
        let mut moments: Vec<(Journal, Tick)> = Vec::new();
        life.play.full();
        let mut next = life.play.journal.next_save_id;
        for round in 0..6 {
            for _ in 0..life.dice.roll(20) {
                life.act();
            }
            life.play.frame();
            life.play.checkpoint(CaptureScope::Delta);
            next = next.max(life.play.journal.next_save_id);
            moments.push((life.play.journal.clone(), life.play.recorder.captured_at().unwrap()));
            for _ in 0..life.dice.roll(20) {
                life.act();
            }
            let (then, captured) = moments[life.dice.roll(moments.len())].clone();
            let placed: Vec<Entity> = {
                let world = life.play.world();
                world.query_filtered::<Entity, With<SaveKey>>().iter(world).collect()
            };
            let image = life.play.image(&then);
            // Without the tick as for a checkpoint of an earlier process: all is compared.
            let known = (life.dice.roll(5) > 0).then_some(captured);
            let replaced = life.play.restore_in_place(image, next, known);
            let place = format!("world {seed}, round {round}: {:?}", replaced.report);
            assert_eq!(life.play.journal.rows, then.rows, "{place}");
            assert!(replaced.report.extra.is_empty(), "{place}");
            for entity in placed {
                assert!(life.play.world().get_entity(entity).is_ok(), "{place}");
                stayed += 1;
            }
            if let Some(opened) = &life.play.opened {
                assert_eq!(opened.rows, then.rows, "{place}");
                opened_with_difference += 1;
            }
            next = next.max(life.play.journal.next_save_id);
        }
    }
    assert_eq!(stayed, WORLDS as usize * 6 * PLACED);
    assert!(opened_with_difference > WORLDS, "{opened_with_difference}");
}
