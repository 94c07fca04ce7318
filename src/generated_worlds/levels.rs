//! The levels of the game, which place entities under their keys.
//!
//! A room hangs from a root with a [`SaveScope`], so that its things are as they were left when it
//! is entered again. A door hangs from nothing. What is despawned otherwise is gone for good.

use std::collections::{BTreeMap, BTreeSet};

use bevy::ecs::entity::EntityHashSet;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::Random;
use super::churn::Churn;
use super::hooks::{Badge, Lamp, Titled};
use super::portrait::{Values, plain_values_of};
use crate::capture::test_kit::*;
use crate::capture::{Placed, hanging_from};
use crate::{ReflectSaved, SaveKey, SaveScope, Saved};

/// The rooms. Each hangs from a root with this key.
const ROOMS: [&str; 2] = ["attic", "cellar"];
/// The things of each room.
const THINGS: [&str; 3] = ["chest", "lamp", "rat"];
const DOORS: [&str; 3] = ["door/east", "door/north", "door/west"];

/// Is on all that a level places and says which kind of entity that is, so a game never removes
/// it: the values of one kind aren't written onto another.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
pub struct Fixture(pub u32);

/// The values with which things were left in their rooms.
pub type Left = BTreeMap<SaveKey, Values>;

/// The level of a moment, as the game loads it while a restore waits for that.
#[derive(Clone, Debug)]
pub struct Level {
    rooms: BTreeSet<&'static str>,
    /// The keys of living entities.
    pub living: BTreeSet<SaveKey>,
    /// The keys whose entities are gone for good, of which a level knows nothing.
    pub gone: BTreeSet<SaveKey>,
    /// The keys whose values are kept, since their entities were left in a room.
    pub waiting: BTreeSet<SaveKey>,
}

impl Level {
    /// The level that is loaded.
    pub fn of(world: &World) -> Self {
        let placed = world.resource::<Placed>();
        Self {
            rooms: roots(world).into_keys().collect(),
            living: living(world).into_keys().collect(),
            gone: placed.gone().cloned().collect(),
            waiting: placed.waiting().cloned().collect(),
        }
    }

    /// Loads this level instead of the one that is there, without those who come `late`. What it
    /// has in both stays, unless the game loads everything again.
    pub fn load(&self, world: &mut World, late: &BTreeSet<SaveKey>, random: &mut Random) {
        let all_again = random.one_in(3);
        for (room, root) in roots(world) {
            if all_again || !self.rooms.contains(room) {
                world.despawn(root);
            }
        }
        for (key, entity) in living(world) {
            let stays =
                self.living.contains(&key) && !late.contains(&key) || self.gone.contains(&key);
            if all_again || !stays {
                // It may have gone with another one.
                _ = world.try_despawn(entity);
            }
        }
        for room in &self.rooms {
            if !roots(world).contains_key(room) {
                spawn_root(world, room);
            }
        }
        // Those that are gone for good come as well, and have to go again.
        let gone = self.gone.iter().filter(|key| self.is_loaded(key) && random.one_in(2));
        let wanted: Vec<&SaveKey> = self.living.difference(late).chain(gone).collect();
        bring(world, wanted, random);
    }

    /// Loads those who came late.
    pub fn load_late(&self, world: &mut World, late: &BTreeSet<SaveKey>, random: &mut Random) {
        bring(world, late, random);
    }

    fn is_loaded(&self, key: &SaveKey) -> bool {
        room_of(key).is_none_or(|room| self.rooms.contains(room))
    }
}

/// Does one of the things that happen to what a level has placed.
pub fn turn(churn: &mut Churn, world: &mut World) {
    match churn.random.below(8) {
        0..3 => enter(churn, world),
        3 => leave(churn, world),
        4 | 5 => place_again(churn, world),
        6 => start_fresh(churn, world),
        _ => take(churn, world),
    }
}

/// Loads a room. The plugin writes what is kept for it.
fn enter(churn: &mut Churn, world: &mut World) {
    let Some(room) = churn.random.pick(&ROOMS).copied() else { return };
    if roots(world).contains_key(room) {
        return;
    }
    spawn_root(world, room);
    let things: Vec<SaveKey> = THINGS.iter().map(|thing| key(room, thing)).collect();
    churn.alive.extend(bring(world, &things, &mut churn.random));
}

/// Unloads a room.
fn leave(churn: &mut Churn, world: &mut World) {
    let loaded: Vec<Entity> = roots(world).into_values().collect();
    let Some(root) = churn.random.pick(&loaded).copied() else { return };
    for (key, entity) in living(world) {
        // What has waited since before this frame has its values from then.
        let has_waited = world.resource::<Placed>().waiting().any(|waiting| *waiting == key);
        if is_above(world, root, entity) && !has_waited {
            churn.left.insert(key, plain_values_of(world.entity(entity)));
        }
    }
    world.despawn(root);
}

/// A level spawns something again: it comes back, or was gone for good and goes at once.
fn place_again(churn: &mut Churn, world: &mut World) {
    let rooms = roots(world);
    let things = rooms.keys().flat_map(|room| THINGS.iter().map(|thing| key(room, thing)));
    let all: Vec<SaveKey> = things.chain(DOORS.iter().map(SaveKey::new)).collect();
    let Some(one) = churn.random.pick(&all) else { return };
    churn.alive.extend(bring(world, [one], &mut churn.random));
}

