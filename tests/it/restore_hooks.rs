//! Hooks of components, and the commands that they queue, during a restore: the saved values win.

// Feature: No system of the game sees half of a restored world; hooks are put right.

use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::world::DeferredWorld;
use bevy::prelude::*;
use bevy_session::placed::PlacedRestored;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreReport;
use bevy_session::{MemoryDisk, SessionRestored};
use serde::{Deserialize, Serialize};

use crate::common::{Health, game_with, listen, plugin, recover_offered, start};

/// Wherever it is inserted, its own hook loads it.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_insert = reload)]
struct Ammo(u32);

fn reload(mut world: DeferredWorld<'_>, context: HookContext) {
    if let Some(mut ammo) = world.get_mut::<Ammo>(context.entity) {
        ammo.0 = 10;
    }
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Strength(u32);

/// Equipment whose bonus is applied by its hook.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_insert = apply_bonus)]
#[require(Strength)]
struct Sword;

fn apply_bonus(mut world: DeferredWorld<'_>, context: HookContext) {
    if let Some(mut strength) = world.get_mut::<Strength>(context.entity) {
        strength.0 += 5;
    }
}

/// The same by a command, to the bearer and to its parent.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_add = bless)]
struct Blessing;

fn bless(mut world: DeferredWorld<'_>, context: HookContext) {
    let parent = world.get::<ChildOf>(context.entity).map(ChildOf::parent);
    for entity in parent.into_iter().chain([context.entity]) {
        world.commands().queue(move |world: &mut World| {
            if let Some(mut strength) = world.get_mut::<Strength>(entity) {
                strength.0 += 1;
            }
        });
    }
}

/// The hook of an unsaved component that comes with a saved one.
#[derive(Component, Default)]
#[component(on_add = drain)]
struct Curse;

fn drain(mut world: DeferredWorld<'_>, context: HookContext) {
    if let Some(mut health) = world.get_mut::<Health>(context.entity) {
        health.0 = 1;
    }
    // Its work is done.
    world.commands().entity(context.entity).remove::<Curse>();
}

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[require(Curse)]
struct Cursed;

/// Nothing but an insert changes it.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(immutable)]
struct Rank(u32);

/// Sets the rank that its bearer starts with.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_insert = enlist)]
struct Soldier;

fn enlist(mut world: DeferredWorld<'_>, context: HookContext) {
    world.commands().entity(context.entity).insert(Rank(0));
}

/// An immutable component that makes itself another one whenever it is inserted.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(immutable, on_insert = insist)]
struct Stubborn(u32);

fn insist(mut world: DeferredWorld<'_>, context: HookContext) {
    if world.contains_resource::<Armed>()
        && world.get::<Stubborn>(context.entity) != Some(&Stubborn(7))
    {
        world.commands().entity(context.entity).insert(Stubborn(7));
    }
}

/// Takes the strength away that its bearer has, for good.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_add = weaken)]
struct Weakness;

fn weaken(mut world: DeferredWorld<'_>, context: HookContext) {
    world.commands().entity(context.entity).remove::<Strength>();
}

/// Changes nothing that is saved.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_insert = look)]
struct Harmless(u32);

fn look(world: DeferredWorld<'_>, context: HookContext) {
    assert!(world.get::<Harmless>(context.entity).is_some());
}

/// Where its bearer is inserted, others come and go.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_add = summon)]
struct Summoner;

fn summon(mut world: DeferredWorld<'_>, context: HookContext) {
    if world.contains_resource::<Armed>() {
        world.commands().spawn(Health(66));
        world.commands().entity(context.entity).despawn();
    }
}

/// Some hooks do nothing in the world that is saved.
#[derive(Resource)]
struct Armed;

fn game(disk: &MemoryDisk) -> App {
    game_with(plugin(disk), |app| {
        listen::<SessionRestored>(app);
        listen::<PlacedRestored>(app);
    })
}

fn one<T: Component + Clone>(app: &mut App) -> T {
    let world = app.world_mut();
    world.query::<&T>().single(world).expect("one of these").clone()
}

fn set<T: Component<Mutability = bevy::ecs::component::Mutable>>(app: &mut App, value: T) {
    let world = app.world_mut();
    *world.query::<&mut T>().single_mut(world).expect("one of these").into_inner() = value;
}

/// Takes a checkpoint of what the game spawns and does, and has it in another app.
fn restored(play: impl FnOnce(&mut App)) -> (App, RestoreReport) {
    let disk = MemoryDisk::default();
    let mut app = game(&disk);
    play(&mut app);
    start(&mut app, "Hooks");
    let mut app = game(&disk.snapshot());
    app.insert_resource(Armed);
    let report = recover_offered(&mut app);
    (app, report)
}

fn names(types: &[String]) -> Vec<&str> {
    types.iter().filter_map(|path| path.rsplit("::").next()).collect()
}

#[test]
fn a_component_is_restored_although_its_own_hook_changes_it() {
    let (mut app, report) = restored(|app| {
        app.world_mut().spawn(Ammo(0));
        set(app, Ammo(3));
    });
    assert_eq!(one::<Ammo>(&mut app), Ammo(3));
    assert_eq!(names(&report.overwritten), ["Ammo"]);
    assert!(report.not_as_saved.is_empty(), "{report:?}");
}

#[test]
fn a_bonus_that_a_hook_applies_to_a_neighbouring_component_is_applied_once() {
    let (mut app, report) = restored(|app| {
        app.world_mut().spawn((Sword, Strength(20)));
        assert_eq!(one::<Strength>(app), Strength(25));
    });
    assert_eq!(one::<Strength>(&mut app), Strength(25));
    assert_eq!(names(&report.overwritten), ["Strength"]);
}

#[test]
fn values_changed_by_commands_of_a_hook_are_written_again() {
    let (mut app, report) = restored(|app| {
        let parent = app.world_mut().spawn((Strength(100), Name::new("parent"))).id();
        app.world_mut().spawn((Blessing, Strength(10), ChildOf(parent)));
        app.world_mut().spawn((Blessing, Strength(50), ChildOf(parent)));
    });
    let world = app.world_mut();
    let mut strengths: Vec<u32> =
        world.query::<&Strength>().iter(world).map(|strength| strength.0).collect();
    strengths.sort_unstable();
    assert_eq!(strengths, [11, 51, 102]);
    assert_eq!(names(&report.overwritten), ["Strength"]);
}

#[test]
fn changes_by_hooks_of_required_components_are_undone() {
    let (mut app, report) = restored(|app| {
        app.world_mut().spawn((Cursed, Health(0)));
        set(app, Health(40));
    });
    assert_eq!(one::<Health>(&mut app), Health(40));
    assert_eq!(names(&report.overwritten), ["Health"]);
}

#[test]
fn an_immutable_component_that_a_hook_replaced_is_inserted_again() {
    let (mut app, report) = restored(|app| {
        let soldier = app.world_mut().spawn(Soldier).id();
        app.world_mut().entity_mut(soldier).insert(Rank(4));
    });
    assert_eq!(one::<Rank>(&mut app), Rank(4));
    assert_eq!(names(&report.overwritten), ["Rank"]);
    assert!(report.not_as_saved.is_empty(), "{report:?}");
}

#[test]
fn an_immutable_component_that_its_hook_always_replaces_is_reported() {
    let (mut app, report) = restored(|app| {
        app.world_mut().spawn((Stubborn(3), Health(1)));
    });
    assert_eq!(one::<Stubborn>(&mut app), Stubborn(7));
    assert_eq!(names(&report.not_as_saved), ["Stubborn"]);
    assert_eq!(one::<Health>(&mut app), Health(1));
}

#[test]
fn a_component_that_a_hook_removes_is_inserted_again() {
    let (mut app, report) = restored(|app| {
        let entity = app.world_mut().spawn(Weakness).id();
        app.world_mut().entity_mut(entity).insert(Strength(3));
    });
    assert_eq!(one::<Strength>(&mut app), Strength(3));
    assert_eq!(names(&report.overwritten), ["Strength"]);
}

#[test]
fn a_hook_that_changes_nothing_is_not_reported() {
    let (mut app, report) = restored(|app| {
        app.world_mut().spawn((Harmless(5), Health(1)));
    });
    assert_eq!(one::<Harmless>(&mut app), Harmless(5));
    assert!(report.overwritten.is_empty(), "{report:?}");
}

/// Whom it refers to is made by its hook, if they aren't there.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_insert = make_friend)]
struct Friend(#[entities] Entity);

fn make_friend(mut world: DeferredWorld<'_>, context: HookContext) {
    let friend = world.get::<Friend>(context.entity).map(|friend| friend.0);
    world.commands().queue(move |world: &mut World| {
        if let Some(friend) = friend
            && world.get_entity(friend).is_err()
            && let Ok(mut friend) = world.spawn_empty_at(friend)
        {
            friend.insert(Strength(1));
        }
    });
}

#[test]
fn an_entity_whose_id_a_hook_took_is_restored_and_counted() {
    let (mut app, report) = restored(|app| {
        let one = app.world_mut().spawn(Health(5)).id();
        let other = app.world_mut().spawn((Health(5), Friend(one))).id();
        app.world_mut().entity_mut(one).insert(Friend(other));
    });
    let world = app.world_mut();
    let mut friends = world.query::<(Entity, &Friend, &Health, Has<Strength>)>();
    let friends: Vec<_> = friends.iter(world).collect();
    let [(one, friend_of_one, ..), (other, friend_of_other, ..)] = friends[..] else {
        panic!("two friends, not {}", friends.len())
    };
    assert_eq!((friend_of_one.0, friend_of_other.0), (other, one));
    for (_, _, health, is_strong) in friends {
        assert_eq!((health, is_strong), (&Health(5), false), "as the checkpoint has it");
    }
    assert_eq!((report.entities, report.not_spawned), (2, 1), "{report:?}");
}

#[test]
fn entities_that_hooks_spawn_and_despawn_are_counted() {
    let (_, report) = restored(|app| {
        app.world_mut().spawn((Summoner, Health(1)));
        app.world_mut().spawn(Health(2));
    });
    assert_eq!((report.entities, report.despawned_again), (1, 1));
    let extra: Vec<u64> = report.extra.iter().map(|extra| extra.entities).collect();
    assert_eq!(extra, [1]);
}
