//! A restore that waits for its level, that is cancelled, refused, or never comes to its end.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::prelude::*;
use bevy_session::recovery::{
    RestoreCancelled, RestoreLosses, RestorePrepared, RestoreStalled, RestoreStarted,
};
use bevy_session::{CheckpointCaptured, MemoryDisk, SessionRestored, SessionSettings};
use serde::{Deserialize, Serialize};

use crate::common::{
    Game, Health, Inventory, Score, frames, game_with, listen, plugin, received, request, seconds,
    start,
};

mod menus;

/// The level's root, with a door.
#[derive(Component)]
struct Level;

fn game(disk: &MemoryDisk, hooks: impl FnOnce(&mut App)) -> App {
    game_by(plugin(disk), hooks)
}

fn game_by(plugin: SessionPlugin, hooks: impl FnOnce(&mut App)) -> App {
    game_with(plugin, |app| {
        app.init_state::<Game>().save_state::<Game>();
        listen::<RestorePrepared>(app);
        listen::<RestoreStarted>(app);
        listen::<RestoreStalled>(app);
        listen::<RestoreCancelled>(app);
        listen::<SessionRestored>(app);
        listen::<RequestRejected>(app);
        hooks(app);
    })
}

/// A game that loads its level in two frames, and spawns a player in each new game.
fn level_game(disk: &MemoryDisk) -> App {
    level_game_with(plugin(disk), |_| {})
}

fn level_game_with(plugin: SessionPlugin, hooks: impl FnOnce(&mut App)) -> App {
    game_by(plugin, |app| {
        hooks(app);
        app.restore_session_through(Game::Loading)
            .restore_session_in(Game::Playing)
            .add_systems(OnEnter(Game::Loading), |mut commands: Commands| {
                let root = commands.spawn((Level, SaveKey::new("root"))).id();
                commands.spawn((Health(100), SaveKey::new("boss"), ChildOf(root)));
            })
            .add_systems(
                Update,
                (|mut next: ResMut<NextState<Game>>, mut waited: Local<u32>| {
                    *waited += 1;
                    if waited.is_multiple_of(3) {
                        next.set(Game::Playing);
                    }
                })
                .run_if(in_state(Game::Loading)),
            )
            .add_systems(
                OnEnter(Game::Playing),
                (|mut commands: Commands| {
                    commands.spawn((Inventory(vec![]), DespawnOnExit(Game::Menu)));
                })
                .run_if(not(session_is_restoring)),
            );
    })
}

fn enter(app: &mut App, state: Game) {
    app.world_mut().resource_mut::<NextState<Game>>().set(state);
    frames(app, 1);
}

fn state(app: &App) -> Game {
    *app.world().resource::<State<Game>>().get()
}

fn count<T: Component>(app: &mut App) -> usize {
    let world = app.world_mut();
    world.query::<&T>().iter(world).count()
}

fn ask_to_recover(app: &mut App) {
    frames(app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(app, |commands| commands.session().recover(session, RestoreFrom::Latest));
}

/// A level game that is being played: the boss is wounded, the player carries a key.
fn played(disk: &MemoryDisk, last_state: Game) -> App {
    let mut app = level_game(disk);
    enter(&mut app, Game::Loading);
    frames(&mut app, 8);
    start(&mut app, "Level");
    let world = app.world_mut();
    for mut boss in world.query::<&mut Health>().iter_mut(world) {
        boss.0 = 30;
    }
    for mut player in world.query::<&mut Inventory>().iter_mut(world) {
        player.0.push(7);
    }
    world.resource_mut::<Score>().0 = 5;
    if last_state != Game::Playing {
        enter(&mut app, last_state);
    }
    request(&mut app, |commands| commands.session().checkpoint("here"));
    frames(&mut app, 3);
    app
}

#[test]
fn a_restore_leads_through_the_loading_screen_and_ends_where_the_player_was() {
    let disk = MemoryDisk::default();
    let _played = played(&disk, Game::Shop);
    let mut app = level_game(&disk.snapshot());
    ask_to_recover(&mut app);
    frames(&mut app, 2);
    assert_eq!(state(&app), Game::Loading);
    assert_eq!(app.world().resource::<Score>().0, 5, "a level may be chosen by what is saved");
    assert!(app.world_mut().run_system_cached(session_is_restoring).unwrap());
    assert_eq!(received::<SessionRestored>(&app).len(), 0);
    frames(&mut app, 8);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert_eq!(state(&app), Game::Shop);
    assert_eq!((count::<Level>(&mut app), count::<Inventory>(&mut app)), (1, 1));
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().single(world).unwrap(), &Health(30));
    assert_eq!(world.query::<&Inventory>().single(world).unwrap(), &Inventory(vec![7]));
    let report = &received::<SessionRestored>(&app)[0].report;
    assert!(report.extra.is_empty() && report.placed.unclaimed.is_empty(), "{report:?}");
}

