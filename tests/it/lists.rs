//! The order of lists comes back as it was saved, also if hooks change them, and at any time that the level is loaded.

use std::num::NonZeroU32;
use std::time::Duration;

use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::world::DeferredWorld;
use bevy::prelude::*;
use bevy_session::checkpoints::CheckpointDrifted;
use bevy_session::placed::PlacedRestored;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReport;
use bevy_session::{MemoryDisk, SaveScope, SessionActivity, SessionRestored};
use serde::{Deserialize, Serialize};

use crate::common::{
    Dice, Health, Score, frames, game_with, listen, plugin, received, request, start,
};

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[relationship(relationship_target = Items)]
#[reflect(Component, Saved)]
struct ItemOf(Entity);

#[derive(Component, Debug)]
#[relationship_target(relationship = ItemOf)]
struct Items(Vec<Entity>);

/// Who has it puts itself, or the sibling of this number, at the end of the list, and for some numbers
/// out of it.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_insert = jostle)]
struct Restless(u32);

fn jostle(mut world: DeferredWorld<'_>, context: HookContext) {
    if world.contains_resource::<Calm>() {
        return;
    }
    world.commands().queue(move |world: &mut World| push_forward(world, context.entity));
}

/// Hooks do nothing.
#[derive(Resource)]
struct Calm;

fn push_forward(world: &mut World, entity: Entity) {
    let Some(Restless(number)) = world.get::<Restless>(entity).cloned() else { return };
    if let Some(parent) = world.get::<ChildOf>(entity).map(ChildOf::parent)
        && world.get::<SaveScope>(parent).is_none()
    {
        let siblings: Vec<Entity> =
            world.get::<Children>(parent).into_iter().flatten().copied().collect();
        let sibling = siblings[number as usize % siblings.len()];
        world.entity_mut(sibling).remove::<ChildOf>();
        if number % 3 > 0 {
            world.entity_mut(sibling).insert(ChildOf(parent));
        }
    }
    let bag = world.get::<ItemOf>(entity).map(|item| item.0);
    if let Some(bag) = bag.filter(|bag| world.get::<Items>(*bag).is_some()) {
        let items = world.get::<Items>(bag).map(|items| items.0.clone()).unwrap_or_default();
        let item = items[number as usize % items.len()];
        match number % 3 {
            0 => _ = world.entity_mut(item).remove::<ItemOf>(),
            1 => _ = world.entity_mut(item).remove::<ItemOf>().insert(ItemOf(bag)),
            _ => _ = world.entity_mut(item).insert(ItemOf(bag)),
        }
    }
    let healthy = world.query_filtered::<Entity, With<Health>>().iter(world).collect::<Vec<_>>();
    for other in healthy.into_iter().skip(number as usize % 4).step_by(3) {
        if let Some(mut health) = world.get_mut::<Health>(other) {
            health.0 += 1000;
        }
        if number.is_multiple_of(2) {
            world.entity_mut(other).insert(Name::new("jostled"));
        }
    }
}

fn game(disk: &MemoryDisk) -> App {
    let settings = SessionSettings {
        interval: Duration::from_secs(1),
        self_test: NonZeroU32::new(1),
        ..SessionSettings::default()
    };
    game_with(plugin(disk).settings(settings), |app| {
        listen::<CheckpointDrifted>(app);
        listen::<SessionRestored>(app);
        listen::<PlacedRestored>(app);
        app.register_type::<ItemOf>().insert_resource(Calm);
        app.add_observer(
            |_: On<Insert<Restless>>, activity: Res<SessionActivity>, mut score: ResMut<Score>| {
                if activity.restore().is_some() {
                    score.0 += 1;
                }
            },
        );
    })
}

/// The number of things. Those with an odd number are placed by the level, in parts that are loaded one after the
/// other; the others are spawned by the game.
const THINGS: u32 = 14;

fn is_placed(number: u32) -> bool {
    number % 2 == 1
}

