//! A game with a menu: what is saved on the way there, and what it gives up.

use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy::time::TimeUpdateStrategy;
use bevy_session::checkpoints::WorldForksExt;
use bevy_session::prelude::*;
use bevy_session::recovery::{RestoreCancelled, RestorePhase, RestoreStarted};
use bevy_session::requests::{CurrentRequest, GuardedRequest, Request};
use bevy_session::slots::{SlotFailed, SlotId};
use bevy_session::{
    MemoryDisk, RequestError, SessionActivity, SessionClosed, SessionRestored, SessionSettings,
};
use serde::{Deserialize, Serialize};

use super::{ask_to_recover, enter, level_game_with, state};
use crate::common::{
    FRAME, Game, Health, Inventory, Score, frames, game_with, listen, plugin, received, request,
    start,
};

/// Turns between an order and its answer, where it takes some.
const DELAY: usize = 12;

/// A level game with a menu, as in the guide.
fn menu_game(disk: &MemoryDisk) -> App {
    menu_game_with(plugin(disk), |_| {})
}

fn menu_game_with(plugin: SessionPlugin, hooks: impl FnOnce(&mut App)) -> App {
    level_game_with(plugin, |app| {
        hooks(app);
        app.checkpoint_session_while(in_state(Game::Playing))
            .offer_recovery_in(Game::Menu)
            .close_session_on_enter(Game::Menu);
        listen::<SessionClosed>(app);
        listen::<SlotSaved>(app);
        listen::<SlotFailed>(app);
        app.add_systems(Update, save_and_leave.run_if(resource_exists::<IsLeaving>));
    })
}

/// Save and exit was pressed.
#[derive(Resource)]
struct IsLeaving;

fn save_and_leave(mut commands: Commands, mut next: ResMut<NextState<Game>>) {
    commands.remove_resource::<IsLeaving>();
    commands.session().slots().save(SaveSlot::manual("Inn"));
    next.set(Game::Menu);
}

/// Plays a game with a menu until a wound of the boss is saved.
fn in_level(disk: &MemoryDisk) -> App {
    let mut app = menu_game(disk);
    play(&mut app);
    app
}

fn play(app: &mut App) {
    enter(app, Game::Loading);
    frames(app, 8);
    request(app, |commands| commands.session().start(NewSession::named("Level")));
    frames(app, 4 * DELAY);
    wound(app, 30);
    request(app, |commands| commands.session().checkpoint("here"));
    frames(app, 3 * DELAY);
}

/// A game with a menu that is being played, and a slot of it.
fn with_slot(plugin: SessionPlugin, hooks: impl FnOnce(&mut App)) -> (App, SlotId) {
    let mut app = menu_game_with(plugin, hooks);
    frames(&mut app, 3 * DELAY);
    play(&mut app);
    request(&mut app, |commands| {
        commands.session().slots().save(SaveSlot::manual("Inn").overwrite())
    });
    frames(&mut app, 4 * DELAY);
    let slot = saved_slot(&app);
    (app, slot)
}

/// Goes on with a slot, or with the session that was left.
fn played_on(disk: &MemoryDisk, slot: Option<SlotId>) -> App {
    let mut app = menu_game(&disk.snapshot());
    frames(&mut app, 3);
    let session = app.world().resource::<SessionCatalog>().newest_to_continue().unwrap().session.id;
    request(&mut app, |commands| match slot {
        Some(slot) => commands.session().slots().load(slot),
        None => commands.session().continue_session(session),
    });
    frames(&mut app, 14);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
    assert!(app.world().contains_resource::<CurrentSession>());
    app
}

fn frames_until(app: &mut App, is_there: impl Fn(&App) -> bool) {
    let mut left = 10 * DELAY;
    while !is_there(app) {
        frames(app, 1);
        left = left.checked_sub(1).expect("it should have come by now");
    }
}