/// A level lets one come back that is gone for good, as a rat that comes out of its hole again.
fn start_fresh(churn: &mut Churn, world: &mut World) {
    let mut placed = world.resource_mut::<Placed>();
    let mut gone: Vec<SaveKey> = placed.gone().cloned().collect();
    gone.sort_unstable();
    if let Some(key) = churn.random.pick(&gone) {
        placed.release(key.clone());
    }
}

/// Despawns one for good.
fn take(churn: &mut Churn, world: &mut World) {
    let all: Vec<Entity> = living(world).into_values().collect();
    if let Some(one) = churn.random.pick(&all) {
        world.despawn(*one);
    }
}

/// Spawns what a level has under these keys, unless it is there.
fn bring<'a>(
    world: &mut World,
    keys: impl IntoIterator<Item = &'a SaveKey>,
    random: &mut Random,
) -> Vec<Entity> {
    let (rooms, living) = (roots(world), living(world));
    let missing = keys.into_iter().filter(|key| !living.contains_key(*key));
    let spawned = missing.map(|key| {
        let root = room_of(key).and_then(|room| rooms.get(room).copied());
        spawn(world, key, root, random.below(1_000) as u32)
    });
    spawned.collect()
}

fn spawn(world: &mut World, key: &SaveKey, root: Option<Entity>, number: u32) -> Entity {
    let mut one = world.spawn((key.clone(), Fixture(number)));
    match key.as_str() {
        "attic/chest" | "cellar/chest" => one.insert(Inventory(vec![number])),
        "attic/lamp" | "cellar/lamp" => one.insert(Lamp(number)),
        "attic/rat" | "cellar/rat" => one.insert((Health(number), Titled(number))),
        "door/east" => one.insert((Badge(number % 5), Serial(number))),
        "door/west" => one.insert((Name::new("door"), Burning(number))),
        _ => &mut one,
    };
    if let Some(root) = root {
        one.insert(ChildOf(root));
    }
    one.id()
}

fn spawn_root(world: &mut World, room: &'static str) {
    world.spawn((SaveKey::new(room), SaveScope::new(room)));
}

fn key(room: &str, thing: &str) -> SaveKey {
    SaveKey::new(format!("{room}/{thing}"))
}

/// A name for the root with a key, the same in each world.
pub fn root_by_key(key: &SaveKey) -> Entity {
    let place = ROOMS.iter().position(|room| *room == key.as_str()).expect("a room's key");
    // Far above the ids of a session.
    Entity::from_raw_u32(1_000 + place as u32).expect("a valid index")
}

/// The room of a thing; a door has none.
fn room_of(key: &SaveKey) -> Option<&'static str> {
    let (room, _) = key.as_str().split_once('/')?;
    ROOMS.iter().find(|known| **known == room).copied()
}

/// The roots of the rooms that are loaded.
fn roots(world: &World) -> BTreeMap<&'static str, Entity> {
    let with_key = with_key(world).filter(|(.., is_saved)| !is_saved);
    let of_room = |(key, entity, _): (SaveKey, Entity, bool)| {
        let room = ROOMS.iter().find(|room| **room == key.as_str())?;
        Some((*room, entity))
    };
    with_key.filter_map(of_room).collect()
}

/// The placed entities that are saved.
fn living(world: &World) -> BTreeMap<SaveKey, Entity> {
    let saved = with_key(world).filter(|(.., is_saved)| *is_saved);
    saved.map(|(key, entity, _)| (key, entity)).collect()
}

/// The values of all that a level has placed, but for what refers to others.
pub fn values_of_placed(world: &World) -> impl Iterator<Item = (SaveKey, Values)> {
    let living = living(world).into_iter();
    living.map(|(key, entity)| (key, plain_values_of(world.entity(entity))))
}

/// Entities with a key, with true if they are saved. By archetype, since a query passes over what
/// is disabled.
fn with_key(world: &World) -> impl Iterator<Item = (SaveKey, Entity, bool)> {
    let entities = world.archetypes().iter().flat_map(|archetype| archetype.entities());
    let entities = entities.map(|entity| world.entity(entity.id()));
    entities.filter_map(|entity| {
        Some((entity.get::<SaveKey>()?.clone(), entity.id(), entity.contains::<Saved>()))
    })
}

/// Returns true if an entity may hang from another one.
///
/// What a level has placed hangs from nothing that a restore despawns: it would go with that, and
/// only its level would bring it back.
pub fn may_hang(world: &World, entity: Entity, from: Entity) -> bool {
    !holds_placed(world, entity) || world.get::<SaveKey>(from).is_some()
}

/// Returns true if a level has placed an entity, or one that is despawned with it.
fn holds_placed(world: &World, entity: Entity) -> bool {
    let (mut waiting, mut seen) = (vec![entity], EntityHashSet::default());
    while let Some(found) = waiting.pop() {
        if world.get::<SaveKey>(found).is_some() {
            return true;
        }
        if seen.insert(found) {
            waiting.extend(hanging_from(world, found));
        }
    }
    false
}
