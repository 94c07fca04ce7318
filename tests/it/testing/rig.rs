//! The rig: a game that is killed, restarted and recovered within a test.

// Feature: `TestGame` kills and restarts a game in a test, and names what didn't come back.
// Page: guide/testing-your-game.md

use std::time::Duration;

use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy_session::RequestError;
use bevy_session::prelude::*;
use bevy_session::recovery::{HowItEnded, RestoreReason};
use bevy_session::testing::{DifferenceKind, RecoverError, TestGame};
use serde::{Deserialize, Serialize};

use crate::common::{Game, Health, Inventory, Score, game_with};

#[derive(Component, Reflect, Clone, Serialize, Deserialize)]
#[reflect(Component, Saved)]
struct Target(#[entities] Entity);

fn rig() -> TestGame {
    TestGame::new(|plugin| build(plugin, |_| {}))
}

/// A game's app, as a game makes it: it isn't completed yet.
fn build(plugin: SessionPlugin, add: impl FnOnce(&mut App)) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, StatesPlugin, plugin))
        .init_resource::<Score>()
        .save_component::<Name>();
    add(&mut app);
    app
}

/// A game with a level that loads for three frames, and with these additions.
fn level_game(add: fn(&mut App)) -> TestGame {
    TestGame::new(move |plugin| {
        build(plugin, |app| {
            app.init_state::<Game>()
                .save_state::<Game>()
                .checkpoint_session_while(in_state(Game::Playing))
                .restore_session_through(Game::Loading)
                .restore_session_in(Game::Playing)
                .add_systems(OnEnter(Game::Loading), |mut commands: Commands| {
                    let root = commands.spawn(SaveKey::new("level")).id();
                    commands.spawn((Health(100), SaveKey::new("boss"), ChildOf(root)));
                });
            add(app);
        })
    })
}

fn load(app: &mut App) {
    app.add_systems(
        Update,
        (|mut next: ResMut<NextState<Game>>, mut frames: Local<u32>| {
            *frames += 1;
            if frames.is_multiple_of(3) {
                next.set(Game::Playing);
            }
        })
        .run_if(in_state(Game::Loading)),
    );
}

fn play(game: &mut TestGame) {
    game.world().resource_mut::<NextState<Game>>().set(Game::Loading);
    game.frames(6);
    game.start(NewSession::named("Level")).unwrap();
    let world = game.world();
    let boss = world.query_filtered::<Entity, With<Health>>().single(world).unwrap();
    world.get_mut::<Health>(boss).unwrap().0 = 30;
    world.spawn((Inventory(vec![1, 2]), Target(boss)));
    game.checkpoint("here").unwrap();
}

#[test]
fn a_killed_game_is_restored_with_the_same_hash() {
    let mut game = rig();
    game.start(NewSession::named("Kit")).unwrap();
    let ada = game.world().spawn((Health(1), Inventory(vec![3]), Name::new("Ada"))).id();
    game.world().spawn((Target(ada), ChildOf(ada)));
    game.world().resource_mut::<Score>().0 = 9;
    game.checkpoint("here").unwrap();
    let (before, hash) = (game.snapshot(), game.hash());
    assert_eq!(before.entities(), 2);
    game.crash_and_restart();
    assert_ne!(game.snapshot(), before, "a fresh app has nothing of it");
    let restored = game.recover().unwrap();
    assert_eq!(restored.report.entities, 2);
    assert_eq!(before.differences(&game.snapshot()), []);
    assert_eq!((game.snapshot(), game.hash()), (before, hash));
}