fn saved_slot(app: &App) -> SlotId {
    let failed = received::<SlotFailed>(app);
    assert!(failed.is_empty(), "{failed:?}");
    received::<SlotSaved>(app)[0].slot.id
}

fn wound(app: &mut App, health: u32) {
    let world = app.world_mut();
    world.query::<&mut Health>().single_mut(world).unwrap().0 = health;
}

fn health(app: &mut App) -> u32 {
    let world = app.world_mut();
    world.query::<&Health>().single(world).unwrap().0
}

// Feature: What is saved on the way to the menu leads back to the game.
// Page: guide/states-and-gates.md
#[test]
fn a_slot_that_is_saved_on_the_way_to_the_menu_leads_back_to_the_game() {
    // Before the states change, as by a button's observer, or after.
    for (exits, is_early) in [(false, true), (true, true), (false, false), (true, false)] {
        let disk = MemoryDisk::default();
        let mut app = in_level(&disk);
        wound(&mut app, 20);
        match is_early {
            true => app.world_mut().run_system_cached(save_and_leave).unwrap(),
            false => _ = app.insert_resource(IsLeaving),
        }
        if exits {
            app.world_mut().write_message(AppExit::Success);
        }
        frames(&mut app, 4);
        assert_eq!(received::<SessionClosed>(&app).len(), 1);
        let slot = saved_slot(&app);
        for slot in [Some(slot), None] {
            let mut app = played_on(&disk, slot);
            assert_eq!((state(&app), health(&mut app)), (Game::Playing, 20), "{exits} {is_early}");
        }
    }
}

#[test]
fn a_slot_of_a_game_that_saves_only_when_asked_has_what_was_left() {
    let disk = MemoryDisk::default();
    let mut app = in_level(&disk);
    app.world_mut().resource_mut::<SessionSettings>().autosave = false;
    wound(&mut app, 20);
    app.world_mut().run_system_cached(save_and_leave).unwrap();
    frames(&mut app, 4);
    assert_eq!(received::<SessionClosed>(&app).len(), 1);
    let slot = saved_slot(&app);
    assert_eq!(health(&mut played_on(&disk, Some(slot))), 20);
}

#[test]
fn a_slot_without_a_checkpoint_of_what_was_left_fails() {
    let disk = MemoryDisk::default();
    let mut app = menu_game_with(plugin(&disk).writer_delay(60), |_| {});
    play(&mut app);
    frames(&mut app, 200);
    for number in 1..=20 {
        app.world_mut().resource_mut::<Score>().0 = number;
        request(&mut app, |commands| commands.session().checkpoint(format!("{number}")));
        frames(&mut app, 1);
    }
    wound(&mut app, 20);
    app.world_mut().run_system_cached(save_and_leave).unwrap();
    frames(&mut app, 600);
    assert_eq!(received::<SessionClosed>(&app).len(), 1);
    assert_eq!((received::<SlotSaved>(&app).len(), received::<SlotFailed>(&app).len()), (0, 1));
}

/// The level's floor, which is saved beside the game's state.
#[derive(States, TypePath, Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
enum Floor {
    #[default]
    First,
    None,
}

#[test]
fn nothing_that_is_on_its_way_with_the_menu_is_saved() {
    for exits in [false, true] {
        let disk = MemoryDisk::default();
        let floors = |disk: &MemoryDisk| {
            menu_game_with(plugin(disk), |app| {
                app.init_state::<Floor>().save_state::<Floor>().add_systems(
                    Update,
                    (|mut floor: ResMut<NextState<Floor>>| floor.set(Floor::None))
                        .run_if(resource_exists::<IsLeaving>)
                        .before(save_and_leave),
                );
            })
        };
        let mut app = floors(&disk);
        play(&mut app);
        app.world_mut().spawn((Inventory(vec![3]), DespawnOnExit(Floor::First)));
        wound(&mut app, 20);
        app.insert_resource(IsLeaving);
        if exits {
            app.world_mut().write_message(AppExit::Success);
        }
        frames(&mut app, 4);
        let slot = saved_slot(&app);
        let mut app = floors(&disk.snapshot());
        frames(&mut app, 3);
        request(&mut app, |commands| commands.session().slots().load(slot));
        frames(&mut app, 14);
        assert_eq!((state(&app), health(&mut app)), (Game::Playing, 20));
        let world = app.world_mut();
        assert_eq!(world.resource::<State<Floor>>().get(), &Floor::First);
        let mut carried = world.query::<&Inventory>();
        let carried = carried.iter(world).filter(|it| it.0 == [3]);
        assert_eq!(carried.count(), 1, "it goes with its floor alone");
    }
}

