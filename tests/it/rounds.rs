//! The next round of the same level: what it places goes with its state and starts over.

use bevy::prelude::*;
use bevy_session::hints::{HintGiven, SessionHint};
use bevy_session::prelude::*;
use bevy_session::{MemoryDisk, SaveScope, SessionRestored};

use crate::common::{
    Health, Phase, frames, game_with, listen, plugin, received, request, seconds, start,
};

/// The function with which a game builds its level.
type Spawn = fn(Commands);

fn flat(mut commands: Commands) {
    for number in 0..3 {
        let key = SaveKey::new(format!("coin_{number}"));
        commands.spawn((Health(number), key, DespawnOnExit(Phase::Playing)));
    }
}

fn below_a_root(mut commands: Commands) {
    let root = commands.spawn((SaveKey::new("level"), DespawnOnExit(Phase::Playing))).id();
    let chest = commands.spawn((Saved, SaveKey::new("chest"), ChildOf(root))).id();
    for number in 0..3 {
        commands.spawn((Health(number), SaveKey::new(format!("coin_{number}")), ChildOf(chest)));
    }
}

/// Bevy despawns what is stored in a chest with the chest.
#[derive(Component)]
#[relationship(relationship_target = Stores)]
struct StoredIn(Entity);

#[derive(Component)]
#[relationship_target(relationship = StoredIn, linked_spawn)]
struct Stores(Vec<Entity>);

fn stored_below_a_root(mut commands: Commands) {
    let root = commands.spawn((SaveKey::new("level"), DespawnOnExit(Phase::Playing))).id();
    let chest = commands.spawn((Saved, SaveKey::new("chest"), ChildOf(root))).id();
    for number in 0..3 {
        commands.spawn((Health(number), SaveKey::new(format!("coin_{number}")), StoredIn(chest)));
    }
}

fn below_a_scope(mut commands: Commands) {
    let root = (SaveKey::new("level"), SaveScope::new("level"), DespawnOnExit(Phase::Playing));
    let root = commands.spawn(root).id();
    for number in 0..3 {
        commands.spawn((Health(number), SaveKey::new(format!("coin_{number}")), ChildOf(root)));
    }
}

fn until_the_menu(mut commands: Commands) {
    for number in 0..3 {
        let key = SaveKey::new(format!("coin_{number}"));
        commands.spawn((Health(number), key, DespawnOnEnter(Phase::Menu)));
    }
}

/// Cleared away by the game itself.
fn by_hand(mut commands: Commands) {
    for number in 0..3 {
        commands.spawn((Health(number), SaveKey::new(format!("coin_{number}"))));
    }
}

fn game(disk: &MemoryDisk, spawn: Spawn) -> App {
    game_with(plugin(disk), |app| {
        listen::<HintGiven>(app);
        listen::<SessionRestored>(app);
        app.checkpoint_session_while(in_state(Phase::Playing))
            .add_systems(OnEnter(Phase::Playing), spawn);
    })
}

fn enter(app: &mut App, phase: Phase) {
    app.world_mut().resource_mut::<NextState<Phase>>().set(phase);
    frames(app, 2);
}

fn played(disk: &MemoryDisk, spawn: Spawn) -> App {
    let mut app = game(disk, spawn);
    enter(&mut app, Phase::Playing);
    start(&mut app, "Rounds");
    app
}

fn coins(app: &mut App) -> Vec<u32> {
    let world = app.world_mut();
    let mut coins: Vec<u32> = world.query::<&Health>().iter(world).map(|coin| coin.0).collect();
    coins.sort_unstable();
    coins
}

fn take(app: &mut App, number: u32) {
    let world = app.world_mut();
    let mut coins = world.query::<(Entity, &Health)>();
    let coin = coins.iter(world).find(|(_, coin)| coin.0 == number).expect("the coin").0;
    world.despawn(coin);
    frames(app, 1);
}

fn another_round(app: &mut App) {
    enter(app, Phase::Menu);
    assert!(coins(app).is_empty());
    enter(app, Phase::Playing);
}

fn checkpoint(app: &mut App) {
    request(app, |commands| commands.session().checkpoint("now"));
    frames(app, 3);
}

fn recovered(disk: &MemoryDisk, spawn: Spawn) -> App {
    let mut app = game(&disk.snapshot(), spawn);
    frames(&mut app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 4);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    app
}