#[test]
fn a_snapshot_names_what_has_changed_since() {
    let mut game = rig();
    game.start(NewSession::named("Kit")).unwrap();
    let ada = game.world().spawn((Health(1), Inventory(vec![3]), Name::new("Ada"))).id();
    let bob = game.world().spawn((Health(2), Name::new("Bob"))).id();
    game.checkpoint("here").unwrap();
    let before = game.snapshot();
    let world = game.world();
    world.get_mut::<Health>(ada).unwrap().0 = 5;
    world.entity_mut(ada).remove::<Inventory>();
    world.despawn(bob);
    world.spawn((Health(3), Name::new("Eve")));
    world.resource_mut::<Score>().0 = 1;
    let later = game.snapshot();
    let found = before.differences(&later);
    let says = |text: &str| found.iter().any(|found| found.to_string().contains(text));
    assert!(says("`Bob`") && says("`Eve`") && says("Score") && says("1 came back as 5"));
    assert_eq!(found.len(), 5, "{found:#?}");
    assert!(found.iter().any(|found| {
        found.kind == DifferenceKind::Missing
            && found.type_path.as_ref().is_some_and(|path| path.ends_with("Inventory"))
    }));
    assert_ne!(before.hash(), later.hash());
}

#[test]
fn play_since_the_last_checkpoint_is_lost_by_a_crash_and_not_by_an_exit() {
    for (exits, expected) in [(false, 1), (true, 2)] {
        let mut game = rig();
        let ada = game.world().spawn(Health(1)).id();
        game.start(NewSession::named("Kit")).unwrap();
        game.world().get_mut::<Health>(ada).unwrap().0 = 2;
        if exits {
            game.exit_and_restart().continue_newest().unwrap();
        } else {
            game.crash_and_restart().recover().unwrap();
        }
        let world = game.world();
        assert_eq!(world.query::<&Health>().single(world).unwrap().0, expected);
        let ended = &world.resource::<PreviousRun>().ended;
        assert_eq!(*ended == HowItEnded::Exited, exits, "{ended:?}");
    }
}

#[test]
fn a_game_is_recovered_through_its_loading_screen() {
    let mut game = level_game(load);
    play(&mut game);
    let before = game.snapshot();
    game.crash_and_restart().recover().unwrap();
    assert_eq!(before.differences(&game.snapshot()), []);
    assert_eq!(before.hash(), game.hash());
}

#[test]
fn a_gate_that_never_opens_is_named() {
    let mut game = level_game(load);
    play(&mut game);
    let mut stuck = TestGame::new(|plugin| {
        build(plugin, |app| {
            app.init_state::<Game>()
                .restore_session_when(|| true)
                .restore_session_in(Game::Playing);
        })
    });
    stuck.disk().take_from(game.disk(), "sessions".as_ref());
    let error = stuck.crash_and_restart().recover().unwrap_err();
    assert_eq!(error, RecoverError::Stalled { gate: "Playing".to_owned() });
    assert!(error.to_string().contains("Playing"));
}

#[test]
fn an_offer_that_the_game_never_makes_is_named() {
    let mut game = level_game(load);
    play(&mut game);
    let mut stuck = TestGame::new(|plugin| {
        build(plugin, |app| {
            app.insert_state(Game::Loading).offer_recovery_in(Game::Menu);
        })
    });
    stuck.disk().take_from(game.disk(), "sessions".as_ref());
    let error = stuck.crash_and_restart().recover().unwrap_err();
    assert_eq!(error, RecoverError::OfferWithheld { states: vec!["Menu".to_owned()] });
}

#[test]
fn a_game_that_recovers_by_itself_is_not_recovered_twice() {
    let mut game = TestGame::new(|plugin| {
        build(plugin, |app| {
            app.add_observer(|event: On<RecoveryAvailable>, mut commands: Commands| {
                commands.session().recover(event.offer.session.id, RestoreFrom::Latest);
            });
        })
    });
    game.world().spawn(Health(4));
    game.start(NewSession::named("Kit")).unwrap();
    let restored = game.crash_and_restart().recover().unwrap();
    assert_eq!(restored.reason, RestoreReason::Recovered);
    game.frames(3);
    let world = game.world();
    assert_eq!(world.query::<&Health>().single(world).unwrap().0, 4);
}

#[test]
fn a_session_that_the_game_began_by_itself_is_used() {
    let mut game = TestGame::new(|plugin| {
        build(plugin, |app| {
            app.add_systems(Startup, |mut commands: Commands| {
                commands.spawn(Health(4));
                commands.session().start_or_continue(NewSession::named("World"));
            });
        })
    });
    let begun = game.start(NewSession::named("Kit")).unwrap();
    let current = game.app().world().resource::<CurrentSession>();
    assert_eq!((current.id(), current.name()), (begun, "World"));
    game.checkpoint("here").unwrap();
    game.crash_and_restart().recover().unwrap();
    assert_eq!(game.start(NewSession::named("Kit")).unwrap(), begun, "also after a restart");
}

