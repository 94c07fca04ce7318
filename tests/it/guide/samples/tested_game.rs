use bevy::prelude::*;
use bevy_session::doctor::Doctor;
use bevy_session::prelude::*;
use bevy_session::testing::{RecoverError, TestGame, assert_restores};

fn the_game_recovers(build: fn(SessionPlugin) -> App) -> Result<(), RecoverError> {
    let mut game = TestGame::new(build); // in memory, on a clock that only frames move
    game.start(NewSession::named("Campaign"))?; // if the game doesn't start its session by itself
    game.seconds(60.0); // … and play: spawn, press keys, set states
    assert_restores(game.app_mut()); // what is saved comes back, field by field
    let before = game.checkpoint_and_snapshot("here")?;
    assert!(before.entities() > 0);
    game.crash_and_restart().recover()?; // as kill -9 does
    assert_eq!(before.differences(&game.snapshot()), []);
    println!("{}", Doctor::default().examine(game.app_mut())); // what isn't saved, and should be?
    Ok(())
}