#[test]
fn the_menu_gives_up_a_checkpoint_that_is_read() {
    let disk = MemoryDisk::default();
    for is_other in [false, true] {
        let (mut app, slot) = with_slot(plugin(&disk).writer_delay(DELAY as u64), |_| {});
        if is_other {
            request(&mut app, |commands| commands.session().close(LeaveCause::Player));
            frames(&mut app, 4 * DELAY);
            request(&mut app, |commands| commands.session().start(NewSession::named("Other")));
            frames(&mut app, 4 * DELAY);
        }
        app.world_mut().resource_mut::<Score>().0 = 10;
        // A double click.
        for _ in 0..2 {
            request(&mut app, |commands| commands.session().slots().load(slot));
            frames(&mut app, 1);
        }
        frames_until(&mut app, is_reading);
        // The game goes on meanwhile.
        app.world_mut().resource_mut::<Score>().0 = 11;
        enter(&mut app, Game::Menu);
        frames(&mut app, 10 * DELAY);
        assert_eq!(received::<RestoreCancelled>(&app).len(), 1);
        assert_eq!((state(&app), received::<SessionRestored>(&app).len()), (Game::Menu, 0));
        assert!(!app.world().contains_resource::<CurrentSession>());
        assert_eq!(played_on(&disk, None).world().resource::<Score>().0, 11);
    }
}

#[test]
fn the_menu_gives_up_a_load_that_waits_for_its_slot() {
    let disk = MemoryDisk::default();
    let mut app = menu_game_with(plugin(&disk).writer_delay(DELAY as u64), |_| {});
    frames(&mut app, 3 * DELAY);
    play(&mut app);
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::quick()));
    request(&mut app, |commands| commands.session().slots().quick_load());
    frames(&mut app, 2);
    wound(&mut app, 10);
    enter(&mut app, Game::Menu);
    frames(&mut app, 10 * DELAY);
    assert_eq!((state(&app), received::<SessionRestored>(&app).len()), (Game::Menu, 0));
    let rejected = received::<RequestRejected>(&app);
    assert!(matches!(rejected[..], [RequestRejected { error: RequestError::Cancelled, .. }]));
    assert!(!app.world().contains_resource::<CurrentSession>());
    assert_eq!(health(&mut played_on(&disk, None)), 10);
}

#[test]
fn a_session_whose_world_was_left_is_closed_whatever_a_guard_says() {
    let disk = MemoryDisk::default();
    let never_closed = |asked: In<GuardedRequest>| match &asked.request {
        Request::Current(CurrentRequest::Close(_)) => Err("play on".to_owned()),
        _ => Ok(()),
    };
    let (mut app, slot) = with_slot(plugin(&disk), |app| {
        app.guard_session_requests(never_closed);
    });
    enter(&mut app, Game::Menu);
    frames(&mut app, 3);
    assert_eq!(received::<SessionClosed>(&app).len(), 0, "the guard says so");
    enter(&mut app, Game::Playing);
    request(&mut app, |commands| commands.session().slots().load(slot));
    frames_until(&mut app, |app| state(app) == Game::Loading);
    enter(&mut app, Game::Menu);
    frames(&mut app, 3);
    assert_eq!(received::<SessionClosed>(&app).len(), 1);
}