fn load_part(app: &mut App, part: u32) {
    for number in (0..THINGS).filter(|number| is_placed(*number) && number / 2 % 2 == part) {
        app.world_mut().spawn((Health(1), SaveKey::new(format!("thing {number}"))));
    }
    frames(app, 2);
}

/// A parent and a bag of the game's own, with things in both of which the level places some.
fn played(disk: &MemoryDisk, seed: u64) -> App {
    let mut app = game(disk);
    let mut dice = Dice(seed);
    for part in 0..2 {
        load_part(&mut app, part);
    }
    let world = app.world_mut();
    for number in (0..THINGS).filter(|number| !is_placed(*number)) {
        world.spawn((Health(1), Name::new(format!("thing {number}"))));
    }
    let families: Vec<Entity> = (0..2)
        .map(|number| world.spawn((Health(number), Name::new(format!("family {number}")))).id())
        .collect();
    let mut things: Vec<Entity> = world
        .query_filtered::<Entity, (With<Health>, Or<(With<Name>, With<SaveKey>)>)>()
        .iter(world)
        .filter(|thing| !families.contains(thing))
        .collect();
    for links in 0..2 {
        dice.shuffle(&mut things);
        for thing in &things {
            let family = families[dice.roll(2) as usize];
            if dice.roll(5) > 0 {
                match links {
                    0 => _ = world.entity_mut(*thing).insert(ChildOf(family)),
                    _ => _ = world.entity_mut(*thing).insert(ItemOf(family)),
                }
            }
        }
    }
    for thing in &things {
        world.get_mut::<Health>(*thing).unwrap().0 = dice.roll(100) as u32;
        if dice.roll(3) == 0 {
            world.entity_mut(*thing).insert(Restless(dice.roll(30) as u32));
        }
    }
    world.resource_mut::<Score>().0 = 77;
    start(&mut app, "Lists");
    app
}

fn name_of(world: &World, entity: Entity) -> String {
    let key = world.get::<SaveKey>(entity).map(|key| key.as_str().to_owned());
    let name = world.get::<Name>(entity).map(|name| name.as_str().to_owned());
    key.or(name).unwrap_or_else(|| "no one".to_owned())
}

fn names_of(world: &World, entities: &[Entity]) -> Vec<String> {
    entities.iter().map(|entity| name_of(world, *entity)).collect()
}

/// Everything that is saved, with the lists in their order.
fn everything(app: &mut App) -> Vec<String> {
    let world = app.world_mut();
    let entities = world.query_filtered::<Entity, With<Health>>().iter(world).collect::<Vec<_>>();
    let mut all: Vec<String> = entities
        .into_iter()
        .map(|entity| {
            let children = world.get::<Children>(entity).map(|list| names_of(world, list));
            let items = world.get::<Items>(entity).map(|list| names_of(world, &list.0));
            let (health, name) = (world.get::<Health>(entity), world.get::<Name>(entity));
            let restless = world.get::<Restless>(entity);
            format!(
                "{} {name:?} {health:?} {restless:?} children {children:?} items {items:?}",
                name_of(world, entity)
            )
        })
        .collect();
    all.sort_unstable();
    all.push(format!("{:?}", world.resource::<Score>()));
    all
}

