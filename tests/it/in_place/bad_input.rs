//! Going back in place at bad moments, and into games that meddle.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bevy::ecs::lifecycle::HookContext;
use bevy::ecs::world::DeferredWorld;
use bevy::prelude::*;
use bevy_session::MemoryDisk;
use bevy_session::checkpoints::CheckpointDrifted;
use bevy_session::prelude::*;
use bevy_session::recovery::RestoreCancelled;
use serde::{Deserialize, Serialize};

use super::{
    OpenGate, Sprite, ask, ask_to_go_back, checkpoint, go_back, health, in_place_game,
    in_place_game_with, last_restore, recovered, wait_for_gate,
};
use crate::common::*;

/// Wherever it is inserted, its hook spawns somebody saved and despawns who was spawned before.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
#[component(on_insert = summon)]
struct Summoner(u32);

#[derive(Resource)]
struct Summoned(Entity);

fn summon(mut world: DeferredWorld<'_>, _: HookContext) {
    world.commands().queue(|world: &mut World| {
        let summoned = world.spawn(Health(666)).id();
        if let Some(before) = world.remove_resource::<Summoned>()
            && let Ok(before) = world.get_entity_mut(before.0)
        {
            before.despawn();
        }
        world.insert_resource(Summoned(summoned));
    });
}

fn spawn(app: &mut App, health: u32) -> Entity {
    app.world_mut().spawn((Health(health), Sprite(health))).id()
}

fn set(app: &mut App, entity: Entity, value: u32) {
    app.world_mut().get_mut::<Health>(entity).unwrap().0 = value;
}

#[test]
fn hooks_that_spawn_and_despawn_change_nothing_that_was_saved() {
    let mut app = in_place_game(&MemoryDisk::default(), |_| {});
    let stays = spawn(&mut app, 1);
    app.world_mut().entity_mut(stays).insert(Summoner(1));
    start(&mut app, "Summons");
    checkpoint(&mut app);
    set(&mut app, stays, 2);
    app.world_mut().get_mut::<Summoner>(stays).unwrap().0 = 2;
    let restored = go_back(&mut app);
    assert!(restored.report.in_place);
    assert_eq!(app.world().get::<Summoner>(stays), Some(&Summoner(1)));
    assert_eq!(app.world().get::<Health>(stays), Some(&Health(1)));
    assert_eq!(restored.report.extra.len(), 1, "who was summoned once more is reported");
}

#[test]
fn changes_by_observers_during_the_restore_are_undone() {
    let mut app = in_place_game(&MemoryDisk::default(), |app| {
        app.add_observer(|on: On<Insert<Health>>, mut all: Query<(Entity, &mut Inventory)>| {
            for (entity, mut inventory) in &mut all {
                inventory.0.push(u32::from(entity == on.entity));
            }
        });
    });
    let entities: Vec<Entity> = (1..4).map(|number| spawn(&mut app, number)).collect();
    for entity in &entities {
        app.world_mut().entity_mut(*entity).insert(Inventory(vec![7]));
    }
    start(&mut app, "Meddled");
    checkpoint(&mut app);
    set(&mut app, entities[1], 20);
    let restored = go_back(&mut app);
    assert_eq!(restored.report.written, 1);
    assert_eq!(restored.report.overwritten.len(), 1, "{:?}", restored.report);
    for entity in &entities {
        assert_eq!(app.world().get::<Inventory>(*entity), Some(&Inventory(vec![7])));
    }
}