fn hints(app: &mut App) -> Vec<SessionHint> {
    frames(app, 1);
    received::<HintGiven>(app).into_iter().map(|given| given.hint).collect()
}

#[test]
fn the_next_round_begins_with_everything_that_the_level_places() {
    for spawn in [flat as Spawn, below_a_root, stored_below_a_root, until_the_menu] {
        let disk = MemoryDisk::default();
        let mut app = played(&disk, spawn);
        take(&mut app, 1);
        checkpoint(&mut app);
        another_round(&mut app);
        assert_eq!(coins(&mut app), [0, 1, 2]);
        // And once more, when nothing was left of the round.
        (0..3).for_each(|number| take(&mut app, number));
        checkpoint(&mut app);
        another_round(&mut app);
        assert_eq!(coins(&mut app), [0, 1, 2]);
        assert_eq!(hints(&mut app), []);
        seconds(&mut app, 6.0);
        assert_eq!(coins(&mut recovered(&disk, spawn)), [0, 1, 2]);
    }
}

#[test]
fn entities_taken_in_a_round_stay_gone_after_a_crash() {
    for spawn in [flat as Spawn, below_a_root, stored_below_a_root, until_the_menu] {
        let disk = MemoryDisk::default();
        let mut app = played(&disk, spawn);
        take(&mut app, 1);
        another_round(&mut app);
        take(&mut app, 2);
        checkpoint(&mut app);
        let mut app = recovered(&disk, spawn);
        assert_eq!(coins(&mut app), [0, 1]);
        assert_eq!(hints(&mut app), [], "it is right that it goes again");
        another_round(&mut app);
        assert_eq!(coins(&mut app), [0, 1, 2]);
    }
}

#[test]
fn the_last_checkpoint_of_a_round_is_still_of_that_round() {
    for spawn in [flat as Spawn, below_a_root, stored_below_a_root, until_the_menu] {
        let disk = MemoryDisk::default();
        let mut app = played(&disk, spawn);
        checkpoint(&mut app);
        take(&mut app, 1);
        enter(&mut app, Phase::Menu);
        frames(&mut app, 3);
        assert_eq!(coins(&mut recovered(&disk, spawn)), [0, 2]);
    }
}

// Feature: A level below a `SaveScope` is as the player left it.
// Page: guide/what-is-saved.md#leaving-a-level
#[test]
fn a_scope_keeps_the_level_as_it_was_left() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk, below_a_scope);
    take(&mut app, 1);
    another_round(&mut app);
    assert_eq!(coins(&mut app), [0, 2]);
    assert_eq!(hints(&mut app), [], "it is right that it goes again");
    checkpoint(&mut app);
    assert_eq!(coins(&mut recovered(&disk, below_a_scope)), [0, 2]);
}

#[test]
fn entities_of_no_state_stay_gone_when_a_round_ends() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk, flat);
    let lamp = app.world_mut().spawn((Health(9), SaveKey::new("lamp"))).id();
    frames(&mut app, 1);
    app.world_mut().despawn(lamp);
    enter(&mut app, Phase::Menu);
    enter(&mut app, Phase::Playing);
    checkpoint(&mut app);
    let mut app = recovered(&disk, flat);
    app.world_mut().spawn((Health(9), SaveKey::new("lamp")));
    frames(&mut app, 2);
    assert_eq!(coins(&mut app), [0, 1, 2]);
}

#[test]
fn despawning_a_level_by_hand_gives_a_hint() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk, by_hand);
    let clear = |app: &mut App| {
        (0..3).for_each(|number| take(app, number));
    };
    clear(&mut app);
    enter(&mut app, Phase::Menu);
    enter(&mut app, Phase::Playing);
    assert!(coins(&mut app).is_empty());
    let given = hints(&mut app);
    let [SessionHint::KeyedEntityWentAgain { key, entities: 3 }] = &given[..] else {
        panic!("{given:?}")
    };
    assert_eq!(key.as_str(), "coin_0");
    assert!(given[0].to_string().contains("placed().forget_all"), "{}", given[0]);

    request(&mut app, |commands| commands.session().placed().forget_all("coin_"));
    enter(&mut app, Phase::Menu);
    enter(&mut app, Phase::Playing);
    assert_eq!(coins(&mut app), [0, 1, 2]);
}