fn recover(app: &mut App) -> RestoreReport {
    frames(app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(app, 3);
    received::<SessionRestored>(app).remove(0).report
}

/// Another process goes on with a session, with hooks that disturb.
fn goes_on(disk: &MemoryDisk) -> App {
    let mut app = game(disk);
    app.world_mut().remove_resource::<Calm>();
    app
}

#[test]
fn list_order_is_restored_despite_hooks_and_late_levels() {
    for seed in 1..25 {
        let disk = MemoryDisk::default();
        let mut playing = played(&disk, seed);
        let expected = everything(&mut playing);
        // How many parts of the level are there before the restore.
        for before in [2, 0, 1] {
            let mut app = goes_on(&disk.snapshot());
            (0..before).for_each(|part| load_part(&mut app, part));
            let report = recover(&mut app);
            assert!(report.not_as_saved.is_empty(), "seed {seed}: {report:?}");
            (before..2).for_each(|part| load_part(&mut app, part));
            assert_eq!(everything(&mut app), expected, "seed {seed}, {before} parts before");
            // What is reported of the last part is heard a frame later.
            frames(&mut app, 1);
            for claimed in received::<PlacedRestored>(&app) {
                assert!(claimed.report.not_as_saved.is_empty(), "{:?}", claimed.report);
            }
        }
    }
}

#[test]
fn absent_list_members_keep_their_place_through_crashes() {
    for seed in 1..12 {
        let disk = MemoryDisk::default();
        let mut playing = played(&disk, seed);
        let expected = everything(&mut playing);
        let mut disk = disk.snapshot();
        // Nothing, one part, and the other one are there; what is missing waits.
        for parts in [0..0, 0..1, 1..2, 0..0] {
            let mut app = goes_on(&disk);
            recover(&mut app);
            parts.for_each(|part| load_part(&mut app, part));
            // Of what is there, the list changes and changes back.
            let world = app.world_mut();
            let mut families = world.query::<&mut Children>();
            families.iter_mut(world).for_each(|mut children| children.sort_by_key(|_| 0));
            request(&mut app, |commands| commands.session().checkpoint("now"));
            frames(&mut app, 3);
            disk = disk.snapshot();
        }
        let mut app = goes_on(&disk);
        (0..2).for_each(|part| load_part(&mut app, part));
        recover(&mut app);
        assert_eq!(everything(&mut app), expected, "seed {seed}");
    }
}

/// Two who are linked to each other's bag, of whom one has a hook.
fn bag_of_four(app: &mut App, restless: u32) -> Entity {
    let world = app.world_mut();
    let bag = world.spawn((Health(100), Name::new("bag"))).id();
    for number in 0..4 {
        let thing = world.spawn((Health(number), Name::new(format!("thing {number}")))).id();
        world.entity_mut(thing).insert((ItemOf(bag), ChildOf(bag)));
        if number == 2 {
            world.entity_mut(thing).insert(Restless(restless));
        }
    }
    bag
}

#[test]
fn a_link_that_a_hook_removes_or_writes_again_keeps_its_place_in_the_list() {
    // Removed, removed and inserted, inserted over.
    for restless in [0, 1, 5] {
        let disk = MemoryDisk::default();
        let mut app = game(&disk);
        bag_of_four(&mut app, restless);
        start(&mut app, "Bag");
        let expected = everything(&mut app);
        let mut app = goes_on(&disk.snapshot());
        recover(&mut app);
        assert_eq!(everything(&mut app), expected, "restless {restless}");
    }
}

#[test]
fn list_members_that_leave_with_a_level_return_to_their_places() {
    for seed in 1..20 {
        let disk = MemoryDisk::default();
        let mut app = game(&disk);
        let load = |app: &mut App| {
            let world = app.world_mut();
            let root = world.spawn((SaveKey::new("level"), SaveScope::new("level"))).id();
            for number in (0..THINGS).filter(|number| is_placed(*number)) {
                let key = SaveKey::new(format!("thing {number}"));
                world.spawn((Health(1), key, ChildOf(root)));
            }
            frames(app, 2);
            root
        };
        let root = load(&mut app);
        let world = app.world_mut();
        for number in (0..THINGS).filter(|number| !is_placed(*number)) {
            world.spawn((Health(1), Name::new(format!("thing {number}"))));
        }
        let mut things: Vec<Entity> =
            world.query_filtered::<Entity, With<Health>>().iter(world).collect();
        let bag = world.spawn((Health(5), Name::new("bag"))).id();
        Dice(seed).shuffle(&mut things);
        things.iter().for_each(|thing| _ = world.entity_mut(*thing).insert(ItemOf(bag)));
        start(&mut app, "Left");
        let expected = everything(&mut app);
        app.world_mut().despawn(root);
        // With a checkpoint in between, or without.
        if seed % 2 == 0 {
            request(&mut app, |commands| commands.session().checkpoint("away"));
        }
        frames(&mut app, 3);
        let away = disk.snapshot();
        load(&mut app);
        assert_eq!(everything(&mut app), expected, "seed {seed}");
        let mut app = goes_on(&away);
        load(&mut app);
        recover(&mut app);
        assert_eq!(everything(&mut app), expected, "seed {seed}, after a crash");
    }
}

fn load_scope(app: &mut App, part: u32) {
    let world = app.world_mut();
    let name = format!("part {part}");
    let root = world.spawn((SaveKey::new(&name), SaveScope::new(&name))).id();
    for number in (0..THINGS).filter(|number| is_placed(*number) && number / 2 % 2 == part) {
        let key = SaveKey::new(format!("thing {number}"));
        world.spawn((Health(1), key, ChildOf(root)));
    }
    frames(app, 2);
}

/// The root of a part of the level, if it is loaded.
fn scope(app: &mut App, part: u32) -> Option<Entity> {
    let world = app.world_mut();
    let scopes = world.query::<(Entity, &SaveScope)>().iter(world).collect::<Vec<_>>();
    let name = format!("part {part}");
    scopes.into_iter().find(|(_, scope)| scope.0 == name).map(|(root, _)| root)
}

fn picked<T: Component>(app: &mut App, dice: &mut Dice) -> Option<Entity> {
    let world = app.world_mut();
    let mut all: Vec<(String, Entity)> = world
        .query_filtered::<Entity, (With<T>, Without<Fixture>)>()
        .iter(world)
        .map(|entity| (name_of(world, entity), entity))
        .collect();
    all.sort_unstable();
    (!all.is_empty()).then(|| all[dice.roll(all.len() as u64) as usize].1)
}

/// Something that happens in a game whose level comes and goes.
fn happen(app: &mut App, dice: &mut Dice) {
    let part = dice.roll(2) as u32;
    let loaded = scope(app, part);
    let thing = picked::<Health>(app, dice);
    let bags = app.world_mut().query_filtered::<Entity, With<Fixture>>();
    let mut bags: Vec<Entity> = { bags }.iter(app.world()).collect();
    bags.sort_unstable_by_key(|bag| name_of(app.world(), *bag));
    let bag = bags[dice.roll(bags.len() as u64) as usize];
    let Some(thing) = thing else { return };
    match dice.roll(11) {
        0..3 => match loaded {
            Some(root) => _ = app.world_mut().despawn(root),
            None => load_scope(app, part),
        },
        3..6 => _ = app.world_mut().entity_mut(thing).insert(ItemOf(bag)),
        6 => _ = app.world_mut().entity_mut(thing).remove::<ItemOf>(),
        7 => {
            if let Some(mut items) = app.world_mut().get_mut::<Items>(bag) {
                dice.shuffle(&mut items.0);
            }
        }
        8 => _ = app.world_mut().entity_mut(thing).insert(Restless(dice.roll(30) as u32)),
        9 if app.world().get::<SaveKey>(thing).is_some() => _ = app.world_mut().despawn(thing),
        9 => {
            let key = SaveKey::new(format!("thing {}", dice.roll(u64::from(THINGS))));
            request(app, |commands| commands.session().placed().forget(key));
        }
        _ => frames(app, 11),
    }
    frames(app, 1);
}

/// A bag that stays.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Fixture;

#[test]
fn a_checkpoint_restores_the_same_world_whenever_levels_load() {
    for seed in 1..12 {
        let mut dice = Dice(seed);
        let mut disk = MemoryDisk::default();
        let mut app = game(&disk);
        load_scope(&mut app, 0);
        let world = app.world_mut();
        for number in (0..THINGS).filter(|number| !is_placed(*number)) {
            world.spawn((Health(1), Name::new(format!("thing {number}"))));
        }
        for number in 0..2 {
            world.spawn((Health(1), Fixture, Name::new(format!("bag {number}"))));
        }
        start(&mut app, "Walk");
        for crash in 0..3 {
            (0..25).for_each(|_| happen(&mut app, &mut dice));
            request(&mut app, |commands| commands.session().checkpoint("now"));
            frames(&mut app, 3);
            let drifted = received::<CheckpointDrifted>(&app);
            assert!(drifted.is_empty(), "seed {seed}, crash {crash}: {drifted:?}");
            let mut worlds = [0, 1, 2].map(|before| {
                let mut app = goes_on(&disk.snapshot());
                (0..before).for_each(|part| load_scope(&mut app, part));
                recover(&mut app);
                (before..2).for_each(|part| load_scope(&mut app, part));
                everything(&mut app)
            });
            let expected = worlds[2].clone();
            for (before, world) in worlds.iter_mut().enumerate() {
                assert_eq!(*world, expected, "seed {seed}, crash {crash}, {before} parts before");
            }
            disk = disk.snapshot();
            app = goes_on(&disk);
            if dice.roll(2) == 0 {
                load_scope(&mut app, dice.roll(2) as u32);
            }
            recover(&mut app);
        }
    }
}

/// The player leaves a part of the level, and nothing else happens before the next checkpoint.
fn leave_scope(app: &mut App, part: u32) {
    let root = scope(app, part).unwrap();
    app.world_mut().despawn(root);
    request(app, |commands| commands.session().checkpoint("left"));
    frames(app, 3);
}

/// Puts something in front of what is in a bag.
fn put_first(app: &mut App, name: &str, bag: Entity) {
    let world = app.world_mut();
    let things = world.query_filtered::<Entity, With<Health>>().iter(world).collect::<Vec<_>>();
    let thing = things.into_iter().find(|thing| name_of(world, *thing) == name).unwrap();
    world.entity_mut(thing).insert(ItemOf(bag));
    world.get_mut::<Items>(bag).unwrap().0.rotate_right(1);
}

#[test]
fn list_members_keep_their_place_while_only_one_is_present() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    (0..2).for_each(|part| load_scope(&mut app, part));
    let bag = app.world_mut().spawn((Health(1), Name::new("bag"))).id();
    app.world_mut().spawn((Health(1), Name::new("stays"), ItemOf(bag)));
    put_first(&mut app, "thing 1", bag);
    start(&mut app, "Bag");
    leave_scope(&mut app, 0);
    // Comes and goes between two checkpoints.
    put_first(&mut app, "thing 3", bag);
    leave_scope(&mut app, 1);
    let drifted = received::<CheckpointDrifted>(&app);
    let mut app = game(&disk.snapshot());
    recover(&mut app);
    (0..2).for_each(|part| load_scope(&mut app, part));
    let world = app.world_mut();
    let items = world.query::<&Items>().single(world).unwrap().0.clone();
    assert_eq!(names_of(world, &items), ["thing 3", "thing 1", "stays"]);
    assert!(drifted.is_empty(), "{drifted:?}");
}

#[test]
fn a_late_list_member_keeps_an_order_sorted_meanwhile() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    let bag = bag_of_four(&mut app, 0);
    let late = app.world_mut().spawn((Health(9), SaveKey::new("late"), ChildOf(bag))).id();
    app.world_mut().entity_mut(bag).insert_children(3, &[late]);
    start(&mut app, "Sorted");
    let mut app = game(&disk.snapshot());
    recover(&mut app);
    let world = app.world_mut();
    let mut lists = world.query::<&mut Children>();
    let mut places = (0..4).rev();
    lists.single_mut(world).unwrap().sort_by_cached_key(|_| places.next());
    frames(&mut app, 2);
    app.world_mut().spawn((Health(1), SaveKey::new("late")));
    frames(&mut app, 2);
    let world = app.world_mut();
    let children = world.query::<&Children>().single(world).unwrap().to_vec();
    // It follows whom it followed.
    assert_eq!(names_of(world, &children), ["thing 3", "thing 2", "late", "thing 1", "thing 0"]);
}
