//! Asserts that a game is deterministic.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bevy::app::App;
use bevy_session_journal::MemoryDisk;

use super::{Replay, ReplayManner, ReplayStep};
use crate::testing::TestGame;
use crate::{NewSession, SessionPlugin};

/// The duration of a frame of the game under test: a step of Bevy's fixed schedule, unless the game
/// changes it.
const FRAME: Duration = Duration::from_nanos(15_625_000);

/// Asserts that a game is deterministic: plays this many seconds, goes back to the beginning, plays
/// them again, and compares the two, so that a [`Replay`](super::Replay) of it can be exact.
///
/// `build` makes the game's app as for [`TestGame`](crate::testing::TestGame). The game plays by
/// itself; if it needs inputs to do anything, `build` should add a system that writes some, by a
/// rule.
///
/// # Panics
///
/// If the game doesn't start or can't be restored, or plays differently the second time. The
/// message names type, entity and field with both values.
///
/// ```
/// use bevy::prelude::*;
/// use bevy_session::prelude::*;
/// use bevy_session::replay::assert_deterministic;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Resource, Reflect, Clone, Default, Serialize, Deserialize)]
/// # #[reflect(Resource, Saved)]
/// # struct Steps(u32);
///
/// fn build(session: SessionPlugin) -> App {
///     let mut app = App::new();
///     app.add_plugins((MinimalPlugins, session));
///     # app.register_type::<Steps>().init_resource::<Steps>();
///     # app.add_systems(FixedUpdate, |mut steps: ResMut<Steps>| steps.0 += 1);
///     app
/// }
///
/// // #[test] fn the_game_does_the_same_again() …
/// assert_deterministic(build, 2.0);
/// ```
#[track_caller]
pub fn assert_deterministic(build: impl Fn(SessionPlugin) -> App + 'static, seconds: f32) {
    if let Err(message) = check(Arc::new(build), seconds) {
        panic!("{message}");
    }
}

fn check(build: Arc<dyn Fn(SessionPlugin) -> App>, seconds: f32) -> Result<(), String> {
    let disk = record(Arc::clone(&build), seconds)?;
    let replay =
        Replay::open_on(Arc::new(disk), Path::new("")).map_err(|error| error.to_string())?;
    let playback = replay.play(move |plugin| build(plugin), ReplayManner::Exact);
    let mut playback = playback.map_err(|error| error.to_string())?;
    loop {
        match playback.step().map_err(|error| error.to_string())? {
            ReplayStep::Frame => {}
            ReplayStep::Keyframe(reached) => {
                if let Some(divergence) = reached.divergence {
                    return Err(format!(
                        "the game does something else the second time: {divergence}"
                    ));
                }
            }
            ReplayStep::Panicked { message } => {
                return Err(format!("the game panics the second time: {message}"));
            }
            ReplayStep::End => return Ok(()),
        }
    }
}

/// Plays this many seconds, with a checkpoint at the end of each. Returns the disk that they were
/// recorded on.
fn record(build: Arc<dyn Fn(SessionPlugin) -> App>, seconds: f32) -> Result<MemoryDisk, String> {
    let plugin = SessionPlugin::new("Studio", "Game under test").with_tape();
    let mut game = TestGame::with(plugin, MemoryDisk::default(), move |plugin| build(plugin));
    game.frame_time(FRAME);
    let failed = |error| format!("the game doesn't play: {error}");
    game.start(NewSession::named("The same again")).map_err(failed)?;
    game.checkpoint("begin").map_err(failed)?;
    let mut left = seconds;
    while left > 0.0 {
        game.seconds(left.min(1.0));
        game.checkpoint("a second later").map_err(failed)?;
        left -= 1.0;
    }
    Ok(game.disk().snapshot())
}
