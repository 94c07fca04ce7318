//! `--panic-seed`: a bug in the rules, for those who look whether a crash can be played again.
//!
//! A game has no need of this.

use bevy::prelude::*;
use bevy_session::prelude::*;
use serde::{Deserialize, Serialize};

use crate::model::{Game, Player};
use crate::play;

/// The number of steps, from the first on which the bug can show, after which whoever catches a firefly meets it.
const AT_THE_LATEST: u64 = 200;

/// A bug. It is saved, so that a replay has the same one.
#[derive(Resource, Reflect, Clone, PartialEq, Debug, Serialize, Deserialize)]
#[reflect(Resource, Saved)]
pub struct Bug {
    seed: u64,
    steps: u64,
    /// Fireflies that follow somebody.
    caught: usize,
}

impl Bug {
    pub fn new(seed: u64) -> Self {
        Self { seed, steps: 0, caught: 0 }
    }

    /// Steps that were played with it.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The first step on which it can show.
    fn from(&self) -> u64 {
        100 + self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) % 400
    }
}

/// The panic is announced, since the process that panics says nothing afterwards.
#[derive(Resource)]
struct Announced;

pub fn plugin(app: &mut App) {
    app.add_systems(
        FixedUpdate,
        show.after(play::catch)
            .run_if(in_state(Game::Playing).and_then(resource_exists::<Bug>))
            .run_if(not(session_is_restoring)),
    );
}

pub fn announced(app: &mut App) {
    app.insert_resource(Announced);
}

/// Panics where somebody catches a firefly in a wrong place: where that is, the inputs have made.
fn show(
    mut bug: ResMut<Bug>,
    players: Query<(&Transform, &Player)>,
    announced: Option<Res<Announced>>,
) {
    bug.steps += 1;
    let caught = players.iter().map(|(_, player)| player.tail.len()).sum();
    let before = std::mem::replace(&mut bug.caught, caught);
    let Some(since) = bug.steps.checked_sub(bug.from()).filter(|_| caught > before) else { return };
    let Some((at, _)) = players.iter().find(|(_, player)| !player.tail.is_empty()) else { return };
    let (x, y) = (at.translation.x.to_bits(), at.translation.y.to_bits());
    let place = u64::from(x) << 32 | u64::from(y);
    let mixed = (bug.seed ^ place).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    if since < AT_THE_LATEST && !(mixed >> 32).is_multiple_of(4) {
        return;
    }
    let message = format!("firefly {caught} was caught at {x:08x}, {y:08x}");
    if announced.is_some() {
        print("panicking", bug.steps, &message);
    }
    panic!("{message}");
}

/// A line for a program that reads it.
#[expect(clippy::print_stdout, reason = "it talks to a program")]
pub fn print(event: &str, tick: u64, message: &str) {
    println!(r#"{{"event":"{event}","tick":{tick},"message":"{message}"}}"#);
}