#[test]
fn keyed_entities_lost_before_a_restore_give_a_hint() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk, flat);
    checkpoint(&mut app);
    // A game without a menu: it plays while the player is asked.
    let mut app = game_with(plugin(&disk.snapshot()), listen::<HintGiven>);
    for number in 0..3 {
        app.world_mut().spawn((Health(number), SaveKey::new(format!("coin_{number}"))));
    }
    frames(&mut app, 1);
    take(&mut app, 1);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    seconds(&mut app, 12.0);
    let given = hints(&mut app);
    let [SessionHint::LostBeforeRestore { key, entities: 1 }] = &given[..] else {
        panic!("{given:?}")
    };
    assert_eq!(key.as_str(), "coin_1");
}

fn jam_game(disk: &MemoryDisk) -> App {
    let mut app = game_with(plugin(disk), |app| {
        listen::<HintGiven>(app);
        listen::<SessionRestored>(app);
    });
    app.world_mut().run_system_cached(by_hand).unwrap();
    request(&mut app, |commands| commands.session().start_or_continue(NewSession::named("Jam")));
    frames(&mut app, 4);
    app
}

fn clear(app: &mut App) {
    let world = app.world_mut();
    let mut coins = world.query_filtered::<Entity, With<Health>>();
    let coins: Vec<Entity> = coins.iter(world).collect();
    for coin in coins {
        world.despawn(coin);
    }
}

#[test]
fn a_round_spawned_as_its_session_ends_belongs_to_the_next_session() {
    let disk = MemoryDisk::default();
    let mut app = jam_game(&disk);
    let id = |app: &App| app.world().resource::<CurrentSession>().id();
    for taken in [1, 2] {
        let ended = id(&app);
        take(&mut app, taken);
        checkpoint(&mut app);
        // What the restart key does, in one system.
        request(&mut app, |commands| {
            commands.session().end(EndReason::Failed, LeaveCause::Player);
            commands.session().start_or_continue(NewSession::named("Jam"))
        });
        clear(&mut app);
        app.world_mut().run_system_cached(by_hand).unwrap();
        frames(&mut app, 6);
        assert_ne!(id(&app), ended);
        assert_eq!(coins(&mut app), [0, 1, 2]);
    }
    assert_eq!(hints(&mut app), []);
    take(&mut app, 0);
    checkpoint(&mut app);
    assert_eq!(coins(&mut jam_game(&disk.snapshot())), [1, 2]);
}

#[test]
fn entities_spawned_as_their_key_is_forgotten_are_kept() {
    let disk = MemoryDisk::default();
    let mut app = jam_game(&disk);
    take(&mut app, 1);
    checkpoint(&mut app);
    request(&mut app, |commands| commands.session().placed().forget_all("coin_"));
    clear(&mut app);
    app.world_mut().run_system_cached(by_hand).unwrap();
    frames(&mut app, 3);
    assert_eq!(coins(&mut app), [0, 1, 2]);
    checkpoint(&mut app);
    assert_eq!(coins(&mut jam_game(&disk.snapshot())), [0, 1, 2]);
}

/// A game's own way of disabling what is far away.
#[derive(Component)]
struct Asleep;

#[test]
fn a_round_starts_fresh_with_what_the_game_had_put_to_sleep() {
    let mut app = played(&MemoryDisk::default(), below_a_root);
    app.world_mut().register_disabling_component::<Asleep>();
    let world = app.world_mut();
    let mut keys = world.query::<(Entity, &SaveKey)>();
    let chest = keys.iter(world).find(|(_, key)| key.as_str() == "chest").expect("a chest").0;
    world.entity_mut(chest).insert(Asleep);
    frames(&mut app, 2);
    another_round(&mut app);
    assert_eq!(coins(&mut app), [0, 1, 2]);
}

#[test]
fn what_is_stored_below_a_scope_comes_back_with_it() {
    let mut app = played(&MemoryDisk::default(), stored_below_a_scope);
    another_round(&mut app);
    assert_eq!(coins(&mut app), [0, 1, 2]);
}

fn stored_below_a_scope(mut commands: Commands) {
    let root = (SaveKey::new("level"), SaveScope::new("level"), DespawnOnExit(Phase::Playing));
    let root = commands.spawn(root).id();
    let chest = commands.spawn((Saved, SaveKey::new("chest"), ChildOf(root))).id();
    for number in 0..3 {
        commands.spawn((Health(number), SaveKey::new(format!("coin_{number}")), StoredIn(chest)));
    }
}
