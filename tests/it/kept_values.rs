//! The copies that a checkpoint is made of, after it is written.

// Feature: No copy of a value keeps an asset alive.
// Page: guide/costs.md#copies-in-memory

use std::sync::Arc;

use bevy::ecs::component::Mutable;
use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

use crate::common::*;

/// Something that is there as long as somebody has it, as an asset is.
type Picture = Arc<u32>;

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Seen {
    number: u32,
    #[serde(skip)]
    pictures: Vec<Picture>,
}

/// Reflection doesn't see the picture.
#[derive(Component, TypePath, Clone, Serialize, Deserialize)]
struct Unseen {
    number: u32,
    #[serde(skip)]
    _picture: Picture,
}

/// Spawns 100 with one picture, takes checkpoints with and without them, and says who has the picture then.
fn owners<T: Component<Mutability = Mutable>>(
    set_up: fn(&mut App),
    make: fn(u32, &Picture) -> T,
) -> usize {
    let mut app = game_with(plugin(&MemoryDisk::default()), set_up);
    let picture = Picture::new(7);
    let all: Vec<Entity> = (0..100)
        .map(|number| app.world_mut().spawn((Saved, make(number, &picture))).id())
        .collect();
    start(&mut app, "Pictures");
    for entity in &all[..50] {
        app.world_mut().get_mut::<T>(*entity).unwrap().set_changed();
    }
    seconds(&mut app, 6.0);
    assert_eq!(Arc::strong_count(&picture), 101, "the world has them, and nobody else");
    all.into_iter().for_each(|entity| _ = app.world_mut().despawn(entity));
    Arc::strong_count(&picture)
}

#[test]
fn no_saved_copy_keeps_a_shared_value_alive() {
    let seen = |number, picture: &Picture| Seen { number, pictures: vec![picture.clone()] };
    assert_eq!(owners(|_| {}, seen), 1);
    let unseen = |number, picture: &Picture| Unseen { number, _picture: picture.clone() };
    let set_up = |app: &mut App| {
        app.save_component::<Unseen>().keep_no_saved_copies::<Unseen>();
    };
    assert_eq!(owners(set_up, unseen), 1);
}