#[test]
fn each_failure_to_recover_has_its_own_error() {
    let mut game = rig();
    assert_eq!(game.recover().unwrap_err(), RecoverError::NothingOffered);
    assert_eq!(game.continue_newest().unwrap_err(), RecoverError::NothingToContinue);
    let error = game.checkpoint("nothing").unwrap_err();
    assert_eq!(error, RecoverError::Rejected(RequestError::NoSession));
    game.start(NewSession::named("Kit")).unwrap();
    let error = game.start(NewSession::named("Another")).unwrap_err();
    assert!(matches!(error, RecoverError::Rejected(RequestError::SessionRunning { .. })));

    let mut game = TestGame::new(|_| {
        let mut app = App::new();
        app.add_plugins(MinimalPlugins);
        app
    });
    assert_eq!(game.recover().unwrap_err(), RecoverError::NoPlugin);
    assert_eq!(game.start(NewSession::named("Kit")).unwrap_err(), RecoverError::NoPlugin);
}

#[test]
fn a_full_disk_saves_nothing_until_it_is_healed() {
    let mut game = rig();
    let ada = game.world().spawn(Health(1)).id();
    game.start(NewSession::named("Kit")).unwrap();
    game.fill_disk();
    game.world().get_mut::<Health>(ada).unwrap().0 = 2;
    assert_eq!(game.checkpoint("full").unwrap_err(), RecoverError::NoAnswer { frames: 60 });
    let error = game.crash_and_restart().recover().unwrap_err();
    assert!(
        matches!(error, RecoverError::Rejected(RequestError::Store(_))),
        "a full disk stays full through a restart: {error}"
    );
    game.heal_disk().recover().unwrap();
    let world = game.world();
    assert_eq!(world.query::<&Health>().single(world).unwrap().0, 1);
    world.spawn(Health(9));
    game.checkpoint("healed").unwrap();
    game.crash_and_restart().recover().unwrap();
    assert_eq!(game.snapshot().entities(), 2);
}

#[test]
fn the_clock_moves_with_frames_and_while_no_game_runs() {
    let mut game = rig();
    let begin = game.now();
    game.seconds(30.0);
    let played = Duration::try_from(game.now().duration_since(begin)).unwrap();
    assert!(played >= Duration::from_secs(30) && played < Duration::from_secs(31), "{played:?}");
    game.start(NewSession::named("Kit")).unwrap();
    game.advance_clock(Duration::from_secs(48 * 3600));
    let died = game.now();
    game.crash_and_restart();
    let away = Duration::try_from(game.now().duration_since(died)).unwrap();
    assert!(away >= Duration::from_secs(48 * 3600), "{away:?}");
    let offer = game.world().resource::<RecoveryOffers>().older()[0].clone();
    let since = game.now().duration_since(offer.died_at.unwrap());
    assert!(since >= jiff::SignedDuration::from_hours(48), "{since:?}");
    game.recover().unwrap();
}

#[test]
fn a_finished_app_that_has_run_can_be_tested() {
    let mut game = TestGame::new(|plugin| game_with(plugin, |_| {}));
    game.world().spawn(Health(1));
    game.start(NewSession::named("Kit")).unwrap();
    game.crash_and_restart().recover().unwrap();
    assert_eq!(game.snapshot().entities(), 1);
}

#[test]
fn a_snapshot_with_a_checkpoint_equals_the_captured_world() {
    let count = |mut score: ResMut<Score>| score.0 += 1;
    let mut game = TestGame::new(move |plugin| {
        build(plugin, |app| {
            app.add_systems(Update, count);
        })
    });
    game.start(NewSession::named("Counting")).unwrap();
    let before = game.checkpoint_and_snapshot("here").unwrap();
    assert_ne!(before.differences(&game.snapshot()), [], "the game has played on");
    game.crash_and_restart().recover().unwrap();
    assert_eq!(before.differences(&game.snapshot()), []);
}
