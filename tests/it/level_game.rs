//! Every path through the example's game with levels, walked with the kit.

// Feature: Entities that a level spawns get their saved values by `SaveKey`.

#[path = "../../examples/level_game/game.rs"]
mod game;

use bevy::app::ScheduleRunnerPlugin;
use bevy::prelude::*;
use bevy::state::app::StatesPlugin;
use bevy_session::SessionPlugin;
use bevy_session::doctor::Doctor;
use bevy_session::prelude::*;
use bevy_session::testing::{TestGame, assert_restores};

use game::{Camera, Coin, Collider, CurrentLevel, Door, Game, Level, Player, Tool};

fn build(session: SessionPlugin) -> App {
    let mut app = App::new();
    app.add_plugins((
        MinimalPlugins.build().disable::<ScheduleRunnerPlugin>(),
        StatesPlugin,
        session,
        game::plugin,
    ));
    app
}

fn enter(game: &mut TestGame, state: Game) {
    game.world().resource_mut::<NextState<Game>>().set(state);
    game.frames(2);
}

fn state(game: &TestGame) -> Game {
    *game.app().world().resource::<State<Game>>().get()
}

fn find(game: &mut TestGame, key: &str) -> Option<Entity> {
    let world = game.world();
    let mut keys = world.query::<(Entity, &SaveKey)>();
    let mut found = keys.iter(world).filter(|(_, known)| known.as_str() == key);
    let entity = found.next().map(|(entity, _)| entity);
    assert!(found.next().is_none(), "{key} is there twice");
    entity
}

fn count<T: Component>(game: &mut TestGame) -> usize {
    let world = game.world();
    world.query::<&T>().iter(world).count()
}

fn open(game: &mut TestGame, door: &str) {
    let entity = find(game, door).expect("a door");
    let world = game.world();
    world.get_mut::<Door>(entity).unwrap().open = true;
    world.query::<&mut Player>().single_mut(world).unwrap().last_door = Some(entity);
}

fn take(game: &mut TestGame, coin: &str) {
    let entity = find(game, coin).expect("a coin");
    let world = game.world();
    world.despawn(entity);
    world.query::<&mut Player>().single_mut(world).unwrap().coins += 1;
}

/// A new game: into the level, through the loading screen.
fn begin() -> TestGame {
    let mut game = TestGame::new(build);
    game.start(NewSession::named("Adventure")).unwrap();
    enter(&mut game, Game::Loading);
    game.frames(8);
    assert_eq!(state(&game), Game::Playing);
    game
}

/// A game in which something happened: the iron door is open, the coin in the well taken, the tools
/// were put in another order.
fn played() -> TestGame {
    let mut game = begin();
    open(&mut game, "cellar/iron");
    take(&mut game, "cellar/well");
    let world = game.world();
    let player = world.query_filtered::<Entity, With<Player>>().single(world).unwrap();
    let children: Vec<Entity> = world.get::<Children>(player).unwrap().to_vec();
    let last = children.len() - 1;
    world.get_mut::<Children>(player).unwrap().swap(0, last);
    world.get_mut::<Player>(player).unwrap().at = Vec2::new(9.0, 4.0);
    game.checkpoint("in the cellar").unwrap();
    game
}

/// Asserts what the player sees after any path.
fn assert_as_played(game: &mut TestGame) {
    assert_eq!(state(game), Game::Playing);
    let world = game.world();
    let open: Vec<&str> = world
        .query::<(&Door, &SaveKey)>()
        .iter(world)
        .filter_map(|(door, key)| door.open.then_some(key.as_str()))
        .collect();
    assert_eq!(open, ["cellar/iron"]);
    assert_eq!(find(game, "cellar/well"), None);
    assert_eq!((count::<Door>(game), count::<Coin>(game)), (3, 3));
    assert_eq!((count::<Level>(game), count::<Player>(game), count::<Camera>(game)), (1, 1, 1));
    let iron = find(game, "cellar/iron");
    let world = game.world();
    let (player, state, collider, children) = world
        .query::<(Entity, &Player, &Collider, &Children)>()
        .single(world)
        .map(|(entity, player, collider, children)| {
            (entity, player.clone(), collider.radius, children.to_vec())
        })
        .unwrap();
    assert_eq!((state.at, state.coins), (Vec2::new(9.0, 4.0), 1));
    assert_eq!(state.last_door, iron, "the reference should lead to the level's own door");
    assert_eq!(collider, 0.4);
    let tools: Vec<String> = children
        .iter()
        .filter_map(|child| world.get::<Tool>(*child).map(|tool| tool.0.clone()))
        .collect();
    assert_eq!(tools, ["rope", "lamp"], "siblings of {player} should keep their order");
    assert_eq!(children.len(), 3, "two tools and a camera");
}