#[test]
fn effects_of_despawning_during_the_restore_are_undone() {
    let mut app = in_place_game(&MemoryDisk::default(), |app| {
        app.add_observer(
            |_: On<Remove<Inventory>>, mut score: ResMut<Score>, mut commands: Commands| {
                score.0 += 1;
                commands.spawn(Health(77));
            },
        );
    });
    let stays = spawn(&mut app, 1);
    start(&mut app, "Deadly");
    checkpoint(&mut app);
    let holds = app.world_mut().spawn((Health(5), Inventory(vec![]))).id();
    app.world_mut().entity_mut(stays).insert(ChildOf(holds));
    app.world_mut().spawn((Health(6), Inventory(vec![])));
    let restored = go_back(&mut app);
    assert!(restored.report.extra.is_empty(), "{:?}", restored.report);
    let world = app.world_mut();
    assert_eq!(world.resource::<Score>().0, 0);
    assert_eq!(world.query::<&Health>().iter(world).count(), 1);
    assert_eq!(world.get::<Sprite>(stays), Some(&Sprite(1)));
    assert!(world.get::<ChildOf>(stays).is_none());
}

#[test]
fn a_panicking_observer_leaves_the_newest_checkpoint_to_the_next_start() {
    let disk = MemoryDisk::default();
    let mut app = in_place_game(&disk, |_| {});
    let entities: Vec<Entity> = (1..4).map(|number| spawn(&mut app, number)).collect();
    start(&mut app, "Panics");
    checkpoint(&mut app);
    let first = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    for entity in &entities {
        set(&mut app, *entity, 10);
    }
    ask(&mut app, |session| session.checkpoint("newest"));
    let session = app.world().resource::<CurrentSession>().id();
    app.add_observer(|_: On<Insert<Health>>| panic!("in the middle"));
    request(&mut app, |commands| {
        commands.session().rewind(RewindTo::Checkpoint(first));
    });
    let caught = (0..4).any(|_| catch_unwind(AssertUnwindSafe(|| app.update())).is_err());
    assert!(caught, "it should have panicked");
    let mut app = recovered(session, in_place_game(&disk.snapshot(), |_| {}));
    assert!(!last_restore(&app).report.in_place, "another process has none of the entities");
    assert_eq!(health(&mut app), [10, 10, 10]);
}

#[test]
fn cancelling_at_the_gate_leaves_the_world_as_it_was() {
    let mut app = in_place_game(&MemoryDisk::default(), |app| {
        listen::<RestoreCancelled>(app);
        wait_for_gate(app);
    });
    let stays = spawn(&mut app, 1);
    start(&mut app, "Gate");
    checkpoint(&mut app);
    set(&mut app, stays, 2);
    let late = spawn(&mut app, 3);
    let saved = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(saved)));
    assert!(received::<SessionRestored>(&app).is_empty(), "it waits for its gate");
    ask(&mut app, |session| session.cancel_restore());
    assert_eq!(received::<RestoreCancelled>(&app).len(), 1);
    assert_eq!(app.world().get::<Health>(stays), Some(&Health(2)));
    assert_eq!(app.world().get::<Sprite>(late), Some(&Sprite(3)));
    // Behind the gate the world goes on: what is there when it opens is what is compared.
    ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(saved)));
    set(&mut app, stays, 4);
    spawn(&mut app, 5);
    app.insert_resource(OpenGate);
    frames(&mut app, 5);
    let restored = last_restore(&app);
    assert!(restored.report.in_place);
    assert_eq!(app.world().get::<Health>(stays), Some(&Health(1)));
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().iter(world).count(), 1);
}