#[test]
fn no_play_time_passes_and_nothing_is_captured_while_a_restore_waits() {
    let disk = MemoryDisk::default();
    let _played = played(&disk, Game::Playing);
    let mut app = game(&disk.snapshot(), |app| {
        app.restore_session_when(|score: Option<Res<OpenGate>>| score.is_some());
        listen::<CheckpointCaptured>(app);
    });
    ask_to_recover(&mut app);
    frames(&mut app, 2);
    let play_time = app.world().resource::<CurrentSession>().play_time();
    seconds(&mut app, 9.0);
    assert_eq!(app.world().resource::<CurrentSession>().play_time(), play_time);
    assert_eq!(received::<CheckpointCaptured>(&app).len(), 0);
    assert_eq!(received::<RestoreStalled>(&app).len(), 0);
    seconds(&mut app, 30.0);
    let stalled = received::<RestoreStalled>(&app);
    assert_eq!(stalled.len(), 2, "after 10 and 20 seconds");
    assert!(stalled[0].waited >= Duration::from_secs(10) && stalled[0].gate.contains("closure"));
    app.insert_resource(OpenGate);
    frames(&mut app, 2);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    // Of the two, the first one ended it.
    let played = app.world().resource::<CurrentSession>().play_time() - play_time;
    assert_eq!(played, app.world().resource::<Time<Real>>().delta());
}

#[test]
fn the_frame_in_which_a_restore_ends_adds_no_play_time() {
    let disk = MemoryDisk::default();
    let played = played(&disk, Game::Playing);
    let session = played.world().resource::<CurrentSession>();
    let saved = session.last_checkpoint().unwrap().play_time;
    let mut app = game(&disk.snapshot(), |_| {});
    ask_to_recover(&mut app);
    while received::<SessionRestored>(&app).is_empty() {
        frames(&mut app, 1);
    }
    // It was heard of in the frame after that one.
    let played = app.world().resource::<CurrentSession>().play_time() - saved;
    assert_eq!(played, app.world().resource::<Time<Real>>().delta());
}

#[derive(Resource)]
struct OpenGate;

#[test]
fn a_gate_names_the_state_that_it_waits_for() {
    let disk = MemoryDisk::default();
    let _played = played(&disk, Game::Playing);
    let mut app = game(&disk.snapshot(), |app| {
        app.restore_session_in(Game::Shop);
    });
    ask_to_recover(&mut app);
    seconds(&mut app, 12.0);
    assert_eq!(received::<RestoreStalled>(&app)[0].gate, "Shop");
}