#[test]
fn a_load_that_is_asked_for_on_the_way_to_the_menu_leads_to_its_slot() {
    for delay in [0, DELAY] {
        let disk = MemoryDisk::default();
        let (mut app, slot) = with_slot(plugin(&disk).writer_delay(delay as u64), |_| {});
        app.world_mut().resource_mut::<Score>().0 = 9;
        request(&mut app, |commands| commands.session().slots().load(slot));
        enter(&mut app, Game::Menu);
        frames(&mut app, 10 * DELAY);
        assert_eq!((state(&app), app.world().resource::<Score>().0), (Game::Playing, 0));
        assert!(app.world().contains_resource::<CurrentSession>(), "what is played is saved");
        assert_eq!(received::<SessionClosed>(&app).len(), 0);
    }
}

/// The player cancels a load in its loading screen, and the game goes to its menu at once.
#[test]
fn the_menu_is_entered_after_a_cancelled_load() {
    for delay in [0, DELAY] {
        let disk = MemoryDisk::default();
        let (mut app, slot) = with_slot(plugin(&disk).writer_delay(delay as u64), |app| {
            app.add_observer(|_: On<RestoreCancelled>, mut next: ResMut<NextState<Game>>| {
                next.set(Game::Menu);
            });
        });
        wound(&mut app, 10);
        request(&mut app, |commands| commands.session().slots().load(slot));
        frames_until(&mut app, |app| state(app) == Game::Loading);
        request(&mut app, |commands| commands.session().cancel_restore());
        frames(&mut app, 10 * DELAY);
        assert_eq!((state(&app), received::<SessionRestored>(&app).len()), (Game::Menu, 0));
        assert!(!app.world().contains_resource::<CurrentSession>());
        assert!(!app.world_mut().run_system_cached(session_is_restoring).unwrap());
        assert_eq!(received::<SessionClosed>(&app).len(), 1);
        assert_eq!(received::<RestoreCancelled>(&app).len(), 1);
        assert_eq!(health(&mut played_on(&disk, None)), 10);
    }
}

#[test]
fn no_state_that_was_held_back_follows_the_menu() {
    let disk = MemoryDisk::default();
    let (mut app, slot) = with_slot(plugin(&disk).writer_delay(DELAY as u64), |_| {});
    wound(&mut app, 10);
    request(&mut app, |commands| commands.session().slots().load(slot));
    frames_until(&mut app, |app| state(app) == Game::Loading);
    request(&mut app, |commands| commands.session().cancel_restore());
    // The loading screen is done, and is held back.
    frames(&mut app, 5);
    assert_eq!(state(&app), Game::Loading);
    enter(&mut app, Game::Menu);
    frames(&mut app, 3 * DELAY);
    assert_eq!(state(&app), Game::Menu);
    assert!(!app.world().contains_resource::<CurrentSession>());
}

/// What the whole program shows, which isn't saved.
#[derive(States, Clone, PartialEq, Eq, Hash, Debug, Default)]
enum Program {
    #[default]
    Game,
    Menu,
}

#[derive(Resource)]
struct OpenGate;

/// A game whose menu is no saved state, playing, with a slot of a score of 5 and of 10 since.
fn with_unsaved_menu(plugin: SessionPlugin, hooks: impl FnOnce(&mut App)) -> (App, SlotId) {
    let mut app = game_with(plugin, |app| {
        app.init_state::<Program>()
            .checkpoint_session_while(in_state(Program::Game))
            .close_session_on_enter(Program::Menu);
        listen::<RestoreStarted>(app);
        listen::<RestoreCancelled>(app);
        listen::<SessionClosed>(app);
        listen::<SlotSaved>(app);
        listen::<SlotFailed>(app);
        hooks(app);
    });
    frames(&mut app, 3 * DELAY);
    request(&mut app, |commands| commands.session().start(NewSession::named("Level")));
    frames(&mut app, 4 * DELAY);
    app.world_mut().resource_mut::<Score>().0 = 5;
    request(&mut app, |commands| commands.session().slots().save(SaveSlot::manual("Inn")));
    frames(&mut app, 4 * DELAY);
    app.world_mut().resource_mut::<Score>().0 = 10;
    let slot = saved_slot(&app);
    (app, slot)
}

