//! Types of no size, of unusual alignment and of a whole page, in tables and in sparse sets.

use std::fmt;

use bevy::ecs::component::Mutable;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::assert_journal_is_the_world;
use crate::capture::test_kit::*;
use crate::capture::{Saveable, SessionAppExt};
use crate::saved::Saved;

/// The types, in one kind of storage.
macro_rules! shapes {
    ($storage_module:ident, $storage:tt) => {
        mod $storage_module {
            use super::*;

            #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
            #[component(storage = $storage)]
            pub(super) struct Empty;

            #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
            #[component(storage = $storage)]
            #[repr(align(128))]
            pub(super) struct Aligned(pub u8);

            #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
            #[component(storage = $storage)]
            pub(super) struct Page(pub [[u64; 32]; 16]);

            /// Without size, and aligned all the same.
            #[derive(Component, TypePath, Clone, PartialEq, Debug, Serialize, Deserialize)]
            #[component(storage = $storage)]
            #[repr(align(64))]
            pub(super) struct EmptyAligned;
        }
    };
}

shapes!(tables, "Table");
shapes!(sparse_sets, "SparseSet");

fn page(number: u8) -> [[u64; 32]; 16] {
    std::array::from_fn(|row| std::array::from_fn(|place| (row * place) as u64 + u64::from(number)))
}

const COUNT: u8 = 20;

/// Each change of one of many is in the next delta and alone, and all of them come back.
fn come_back<T>(make: impl Fn(u8) -> T)
where
    T: Saveable + Component<Mutability = Mutable> + PartialEq + fmt::Debug,
{
    let mut app = game();
    app.save_component::<T>();
    let mut play = Play::of(app);
    let spawn = |number: u8| {
        let serial = Serial(number.into());
        let world = play.app.world_mut();
        let entity = world.spawn((serial, make(number))).id();
        if number.is_multiple_of(2) {
            world.entity_mut(entity).insert(Player);
        }
        entity
    };
    let entities: Vec<Entity> = (0..COUNT).map(spawn).collect();
    play.full();
    for (number, entity) in (100..).zip(&entities) {
        *play.world().get_mut::<T>(*entity).unwrap() = make(number);
        let encoded = play.delta();
        let rows = encoded.blocks.iter().map(|block| (&*block.type_path, block.ids().len()));
        assert_eq!(rows.collect::<Vec<_>>(), [(T::type_path(), 1)]);
        play.recorder.recycle(encoded.facts.emptied);
    }
    // One leaves, one comes, and one moves to another table.
    play.world().entity_mut(entities[0]).remove::<T>();
    play.world().entity_mut(entities[1]).insert(Player);
    play.world().spawn((Serial(COUNT.into()), make(100 + COUNT)));
    play.frame();
    play.delta();
    assert_journal_is_the_world(&mut play);
    let journal = play.journal.clone();
    play.restore(&journal);
    let world = play.world();
    let mut restored = world.query_filtered::<(&Serial, &T), With<Saved>>();
    let mut values: Vec<(u32, T)> =
        restored.iter(world).map(|(serial, value)| (serial.0, value.clone())).collect();
    values.sort_by_key(|(serial, _)| *serial);
    let expected = (1..=COUNT).map(|number| (u32::from(number), make(100 + number)));
    assert_eq!(values, expected.collect::<Vec<_>>());
}

#[test]
fn zero_sized_types_are_restored() {
    come_back(|_| tables::Empty);
    come_back(|_| sparse_sets::Empty);
    come_back(|_| tables::EmptyAligned);
    come_back(|_| sparse_sets::EmptyAligned);
}

#[test]
fn over_aligned_types_are_restored() {
    come_back(tables::Aligned);
    come_back(sparse_sets::Aligned);
}

#[test]
fn types_of_a_whole_page_are_restored() {
    assert_eq!(size_of::<tables::Page>(), 4096);
    come_back(|number| tables::Page(page(number)));
    come_back(|number| sparse_sets::Page(page(number)));
}