// Feature: A restore can be cancelled, or refused if it would lose values.
// Page: guide/settings.md
#[test]
fn a_restore_can_be_cancelled_at_its_gate_and_begun_again() {
    let disk = MemoryDisk::default();
    let _played = played(&disk, Game::Playing);
    let mut app = game(&disk.snapshot(), |app| {
        app.restore_session_when(|score: Option<Res<OpenGate>>| score.is_some());
    });
    let bystander = app.world_mut().spawn(Health(1)).id();
    ask_to_recover(&mut app);
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().cancel_restore());
    frames(&mut app, 2);
    let cancelled = received::<RestoreCancelled>(&app);
    assert!(cancelled.len() == 1 && cancelled[0].began);
    assert!(app.world().get_entity(bystander).is_ok(), "entities should be as they were");
    assert!(!app.world().contains_resource::<CurrentSession>());
    assert!(!app.world_mut().run_system_cached(session_is_restoring).unwrap());
    app.insert_resource(OpenGate);
    ask_to_recover(&mut app);
    frames(&mut app, 3);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
}

#[test]
fn a_restore_can_be_cancelled_before_anything_changes() {
    let disk = MemoryDisk::default();
    let _played = played(&disk, Game::Playing);
    let mut app = game(&disk.snapshot(), |app| {
        app.add_observer(|_: On<RestorePrepared>, mut commands: Commands| {
            commands.session().cancel_restore();
        });
    });
    ask_to_recover(&mut app);
    frames(&mut app, 3);
    let cancelled = received::<RestoreCancelled>(&app);
    assert!(cancelled.len() == 1 && !cancelled[0].began);
    assert_eq!((state(&app), app.world().resource::<Score>().0), (Game::Menu, 0));
    assert_eq!(received::<RestoreStarted>(&app).len(), 0);
    assert_eq!(app.world().resource::<RecoveryOffers>().offers().len(), 1, "still to be had");
}

#[test]
fn cancelling_nothing_is_rejected() {
    let mut app = game(&MemoryDisk::default(), |_| {});
    request(&mut app, |commands| commands.session().cancel_restore());
    frames(&mut app, 2);
    assert_eq!(received::<RequestRejected>(&app).len(), 1);
}

#[test]
fn a_cancelled_rewind_continues_the_session() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |app| {
        app.restore_session_when(|score: Option<Res<OpenGate>>| score.is_some());
    });
    let player = app.world_mut().spawn(Health(1)).id();
    app.insert_resource(Score(1));
    start(&mut app, "Rewound");
    let session = app.world().resource::<CurrentSession>().id();
    let began_with = app.world().resource::<CurrentSession>().last_checkpoint().unwrap().id;
    app.world_mut().get_mut::<Health>(player).unwrap().0 = 2;
    app.insert_resource(Score(2));
    let began_with = RestoreFrom::Checkpoint(began_with);
    request(&mut app, |commands| commands.session().recover(session, began_with));
    frames(&mut app, 2);
    assert_eq!(app.world().resource::<Score>().0, 1);
    request(&mut app, |commands| commands.session().cancel_restore());
    frames(&mut app, 2);
    assert_eq!(app.world().resource::<CurrentSession>().id(), session);
    assert_eq!(app.world().resource::<Score>().0, 2);
    assert!(app.world().get_entity(player).is_ok(), "it is the same world");
    request(&mut app, |commands| commands.session().checkpoint("after all"));
    frames(&mut app, 3);
    let mut app = game(&disk.snapshot(), |_| {});
    ask_to_recover(&mut app);
    frames(&mut app, 3);
    assert_eq!(app.world().resource::<Score>().0, 2);
    let world = app.world_mut();
    assert_eq!(world.query::<&Health>().single(world).unwrap(), &Health(2));
}

/// A resource that isn't there when the session begins.
#[derive(Resource, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Weather(String);