#[test]
fn a_crash_in_play_loses_nothing_saved() {
    let mut game = played();
    let hash = game.hash();
    game.crash_and_restart();
    let report = game.recover().unwrap().report;
    assert_as_played(&mut game);
    assert_eq!(game.hash(), hash);
    assert!(report.extra.is_empty() && report.losses.is_empty(), "{report:?}");
    assert_eq!((report.placed.unclaimed_total, report.dangling_total), (0, 0), "{report:?}");
}

#[test]
fn a_crash_in_each_state_leads_back_into_play() {
    for crashed_in in [Game::Paused, Game::Loading, Game::Menu] {
        let mut game = played();
        let hash = game.hash();
        enter(&mut game, crashed_in);
        game.crash_and_restart();
        if crashed_in == Game::Menu {
            game.continue_newest().unwrap();
        } else {
            game.recover().unwrap();
        }
        assert_as_played(&mut game);
        assert_eq!(game.hash(), hash, "after a crash in {crashed_in:?}");
    }
}

#[test]
fn a_crash_during_a_recovery_is_recovered() {
    let mut game = played();
    let hash = game.hash();
    game.crash_and_restart();
    game.frames(2);
    let session = game.app().world().resource::<RecoveryOffers>().offers()[0].session.id;
    game.request(|commands| commands.session().recover(session, RestoreFrom::Latest)).frames(2);
    assert_eq!(state(&game), Game::Loading, "the level is being loaded");
    game.crash_and_restart();
    game.recover().unwrap();
    assert_as_played(&mut game);
    assert_eq!(game.hash(), hash);
}

#[test]
fn quitting_to_the_menu_and_continuing_repeatedly_loses_nothing() {
    let mut game = played();
    let hash = game.hash();
    for _ in 0..3 {
        enter(&mut game, Game::Menu);
        game.frames(4);
        assert_eq!((count::<Player>(&mut game), count::<Door>(&mut game)), (0, 0));
        game.continue_newest().unwrap();
        assert_as_played(&mut game);
        assert_eq!(game.hash(), hash);
    }
    game.exit_and_restart();
    game.continue_newest().unwrap();
    assert_as_played(&mut game);
    assert_eq!(game.hash(), hash);
}

#[test]
fn a_level_is_as_it_was_left_after_visiting_another() {
    let mut game = played();
    let go = |game: &mut TestGame, level: &str| {
        game.world().resource_mut::<CurrentLevel>().0 = level.to_owned();
        enter(game, Game::Loading);
        game.frames(8);
        assert_eq!(state(game), Game::Playing);
    };
    go(&mut game, "tower");
    open(&mut game, "tower/gate");
    assert_eq!((count::<Door>(&mut game), count::<Player>(&mut game)), (1, 1));
    game.checkpoint("in the tower").unwrap();
    game.crash_and_restart();
    game.recover().unwrap();
    assert_eq!((count::<Door>(&mut game), count::<Coin>(&mut game)), (1, 2));
    go(&mut game, "cellar");
    let iron = find(&mut game, "cellar/iron").unwrap();
    assert!(game.world().get::<Door>(iron).unwrap().open);
    assert_eq!(find(&mut game, "cellar/well"), None);
    go(&mut game, "tower");
    let gate = find(&mut game, "tower/gate").unwrap();
    assert!(game.world().get::<Door>(gate).unwrap().open);
}

#[test]
fn the_game_restores_and_the_doctor_finds_nothing() {
    let mut game = played();
    assert_restores(game.app_mut());
    let diagnosis = Doctor::default().examine(game.app_mut());
    assert!(diagnosis.is_healthy(), "{diagnosis}");
}

#[test]
fn a_second_session_starts_over() {
    let mut game = played();
    enter(&mut game, Game::Menu);
    game.frames(4);
    game.start(NewSession::named("Another")).unwrap();
    enter(&mut game, Game::Loading);
    game.frames(8);
    assert_eq!((count::<Door>(&mut game), count::<Coin>(&mut game)), (3, 4));
    let world = game.world();
    assert!(world.query::<&Door>().iter(world).all(|door| !door.open));
}

/// The level of the next game is spawned before the disk has all of the last one.
#[test]
fn coins_that_were_taken_are_there_in_the_next_game_behind_a_slow_disk() {
    let mut game = TestGame::new(|session| build(session.writer_delay(40)));
    game.frames(120);
    game.start(NewSession::named("Adventure")).unwrap();
    enter(&mut game, Game::Loading);
    game.frames(120);
    take(&mut game, "cellar/well");
    game.checkpoint("in the cellar").unwrap();
    enter(&mut game, Game::Menu);
    game.request(|commands| commands.session().start(NewSession::named("Another")));
    enter(&mut game, Game::Loading);
    game.frames(8);
    let is_left = game.world().resource::<CurrentSession>().name() == "Adventure";
    assert!(is_left, "it is being left");
    assert_eq!(count::<Coin>(&mut game), 4);
    game.frames(240);
    assert_eq!(game.world().resource::<CurrentSession>().name(), "Another");
    assert_eq!(count::<Coin>(&mut game), 4);
}