#[test]
fn cancelling_at_the_gate_keeps_entities_outside_the_left_state() {
    let mut app = in_place_game(&MemoryDisk::default(), |app| {
        listen::<RestoreCancelled>(app);
        app.init_state::<Game>().save_state::<Game>();
        wait_for_gate(app);
    });
    let stays = spawn(&mut app, 1);
    start(&mut app, "Gate");
    checkpoint(&mut app);
    app.world_mut().resource_mut::<NextState<Game>>().set(Game::Playing);
    set(&mut app, stays, 2);
    let goes = app.world_mut().spawn((Health(3), DespawnOnExit(Game::Playing))).id();
    frames(&mut app, 2);
    ask_to_go_back(&mut app);
    assert_eq!(app.world().resource::<State<Game>>().get(), &Game::Menu, "it waits there");
    assert!(app.world().get_entity(goes).is_err());
    ask(&mut app, |session| session.cancel_restore());
    assert_eq!(received::<RestoreCancelled>(&app).len(), 1);
    app.insert_resource(OpenGate);
    frames(&mut app, 6);
    let restored = last_restore(&app);
    assert_eq!((restored.report.in_place, restored.report.spawned), (true, 1));
    let world = app.world_mut();
    assert_eq!(world.resource::<State<Game>>().get(), &Game::Playing);
    assert_eq!(world.get::<Health>(stays), Some(&Health(2)));
    assert_eq!(world.get::<Sprite>(stays), Some(&Sprite(1)), "it was never despawned");
    assert_eq!(health(&mut app), [2, 3]);
}

#[test]
fn placed_entities_are_found_by_key_even_if_respawned() {
    let mut app = in_place_game(&MemoryDisk::default(), |_| {});
    let door = app.world_mut().spawn((Health(1), Sprite(1), SaveKey::new("door"))).id();
    let stays = spawn(&mut app, 2);
    start(&mut app, "Level");
    frames(&mut app, 2);
    checkpoint(&mut app);
    app.world_mut().despawn(door);
    frames(&mut app, 2);
    let again = app.world_mut().spawn((Health(9), Sprite(9), SaveKey::new("door"))).id();
    frames(&mut app, 2);
    let again = if app.world().get_entity(again).is_ok() {
        again
    } else {
        // It was despawned in play, so it goes as soon as it comes, until the session goes back.
        go_back(&mut app);
        let again = app.world_mut().spawn((Health(9), Sprite(9), SaveKey::new("door"))).id();
        frames(&mut app, 3);
        again
    };
    go_back(&mut app);
    assert_eq!(app.world().get::<Health>(again), Some(&Health(1)));
    assert_eq!(app.world().get::<Sprite>(again), Some(&Sprite(9)), "what isn't saved stays");
    assert_eq!(app.world().get::<Sprite>(stays), Some(&Sprite(2)));
}

#[test]
fn rewinds_in_place_work_in_the_frame_of_a_save_and_twice_in_a_row() {
    let mut app = in_place_game(&MemoryDisk::default(), |_| {});
    let stays = spawn(&mut app, 1);
    start(&mut app, "Busy");
    checkpoint(&mut app);
    let first = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    set(&mut app, stays, 2);
    request(&mut app, |commands| {
        commands.session().slots().save(SaveSlot::manual("Two"));
        commands.session().rewind(RewindTo::Checkpoint(first));
    });
    frames(&mut app, 6);
    assert_eq!(app.world().get::<Health>(stays), Some(&Health(1)));
    ask(&mut app, |session| session.rewind(RewindTo::BeforeRewind));
    assert_eq!(app.world().get::<Health>(stays), Some(&Health(2)));
    let slot = received::<SlotSaved>(&app).pop().unwrap().slot.id;
    ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(first)));
    crate::slots::load(&mut app, slot);
    assert_eq!(app.world().get::<Health>(stays), Some(&Health(2)));
    assert_eq!(app.world().get::<Sprite>(stays), Some(&Sprite(1)), "it was never spawned again");
}

#[test]
fn undetected_changes_are_restored_once_the_self_test_noticed_them() {
    let mut app = in_place_game(&MemoryDisk::default(), listen::<CheckpointDrifted>);
    app.world_mut().resource_mut::<SessionSettings>().self_test = NonZeroU32::new(1);
    let [silent, other] = [1, 5].map(|health| spawn(&mut app, health));
    start(&mut app, "Silent");
    checkpoint(&mut app);
    let first = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    app.world_mut().get_mut::<Health>(silent).unwrap().bypass_change_detection().0 = 9;
    set(&mut app, other, 6);
    ask(&mut app, |session| session.checkpoint("noticed"));
    assert!(!received::<CheckpointDrifted>(&app).is_empty());
    ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(first)));
    assert!(last_restore(&app).report.in_place);
    assert_eq!(app.world().get::<Health>(silent), Some(&Health(1)));
    assert_eq!(app.world().get::<Health>(other), Some(&Health(5)));
}

