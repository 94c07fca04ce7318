//! A world of very many archetypes with few entities each.

use allocation_counter::measure;
use bevy::prelude::*;
use bevy::tasks::ComputeTaskPool;
use serde::{Deserialize, Serialize};

use crate::capture::test_kit::*;
use crate::capture::{CaptureScope, SessionAppExt};
use crate::saved::Saved;

const ARCHETYPES: usize = 10_000;

/// One of the markers whose combinations are the archetypes.
#[derive(Component, TypePath, Clone, Copy, Serialize, Deserialize)]
struct Mark<const BIT: usize>;

const MARKS: usize = 14;

/// A function for each of the markers.
macro_rules! for_each_mark {
    ($function:ident) => {
        for_each_mark!($function; 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
    };
    ($function:ident; $($bit:literal),*) => {
        [$($function::<$bit>),*]
    };
}

fn save<const BIT: usize>(app: &mut App) {
    app.save_component::<Mark<BIT>>();
}

/// Marks the entities whose number has this bit.
fn mark<const BIT: usize>(world: &mut World, entities: &[(u32, Entity)]) {
    let marked = entities.iter().filter(|(number, _)| number >> BIT & 1 == 1);
    world.insert_batch(marked.map(|(_, entity)| (*entity, Mark::<BIT>)));
}

fn bit_of<const BIT: usize>(entity: EntityRef<'_>) -> u32 {
    u32::from(entity.contains::<Mark<BIT>>()) << BIT
}

/// The number that the markers of an entity stand for.
fn number_of(entity: EntityRef<'_>) -> u32 {
    let bits: [fn(EntityRef<'_>) -> u32; MARKS] = for_each_mark!(bit_of);
    bits.into_iter().map(|bit| bit(entity)).sum()
}

fn populate(world: &mut World, in_each: usize) -> Vec<Entity> {
    let numbers = (0..ARCHETYPES as u32).flat_map(|number| std::iter::repeat_n(number, in_each));
    let armed = numbers.clone().map(|number| (Saved, Armor(number)));
    let entities: Vec<(u32, Entity)> = numbers.zip(world.spawn_batch(armed)).collect();
    let marks: [fn(&mut World, &[(u32, Entity)]); MARKS] = for_each_mark!(mark);
    marks.into_iter().for_each(|mark| mark(world, &entities));
    entities.into_iter().map(|(_, entity)| entity).collect()
}

/// The numbers of the entities, each of which has the markers for its number and no others.
fn numbers(world: &mut World) -> Vec<u32> {
    let mut entities = world.query::<EntityRef>();
    let numbers = entities.iter(world).filter_map(|entity| {
        let number = entity.get::<Armor>()?.0;
        assert_eq!(number_of(entity), number);
        Some(number)
    });
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable();
    numbers
}

fn inhabited_archetypes(world: &World) -> usize {
    world.archetypes().iter().filter(|archetype| !archetype.is_empty()).count()
}

/// With one entity in each, for the sake of time.
#[test]
fn ten_thousand_archetypes_are_restored() {
    let mut app = game();
    let savings: [fn(&mut App); MARKS] = for_each_mark!(save);
    savings.into_iter().for_each(|save| save(&mut app));
    let mut play = Play::of(app);
    populate(play.world(), 1);
    assert!(inhabited_archetypes(play.app.world()) >= ARCHETYPES);
    play.full();
    let journal = play.journal.clone();
    play.restore(&journal);
    assert!(numbers(play.world()).into_iter().eq(0..ARCHETYPES as u32));
}

#[test]
fn an_idle_capture_of_ten_thousand_archetypes_of_ten_allocates_nothing() {
    let mut play = Play::start();
    let entities = populate(play.world(), 10);
    assert!(inhabited_archetypes(play.app.world()) >= ARCHETYPES);
    let full = play.record(CaptureScope::Full);
    assert_eq!(full.entities(), entities.len() as u64);
    play.recorder.recycle(full);
    let armor = entities[77_777];
    play.world().get_mut::<Armor>(armor).unwrap().0 = 0;
    let delta = play.record(CaptureScope::Delta);
    assert_eq!(delta.rows(), 1);
    play.recorder.recycle(delta);
    let idle = |play: &mut Play| {
        let measured = measure(|| {
            let capture = play.record(CaptureScope::Delta);
            assert!(capture.is_empty());
            play.recorder.recycle(capture);
        });
        measured.count_total
    };
    // This thread may meanwhile do the work of other tests, with which it shares the pool.
    let least = (0..10).map(|_| idle(&mut play)).min().unwrap();
    // A capture that takes so long is shared, and each helper is an object of the pool's.
    let threads = ComputeTaskPool::get().thread_num();
    let of_the_pool = (threads + threads.div_ceil(31) + 3) as u64;
    assert!(least <= of_the_pool, "{least} allocations");
}
