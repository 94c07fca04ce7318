//! Alien Cake Addict is played, killed and started again.

// Feature: Three of Bevy's example games are kept as tests, and their added lines are counted.

use std::cell::Cell;
use std::cmp::Ordering;
use std::time::Duration;

use bevy::prelude::*;
use bevy_session::SessionId;
use bevy_session::prelude::*;
use bevy_session::testing::{RecoverError, TestGame, assert_restores};

use super::super::{checkpoint, hints, hold};
use super::{BonusSpawnTimer, Cake, Game, GameState, PointLight, Text, WorldAssetRoot};

/// What a player sees, and the time until the next cake.
#[derive(PartialEq, Debug)]
struct Scene {
    alien: (usize, usize, Transform, &'static str),
    /// Its looks and the number of its lights as well.
    cake: Option<(usize, usize, Transform, &'static str, usize)>,
    tiles: Vec<String>,
    score: (i32, u32),
    camera: Vec3,
    timer: Duration,
}

/// The place of an entity that the game's resource names, and its looks.
fn looks(world: &World, entity: Entity) -> (Transform, &'static str) {
    let place = *world.get::<Transform>(entity).expect("a place");
    (place, world.get::<WorldAssetRoot>(entity).expect("a model").0.0)
}

fn scene(game: &mut TestGame) -> Scene {
    let world = game.world();
    let mut tiles: Vec<String> = world
        .query::<(&Transform, &WorldAssetRoot)>()
        .iter(world)
        .filter(|(_, model)| model.0.0.ends_with("tile.glb"))
        .map(|(place, _)| format!("{:?}", place.translation))
        .collect();
    tiles.sort_unstable();
    let cakes = world.query::<&Cake>().iter(world).count();
    let mut lights = world.query_filtered::<&ChildOf, With<PointLight>>();
    let state = world.resource::<Game>();
    assert_eq!(cakes, usize::from(state.bonus.entity.is_some()), "no cake without its entity");
    let (player, bonus) = (&state.player, &state.bonus);
    let alien = looks(world, player.entity.expect("an alien"));
    let cake = bonus.entity.map(|cake| {
        let (place, model) = looks(world, cake);
        let lights = lights.iter(world).filter(|parent| parent.parent() == cake).count();
        (bonus.i, bonus.j, place, model, lights)
    });
    Scene {
        alien: (player.i, player.j, alien.0, alien.1),
        cake,
        tiles,
        score: (state.score, state.cake_eaten),
        camera: state.camera_is_focus,
        timer: world.resource::<BonusSpawnTimer>().0.elapsed(),
    }
}

/// A game with other dice at each start.
fn game() -> TestGame {
    let starts = Cell::new(0);
    TestGame::new(move |session| {
        starts.set(starts.get() + 1);
        super::main(session, starts.get())
    })
}

/// The keys that lead to the cake.
fn keys_to_the_cake(state: &Game) -> Vec<KeyCode> {
    let (player, bonus) = (&state.player, &state.bonus);
    if bonus.entity.is_none() {
        return Vec::new();
    }
    let key = |from: usize, to: usize, further, back| match from.cmp(&to) {
        Ordering::Less => Some(further),
        Ordering::Greater => Some(back),
        Ordering::Equal => None,
    };
    let across = key(player.i, bonus.i, KeyCode::ArrowUp, KeyCode::ArrowDown);
    let along = key(player.j, bonus.j, KeyCode::ArrowRight, KeyCode::ArrowLeft);
    across.into_iter().chain(along).collect()
}

/// Plays until a cake is eaten.
fn eat_a_cake(game: &mut TestGame) {
    let eaten = game.world().resource::<Game>().cake_eaten;
    for _ in 0..150 {
        let state = game.world().resource::<Game>();
        if state.cake_eaten > eaten {
            return;
        }
        let keys = keys_to_the_cake(state);
        hold(game, &keys, 1);
    }
    panic!("no cake was reached: {:?}", scene(game));
}

fn wait_for_a_cake(game: &mut TestGame) {
    let mut frames = 60;
    while game.world().resource::<Game>().bonus.entity.is_none() && frames > 0 {
        game.frames(1);
        frames -= 1;
    }
}

/// Does nothing until the round is lost.
fn lose(game: &mut TestGame) {
    game.seconds(17.0);
    assert_eq!(state(game), GameState::GameOver);
}

fn state(game: &TestGame) -> GameState {
    *game.app().world().resource::<State<GameState>>().get()
}

fn session(game: &TestGame) -> Option<SessionId> {
    game.app().world().get_resource::<CurrentSession>().map(CurrentSession::id)
}

fn texts(game: &mut TestGame) -> Vec<String> {
    let world = game.world();
    world.query::<&Text>().iter(world).map(|text| text.0.clone()).collect()
}

#[test]
fn alien_cake_addict_continues_after_a_crash() -> Result<(), RecoverError> {
    let mut game = game();
    eat_a_cake(&mut game);
    wait_for_a_cake(&mut game);
    hold(&mut game, &[KeyCode::ArrowUp], 5);
    assert_restores(game.app_mut());
    let before = checkpoint(&mut game, scene);
    assert_eq!((before.score, before.tiles.len()), ((2, 1), 14 * 21));
    let cake = before.cake.expect("a cake");
    assert_eq!((cake.3, cake.4), ("models/AlienCake/cakeBirthday.glb", 1));

    game.crash_and_restart().recover()?;
    assert_eq!(scene(&mut game), before);
    assert_eq!(state(&game), GameState::Playing);

    eat_a_cake(&mut game);
    assert_eq!(scene(&mut game).score.1, 2);
    game.frames(1);
    assert_eq!(texts(&mut game), [format!("Sugar Rush: {}", scene(&mut game).score.0)]);
    wait_for_a_cake(&mut game);
    assert!(scene(&mut game).cake.is_some(), "the next cake should come");
    game.seconds(8.0);
    assert_eq!(hints(&game), []);
    Ok(())
}

#[test]
fn the_round_after_a_lost_one_is_recovered_as_well() -> Result<(), RecoverError> {
    let mut game = game();
    game.frames(6);
    let first = session(&game).expect("the first round's session");
    lose(&mut game);
    assert_eq!((session(&game), texts(&mut game)), (None, vec!["Cake eaten: 0".to_owned()]));
    hold(&mut game, &[KeyCode::Space], 1);
    game.frames(6);
    let second = session(&game);
    assert!(second.is_some_and(|second| second != first), "{second:?}");

    eat_a_cake(&mut game);
    let before = checkpoint(&mut game, scene);
    game.crash_and_restart().recover()?;
    assert_eq!((session(&game), scene(&mut game)), (second, before));
    eat_a_cake(&mut game);
    assert_eq!(hints(&game), []);
    Ok(())
}

#[test]
fn a_round_that_was_lost_is_not_resumed() {
    let mut game = game();
    game.frames(6);
    let lost = session(&game);
    lose(&mut game);
    game.crash_and_restart().frames(10);
    assert_eq!((state(&game), scene(&mut game).score), (GameState::Playing, (0, 0)));
    assert!(session(&game).is_some() && session(&game) != lost);
    eat_a_cake(&mut game);
}