#[test]
fn only_a_checkpoint_of_its_own_build_is_restored_in_place() {
    let disk = MemoryDisk::default();
    let mut app = in_place_game(&disk, |_| {});
    spawn(&mut app, 1);
    start(&mut app, "Updated");
    checkpoint(&mut app);
    let of_before = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    let session = app.world().resource::<CurrentSession>().id();

    let update = in_place_game_with(plugin(&disk.snapshot()).version("1.2.4"), |_| {});
    let mut app = recovered(session, update);
    spawn(&mut app, 2);
    checkpoint(&mut app);
    spawn(&mut app, 3);
    assert!(go_back(&mut app).report.in_place);
    assert_eq!(health(&mut app), [1, 2]);
    ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(of_before)));
    assert!(!last_restore(&app).report.in_place);
    assert_eq!(health(&mut app), [1]);
}

/// Saved where a game says so.
#[derive(Component, Clone, PartialEq, Debug, TypePath, Serialize, Deserialize)]
struct Pet(u32);

fn keeps_pets(app: &mut App) {
    app.save_component::<Pet>();
}

#[test]
fn values_of_a_type_that_is_not_registered_any_more_are_kept() {
    let disk = MemoryDisk::default();
    let mut app = in_place_game(&disk, keeps_pets);
    let owner = spawn(&mut app, 1);
    app.world_mut().entity_mut(owner).insert(Pet(7));
    start(&mut app, "Pets");
    checkpoint(&mut app);
    let then = received::<CheckpointSaved>(&app).pop().unwrap().checkpoint;
    let session = app.world().resource::<CurrentSession>().id();

    let disk = disk.snapshot();
    let mut app = recovered(session, in_place_game(&disk, |_| {}));
    let owner = app.world_mut().query_filtered::<Entity, With<Health>>();
    let owner = { owner }.single(app.world()).unwrap();
    app.world_mut().entity_mut(owner).insert(Sprite(1));
    set(&mut app, owner, 5);
    spawn(&mut app, 6);
    ask(&mut app, |session| session.rewind(RewindTo::Checkpoint(then)));
    let restored = last_restore(&app);
    assert!(restored.report.in_place);
    assert_eq!(restored.report.losses.len(), 1, "{:?}", restored.report);
    assert_eq!(health(&mut app), [1]);
    assert_eq!(app.world().get::<Sprite>(owner), Some(&Sprite(1)));
    seconds(&mut app, 1.0);

    let again = in_place_game(&disk.snapshot(), keeps_pets);
    let mut app = recovered(session, again);
    let mut pets = app.world_mut().query::<(&Health, &Pet)>();
    assert_eq!(pets.single(app.world()).unwrap(), (&Health(1), &Pet(7)));
}

/// A bearer who loses it stands there naked, says the game.
#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Armour;

#[derive(Component, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Naked;

#[test]
fn components_added_by_removal_observers_are_removed() {
    let mut app = in_place_game(&MemoryDisk::default(), |app| {
        app.add_observer(|lost: On<Remove<Armour>>, mut commands: Commands| {
            commands.entity(lost.entity).try_insert(Naked);
        });
    });
    let stays = spawn(&mut app, 1);
    start(&mut app, "Armoury");
    checkpoint(&mut app);
    app.world_mut().entity_mut(stays).insert(Armour);
    let restored = go_back(&mut app);
    assert!(restored.report.in_place);
    assert!(app.world().get::<Armour>(stays).is_none());
    assert!(app.world().get::<Naked>(stays).is_none(), "it wasn't there at the checkpoint");
    assert_eq!(app.world().get::<Sprite>(stays), Some(&Sprite(1)));
}