fn go_to_menu(app: &mut App) {
    app.world_mut().resource_mut::<NextState<Program>>().set(Program::Menu);
}

#[test]
fn a_menu_that_is_entered_with_the_states_of_a_restore_gives_it_up() {
    for is_open in [true, false] {
        let disk = MemoryDisk::default();
        let (mut app, slot) = with_unsaved_menu(plugin(&disk), |app| {
            app.init_state::<Game>()
                .save_state::<Game>()
                .restore_session_when(resource_exists::<OpenGate>);
        });
        if is_open {
            app.insert_resource(OpenGate);
        }
        app.add_observer(|_: On<RestoreStarted>, mut next: ResMut<NextState<Program>>| {
            next.set(Program::Menu);
        });
        app.world_mut().resource_mut::<NextState<Game>>().set(Game::Shop);
        frames(&mut app, 1);
        request(&mut app, |commands| commands.session().slots().load(slot));
        frames(&mut app, 6);
        assert_eq!(app.world().resource::<State<Program>>().get(), &Program::Menu);
        assert!(!app.world().contains_resource::<CurrentSession>(), "{is_open}");
        assert_eq!(received::<SessionClosed>(&app).len(), 1);
    }
}

#[test]
fn a_load_on_the_way_to_the_menu_that_is_cancelled_leaves_the_session_closed() {
    let disk = MemoryDisk::default();
    let (mut app, slot) = with_unsaved_menu(plugin(&disk), |app| {
        app.restore_session_when(resource_exists::<OpenGate>);
    });
    request(&mut app, |commands| commands.session().slots().load(slot));
    go_to_menu(&mut app);
    frames(&mut app, 6);
    assert_eq!(received::<RestoreStarted>(&app).len(), 1);
    request(&mut app, |commands| commands.session().cancel_restore());
    frames(&mut app, 6);
    assert_eq!(received::<RestoreCancelled>(&app).len(), 1);
    assert_eq!(received::<SessionClosed>(&app).len(), 1);
    assert_eq!(app.world().resource::<Score>().0, 10);
}

/// A game without any saved state.
fn stateless_game(plugin: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((MinimalPlugins, StatesPlugin, plugin))
        .insert_resource(TimeUpdateStrategy::ManualDuration(FRAME))
        .init_state::<Program>()
        .init_resource::<Score>()
        .checkpoint_session_while(in_state(Program::Game))
        .close_session_on_enter(Program::Menu);
    listen::<SessionClosed>(&mut app);
    app.finish();
    app.cleanup();
    frames(&mut app, 3 * DELAY);
    app
}

#[test]
fn what_is_played_since_a_fork_is_there_if_the_menu_is_entered_while_it_is_read() {
    let disk = MemoryDisk::default();
    let mut app = stateless_game(plugin(&disk).writer_delay(DELAY as u64));
    request(&mut app, |commands| commands.session().start(NewSession::named("Level")));
    frames(&mut app, 4 * DELAY);
    app.world_mut().resource_mut::<SessionSettings>().autosave = false;
    let fork = app.world_mut().commands().fork_world();
    frames(&mut app, 4 * DELAY);
    app.world_mut().resource_mut::<Score>().0 = 20;
    request(&mut app, |commands| commands.session().rewind(RewindTo::Fork(fork)));
    frames_until(&mut app, is_reading);
    go_to_menu(&mut app);
    frames(&mut app, 6 * DELAY);
    assert_eq!(received::<SessionClosed>(&app).len(), 1);
    let mut app = stateless_game(plugin(&disk.snapshot()));
    let session = app.world().resource::<SessionCatalog>().newest_to_continue().unwrap().session.id;
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 6);
    assert_eq!(app.world().resource::<Score>().0, 20);
}