#[test]
fn a_cancelled_rewind_restores_resources_present_and_absent() {
    let mut app = game(&MemoryDisk::default(), |app| {
        app.restore_session_when(|score: Option<Res<OpenGate>>| score.is_some());
        app.register_type::<Weather>();
    });
    start(&mut app, "Weather");
    let go_back_and_cancel = |app: &mut App, weather: Option<&str>| {
        let session = app.world().resource::<CurrentSession>();
        let (id, newest) = (session.id(), session.last_checkpoint().unwrap().id);
        app.world_mut().remove_resource::<Weather>();
        if let Some(weather) = weather {
            app.insert_resource(Weather(weather.to_owned()));
        }
        let from = RestoreFrom::Checkpoint(newest);
        request(app, |commands| commands.session().recover(id, from));
        frames(app, 3);
        let meanwhile = app.world().contains_resource::<Weather>();
        request(app, |commands| commands.session().cancel_restore());
        frames(app, 3);
        (meanwhile, app.world().get_resource::<Weather>().map(|weather| weather.0.clone()))
    };
    assert_eq!(go_back_and_cancel(&mut app, Some("rain")), (false, Some("rain".to_owned())));
    request(&mut app, |commands| commands.session().checkpoint("rain"));
    frames(&mut app, 3);
    assert_eq!(go_back_and_cancel(&mut app, None), (true, None));
}

// Feature: A restore can be cancelled, or refused if it would lose values.
#[test]
fn a_restore_with_losses_can_be_refused_and_changes_nothing() {
    let disk = MemoryDisk::default();
    #[derive(Component, Reflect, Clone, Serialize, Deserialize)]
    struct Gone(u32);
    let mut app = game(&disk, |app| {
        app.save_component::<Gone>();
    });
    app.world_mut().spawn((Health(1), Gone(2)));
    start(&mut app, "Lossy");
    let mut app = game(&disk.snapshot(), |app| {
        app.world_mut().resource_mut::<SessionSettings>().losses = RestoreLosses::Refuse;
    });
    ask_to_recover(&mut app);
    frames(&mut app, 3);
    let rejected = received::<RequestRejected>(&app);
    assert_eq!(rejected.len(), 1);
    assert!(rejected[0].error.to_string().contains("Gone"), "{}", rejected[0].error);
    assert_eq!(received::<RestorePrepared>(&app)[0].losses.len(), 1);
    assert_eq!(count::<Health>(&mut app), 0);
    app.world_mut().resource_mut::<SessionSettings>().losses = RestoreLosses::Accept;
    ask_to_recover(&mut app);
    frames(&mut app, 3);
    assert_eq!(count::<Health>(&mut app), 1);
}

#[test]
fn exiting_while_a_restore_waits_leaves_the_session_to_be_recovered() {
    let disk = MemoryDisk::default();
    let _played = played(&disk, Game::Playing);
    let disk = disk.snapshot();
    let mut app = game(&disk, |app| {
        app.restore_session_when(|score: Option<Res<OpenGate>>| score.is_some());
    });
    ask_to_recover(&mut app);
    frames(&mut app, 2);
    app.world_mut().write_message(AppExit::Success);
    frames(&mut app, 1);
    drop(app);
    let mut app = game(&disk, |_| {});
    ask_to_recover(&mut app);
    frames(&mut app, 3);
    let world = app.world_mut();
    assert_eq!(world.query::<&Inventory>().single(world).unwrap(), &Inventory(vec![7]));
}

#[test]
fn a_saved_entity_of_a_state_survives_the_transition_of_its_own_restore() {
    let disk = MemoryDisk::default();
    let mut app = game(&disk, |_| {});
    enter(&mut app, Game::Playing);
    app.world_mut().spawn((Health(4), DespawnOnExit(Game::Playing)));
    app.world_mut().spawn((Health(5), DespawnOnEnter(Game::Playing)));
    start(&mut app, "Scoped");
    for from in [Game::Menu, Game::Playing, Game::Shop] {
        let mut app = game(&disk.snapshot(), |_| {});
        enter(&mut app, from);
        ask_to_recover(&mut app);
        frames(&mut app, 3);
        assert_eq!((state(&app), count::<Health>(&mut app)), (Game::Playing, 2), "from {from:?}");
    }
}
