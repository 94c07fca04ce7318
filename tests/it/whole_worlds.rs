//! No system of the game sees a world of which only a part has been restored, and what is cancelled leaves the world
//! as it was.

// Feature: No system of the game sees half of a restored world; hooks are put right.
// Page: guide/states-and-gates.md#the-order-of-a-restore

use bevy::ecs::entity::MapEntities;
use bevy::prelude::*;
use bevy_session::checkpoints::SavingStopped;
use bevy_session::prelude::*;
use bevy_session::recovery::{RestoreCancelled, RestorePhase, RestoreReason};
use bevy_session::{MemoryDisk, SessionActivity, SessionPlugin, SessionRestored};
use serde::{Deserialize, Serialize};

use crate::common::{Game, Health, Score, frames, game_with, listen, plugin, received, request};

/// Who the player is: a resource that names an entity.
#[derive(Resource, Reflect, MapEntities, Clone, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
struct Hero(#[entities] Entity);

/// The worlds that systems saw while it is played.
#[derive(Resource, Default, Debug, PartialEq)]
struct Seen {
    whole: usize,
    half: Vec<&'static str>,
    nobody: Vec<&'static str>,
    /// The number of new games.
    new_games: u32,
}

fn look(
    here: &'static str,
) -> impl Fn(Res<State<Game>>, Option<Res<Hero>>, Res<Score>, Query<&Health>, ResMut<Seen>) {
    move |state, hero, score, health, mut seen| {
        if hero.as_ref().is_some_and(|hero| hero.0 == Entity::PLACEHOLDER) {
            seen.nobody.push(here);
        }
        if **state != Game::Playing {
            return;
        }
        let hero = hero.and_then(|hero| health.get(hero.0).ok());
        match hero {
            Some(hero) if hero.0 == score.0 => seen.whole += 1,
            _ => seen.half.push(here),
        }
    }
}

/// A game as the guide has it: a level is loaded in some frames, and a hero is spawned in each new game, whose health
/// the score follows.
fn level_game(disk: &MemoryDisk) -> App {
    level_game_with(plugin(disk))
}

fn level_game_with(plugin: SessionPlugin) -> App {
    game_with(plugin, |app| {
        app.init_state::<Game>()
            .save_state::<Game>()
            .init_resource::<Seen>()
            .checkpoint_session_while(in_state(Game::Playing))
            .checkpoint_session_while(not(resource_exists::<MenuIsOpen>))
            .restore_session_through(Game::Loading)
            .restore_session_in(Game::Playing)
            .add_systems(
                OnEnter(Game::Playing),
                (|mut commands: Commands, mut score: ResMut<Score>, mut seen: ResMut<Seen>| {
                    seen.new_games += 1;
                    let hero = commands.spawn((Health(7), DespawnOnExit(Game::Playing))).id();
                    commands.insert_resource(Hero(hero));
                    score.0 = 7;
                })
                .run_if(not(session_is_restoring)),
            )
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
            .add_systems(RunFixedMainLoop, look("RunFixedMainLoop"))
            .add_systems(FixedUpdate, look("FixedUpdate"))
            .add_systems(Update, look("Update"))
            .add_systems(PostUpdate, look("PostUpdate"))
            .add_systems(Last, look("Last"));
        listen::<SessionRestored>(app);
        listen::<RestoreCancelled>(app);
        listen::<SavingStopped>(app);
    })
}

fn enter(app: &mut App, state: Game) {
    app.world_mut().resource_mut::<NextState<Game>>().set(state);
    frames(app, 1);
}

/// Hurts the hero, and the score with it.
fn hurt(app: &mut App, health: u32) {
    let hero = app.world().resource::<Hero>().0;
    app.world_mut().get_mut::<Health>(hero).unwrap().0 = health;
    app.world_mut().resource_mut::<Score>().0 = health;
}

fn played(disk: &MemoryDisk) -> App {
    played_with(plugin(disk))
}

fn played_with(plugin: SessionPlugin) -> App {
    let mut app = level_game_with(plugin);
    enter(&mut app, Game::Loading);
    frames(&mut app, 8);
    request(&mut app, |commands| commands.session().start(NewSession::named("Whole")));
    while app
        .world()
        .get_resource::<CurrentSession>()
        .is_none_or(|it| it.last_checkpoint().is_none())
    {
        frames(&mut app, 1);
    }
    hurt(&mut app, 3);
    request(&mut app, |commands| commands.session().checkpoint("here"));
    frames(&mut app, 3);
    app
}

fn saw_nothing_half(app: &App) {
    let seen = app.world().resource::<Seen>();
    assert!(seen.whole > 0 && seen.half.is_empty() && seen.nobody.is_empty(), "{seen:?}");
}

#[test]
fn a_recovery_through_a_loading_screen_shows_no_half_of_a_world() {
    let disk = MemoryDisk::default();
    let played = played(&disk);
    saw_nothing_half(&played);
    let mut app = level_game(&disk.snapshot());
    frames(&mut app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 10);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert_eq!(app.world().resource::<Score>().0, 3);
    saw_nothing_half(&app);
}

/// Goes back to the checkpoint that is called `here`.
fn rewind(app: &mut App) {
    let timeline = app.world().resource::<CurrentSession>().timeline();
    let here = timeline.checkpoints.iter().find(|it| it.label.as_deref() == Some("here"));
    let here = here.unwrap().id;
    request(app, |commands| commands.session().rewind(RewindTo::Checkpoint(here)));
}

#[test]
fn a_rewind_through_a_loading_screen_shows_no_half_of_a_world() {
    let mut app = played(&MemoryDisk::default());
    hurt(&mut app, 2);
    request(&mut app, |commands| commands.session().checkpoint("later"));
    frames(&mut app, 3);
    rewind(&mut app);
    frames(&mut app, 10);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert_eq!(app.world().resource::<Score>().0, 3);
    saw_nothing_half(&app);
}

#[test]
fn the_frame_of_a_restore_runs_with_the_whole_world() {
    let disk = MemoryDisk::default();
    let _played = played(&disk);
    let mut app = level_game(&disk.snapshot());
    frames(&mut app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    while *app.world().resource::<State<Game>>().get() != Game::Playing {
        frames(&mut app, 1);
    }
    assert!(app.world().resource::<Seen>().whole >= 4, "{:?}", app.world().resource::<Seen>());
    assert!(!app.world_mut().run_system_cached(session_is_restoring).unwrap());
}

fn state(app: &App) -> Game {
    *app.world().resource::<State<Game>>().get()
}

/// The game after a crash now, recovered.
fn recovered(disk: &MemoryDisk) -> App {
    let mut app = level_game(&disk.snapshot());
    frames(&mut app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    frames(&mut app, 10);
    app
}

#[test]
fn a_rewind_cancelled_in_the_loading_screen_restores_the_left_play() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk);
    hurt(&mut app, 2);
    rewind(&mut app);
    while state(&app) != Game::Loading {
        frames(&mut app, 1);
    }
    assert_eq!(app.world().resource::<Score>().0, 3, "the level may go by it");
    request(&mut app, |commands| commands.session().cancel_restore());
    frames(&mut app, 12);
    assert_eq!(received::<RestoreCancelled>(&app).len(), 1);
    let restored = received::<SessionRestored>(&app);
    assert_eq!(restored.len(), 1);
    assert_eq!(restored[0].reason, RestoreReason::Undone);
    assert_eq!((state(&app), app.world().resource::<Score>().0), (Game::Playing, 2));
    saw_nothing_half(&app);
    request(&mut app, |commands| commands.session().checkpoint("after all"));
    frames(&mut app, 3);
    assert_eq!(recovered(&disk).world().resource::<Score>().0, 2);
}

/// The play that was left is on the disk, and the loading screen is no world of the session.
#[test]
fn an_exit_in_the_loading_screen_of_a_rewind_does_not_save_that_screen() {
    for cancels_first in [false, true] {
        let disk = MemoryDisk::default();
        let mut app = played_with(plugin(&disk).writer_delay(6));
        frames(&mut app, 20);
        hurt(&mut app, 2);
        rewind(&mut app);
        while state(&app) != Game::Loading {
            frames(&mut app, 1);
        }
        if cancels_first {
            request(&mut app, |commands| commands.session().cancel_restore());
            frames(&mut app, 1);
        }
        app.world_mut().write_message(AppExit::Success);
        frames(&mut app, 1);
        drop(app);

        let mut app = level_game(&disk.snapshot());
        frames(&mut app, 2);
        let session =
            app.world().resource::<SessionCatalog>().newest_to_continue().unwrap().session.id;
        request(&mut app, |commands| commands.session().continue_session(session));
        frames(&mut app, 12);
        assert_eq!(received::<SessionRestored>(&app).len(), 1);
        assert_eq!((state(&app), app.world().resource::<Score>().0), (Game::Playing, 2));
        saw_nothing_half(&app);
    }
}

/// A player who changes their mind twice.
#[test]
fn saving_continues_after_the_undo_of_a_rewind_was_cancelled() {
    let disk = MemoryDisk::default();
    let mut app = played_with(plugin(&disk).writer_delay(3));
    frames(&mut app, 20);
    hurt(&mut app, 2);
    rewind(&mut app);
    for _ in 0..2 {
        while state(&app) != Game::Loading || !is_waiting(&app) {
            frames(&mut app, 1);
        }
        request(&mut app, |commands| commands.session().cancel_restore());
        frames(&mut app, 1);
    }
    frames(&mut app, 40);
    assert_eq!((state(&app), app.world().resource::<Score>().0), (Game::Playing, 2));
    hurt(&mut app, 1);
    request(&mut app, |commands| commands.session().checkpoint("after all"));
    frames(&mut app, 10);
    assert_eq!(recovered(&disk).world().resource::<Score>().0, 1);
}

fn is_waiting(app: &App) -> bool {
    let activity = app.world().resource::<SessionActivity>();
    activity.restore() == Some(RestorePhase::WaitingForGate)
}

/// The level is loaded again before the session's last checkpoint has been read.
#[test]
fn a_rewind_that_is_cancelled_begins_no_new_game_however_long_the_disk_takes() {
    let mut app = played_with(plugin(&MemoryDisk::default()).writer_delay(12));
    frames(&mut app, 20);
    hurt(&mut app, 2);
    rewind(&mut app);
    while state(&app) != Game::Loading {
        frames(&mut app, 1);
    }
    request(&mut app, |commands| commands.session().cancel_restore());
    frames(&mut app, 60);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert_eq!((state(&app), app.world().resource::<Score>().0), (Game::Playing, 2));
    assert_eq!(app.world().resource::<Seen>().new_games, 1);
    saw_nothing_half(&app);
}

#[test]
fn a_recovery_that_is_cancelled_in_the_loading_screen_leaves_the_menu() {
    let disk = MemoryDisk::default();
    let _played = played(&disk);
    let mut app = level_game(&disk.snapshot());
    frames(&mut app, 2);
    let session = app.world().resource::<RecoveryOffers>().offers()[0].session.id;
    request(&mut app, |commands| commands.session().recover(session, RestoreFrom::Latest));
    while state(&app) != Game::Loading {
        frames(&mut app, 1);
    }
    request(&mut app, |commands| commands.session().cancel_restore());
    frames(&mut app, 6);
    let world = app.world();
    assert_eq!((state(&app), world.resource::<Score>().0), (Game::Menu, 0));
    assert!(!world.contains_resource::<Hero>() && !world.contains_resource::<CurrentSession>());
    assert_eq!(world.resource::<RecoveryOffers>().offers().len(), 1, "still to be had");
}

#[derive(Resource)]
struct MenuIsOpen;

/// The gate is closed from a load to the next one, so that nothing was captured in between.
#[test]
fn a_load_that_is_cancelled_behind_a_closed_gate_restores_the_slot_before() {
    let disk = MemoryDisk::default();
    let mut app = played(&disk);
    let save = |app: &mut App, name: &str| {
        request(app, |commands| commands.session().slots().save(SaveSlot::manual(name)));
        frames(app, 6);
        let slots = app.world().resource::<SessionCatalog>().slots();
        slots.iter().find(|slot| slot.name == name).unwrap().id
    };
    let one = save(&mut app, "one");
    hurt(&mut app, 2);
    let other = save(&mut app, "other");
    app.world_mut().insert_resource(MenuIsOpen);
    frames(&mut app, 2);
    request(&mut app, |commands| commands.session().slots().load(one));
    frames(&mut app, 12);
    assert_eq!((state(&app), app.world().resource::<Score>().0), (Game::Playing, 3));

    request(&mut app, |commands| commands.session().slots().load(other));
    while state(&app) != Game::Loading {
        frames(&mut app, 1);
    }
    request(&mut app, |commands| commands.session().cancel_restore());
    frames(&mut app, 12);
    assert!(received::<SavingStopped>(&app).is_empty());
    assert_eq!(received::<SessionRestored>(&app).pop().unwrap().reason, RestoreReason::Undone);
    assert_eq!((state(&app), app.world().resource::<Score>().0), (Game::Playing, 3));
    app.world_mut().remove_resource::<MenuIsOpen>();
    request(&mut app, |commands| commands.session().checkpoint("goes on"));
    frames(&mut app, 4);
    assert_eq!(recovered(&disk).world().resource::<Score>().0, 3);
}