fn is_reading(app: &App) -> bool {
    app.world().resource::<SessionActivity>().restore() == Some(RestorePhase::Reading)
}

#[test]
fn the_menu_gives_up_a_restore_in_its_loading_screen() {
    let disk = MemoryDisk::default();
    let _played = in_level(&disk);
    let mut app = menu_game(&disk.snapshot());
    ask_to_recover(&mut app);
    frames(&mut app, 2);
    assert_eq!(state(&app), Game::Loading);
    enter(&mut app, Game::Menu);
    frames(&mut app, 2);
    let cancelled = received::<RestoreCancelled>(&app);
    assert!(cancelled.len() == 1 && cancelled[0].began);
    assert!(!app.world().contains_resource::<CurrentSession>());
    assert!(!app.world_mut().run_system_cached(session_is_restoring).unwrap());
    assert_eq!((state(&app), app.world().resource::<Score>().0), (Game::Menu, 0));
    // Another game is begun, and nothing of the old one comes into it.
    enter(&mut app, Game::Loading);
    frames(&mut app, 8);
    start(&mut app, "New");
    assert_eq!((state(&app), received::<SessionRestored>(&app).len()), (Game::Playing, 0));
    assert_eq!(app.world().resource::<CurrentSession>().name(), "New");
    enter(&mut app, Game::Menu);
    frames(&mut app, 3);
    ask_to_recover(&mut app);
    frames(&mut app, 14);
    assert_eq!(received::<SessionRestored>(&app).len(), 1);
}

#[test]
fn the_menu_gives_up_a_load_and_closes_what_was_played() {
    let disk = MemoryDisk::default();
    let (mut app, slot) = with_slot(plugin(&disk), |_| {});
    wound(&mut app, 10);
    request(&mut app, |commands| commands.session().slots().load(slot));
    frames(&mut app, 3);
    assert_eq!(state(&app), Game::Loading);
    enter(&mut app, Game::Menu);
    frames(&mut app, 4);
    assert_eq!(received::<RestoreCancelled>(&app).len(), 1);
    assert_eq!(received::<SessionClosed>(&app).len(), 1);
    assert!(!app.world().contains_resource::<CurrentSession>());
    let mut app = menu_game(&disk.snapshot());
    frames(&mut app, 3);
    assert!(app.world().resource::<RecoveryOffers>().is_empty(), "it was closed");
    let session = app.world().resource::<SessionCatalog>().newest_to_continue().unwrap().session.id;
    request(&mut app, |commands| commands.session().continue_session(session));
    frames(&mut app, 14);
    assert_eq!((state(&app), health(&mut app)), (Game::Playing, 10));
}

#[test]
fn a_menu_that_is_entered_while_a_session_begins_closes_it() {
    for is_left_again in [false, true] {
        let disk = MemoryDisk::default();
        let mut app = menu_game_with(plugin(&disk).writer_delay(DELAY as u64), |_| {});
        frames(&mut app, 3 * DELAY);
        enter(&mut app, Game::Loading);
        request(&mut app, |commands| commands.session().start(NewSession::named("Level")));
        frames(&mut app, 2);
        enter(&mut app, Game::Menu);
        assert!(!app.world().contains_resource::<CurrentSession>(), "it begins");
        if is_left_again {
            enter(&mut app, Game::Loading);
        }
        frames(&mut app, 10 * DELAY);
        assert_eq!(app.world().contains_resource::<CurrentSession>(), is_left_again);
        assert_eq!(received::<SessionClosed>(&app).len(), usize::from(!is_left_again));
    }
}
