//! Breakout is played, killed and started again.

// Feature: Bevy's example `breakout` becomes crash-proof by five kinds of lines.

use std::time::Duration;

use bevy::prelude::*;
use bevy_session::testing::{RecoverError, TestGame, assert_restores};

use super::super::{checkpoint, hints, hold};
use super::{Ball, Brick, Paddle, Score, Sprite, Text, Velocity};

/// What a player sees.
#[derive(PartialEq, Debug)]
struct Scene {
    ball: (Transform, Vec2),
    paddle: Transform,
    bricks: Vec<[i32; 2]>,
    sprites: usize,
    score: usize,
}

fn scene(game: &mut TestGame) -> Scene {
    let world = game.world();
    let ball = world.query_filtered::<(&Transform, &Velocity), With<Ball>>().single(world);
    let ball = ball.map(|(place, velocity)| (*place, velocity.0)).expect("one ball");
    let paddle = world.query_filtered::<&Transform, With<Paddle>>().single(world);
    let paddle = *paddle.expect("one paddle");
    let in_pixels = |place: &Transform| place.translation.truncate().round().as_ivec2().to_array();
    let mut bricks: Vec<_> =
        world.query_filtered::<&Transform, With<Brick>>().iter(world).map(in_pixels).collect();
    bricks.sort_unstable();
    let sprites = world.query::<&Sprite>().iter(world).count();
    Scene { ball, paddle, bricks, sprites, score: **world.resource::<Score>() }
}

fn text(game: &mut TestGame) -> String {
    let world = game.world();
    world.query::<&Text>().single(world).expect("one text").0.clone()
}

#[test]
fn breakout_continues_after_a_crash() -> Result<(), RecoverError> {
    let mut game = TestGame::new(super::main);
    // In longer frames, the ball passes through walls.
    game.frame_time(Duration::from_millis(16)).seconds(8.0);
    let whole_wall = 56;
    hold(&mut game, &[KeyCode::ArrowLeft], 62);
    assert_restores(game.app_mut());
    let before = checkpoint(&mut game, scene);
    assert!(before.paddle.translation.x < -300.0, "{before:?}");
    assert!(before.score > 0 && before.bricks.len() + before.score == whole_wall, "{before:?}");

    game.crash_and_restart().recover()?;
    assert_eq!(scene(&mut game), before);
    game.frames(1);
    assert_eq!(text(&mut game), format!("Score: {}", before.score));

    hold(&mut game, &[KeyCode::ArrowRight], 62);
    game.seconds(12.0);
    let after = scene(&mut game);
    assert!(after.paddle.translation.x > 0.0, "{after:?}");
    assert!(after.score > before.score, "{after:?}");
    assert_eq!(after.bricks.len() + after.score, whole_wall);
    assert_eq!(hints(&game), []);
    Ok(())
}
