//! Thousands of random worlds: whatever a game did to its world, the journal has the same data as
//! the world, and a restore produces the same world.
//!
//! A [`Life`] plays a game at random, takes delta and full captures, and checks at each turn that
//!
//! - the chain of captures, merged in random batches, equals a fresh full capture;
//! - a restore gives the same world, in a fresh app and in one that was being played. It is
//!   compared by a [`Portrait`], which reads the ECS and uses no codecs, recorders or encoders;
//! - a capture of the restored world equals the one that it was restored from.
//!
//! A seed is one app and the [`WORLDS`] worlds that are played in it, one after the other, so that
//! one world's remains are the next one's surroundings. A failure names the seed, and
//! `BEVY_SESSION_WORLDS_SEED=<seed>` plays only that one. `BEVY_SESSION_TORTURE=<rounds>`
//! multiplies the number of seeds.

mod churn;
mod expected;
mod figures;
mod game;
mod hooks;
mod levels;
mod life;
mod links;
mod portrait;
mod rows;
mod self_tested;

use std::ops::Range;
use std::time::Instant;

use bevy_session_journal::internal::deep::{Random, rounds, tell};

use figures::{Figures, InPlaceFigures};
use game::Variant;
use life::Life;
use portrait::Portrait;

/// The number of worlds per seed.
const WORLDS: u64 = 25;
/// The number of seeds in an ordinary test run.
const SEEDS: u64 = 84;

/// The seeds to play.
fn seeds() -> Range<u64> {
    let only = std::env::var("BEVY_SESSION_WORLDS_SEED").ok().and_then(|seed| seed.parse().ok());
    match only {
        Some(seed) => seed..seed + 1,
        None => 0..SEEDS * rounds().unwrap_or(1),
    }
}

/// Prints the seed if the test fails while it is played.
struct Played(u64);

impl Drop for Played {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tell(&format!("play it alone with BEVY_SESSION_WORLDS_SEED={}", self.0));
        }
    }
}

/// Plays every seed, in parallel if there are cores for it.
fn play_all<T: Send>(play: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let seeds = seeds();
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let play_some = |first: u64| {
        let own = seeds.clone().skip(first as usize).step_by(threads as usize);
        let played = own.map(|seed| {
            let _played = Played(seed);
            play(seed)
        });
        played.collect::<Vec<T>>()
    };
    let play_some = &play_some;
    std::thread::scope(|scope| {
        let players: Vec<_> =
            (0..threads).map(|first| scope.spawn(move || play_some(first))).collect();
        let played = players.into_iter().map(|player| player.join().expect("a seed failed"));
        played.flatten().collect()
    })
}

// Feature: A world that came back in place equals one that was spawned again.
// Page: guide/rewind-in-place.md
#[test]
fn any_world_is_restored_in_place() {
    let begun = Instant::now();
    let played = play_all(|seed| {
        let mut life = Life::begin(Variant::of(seed), Random::new(seed));
        for _ in 0..WORLDS {
            life.go_on();
            life.rewind_in_place();
        }
        life.end().1
    });
    let figures: InPlaceFigures = played.into_iter().sum();
    tell(&format!("generated worlds in place: {figures:?} in {:?}", begun.elapsed()));
    if seeds().count() as u64 >= SEEDS {
        figures.fail_if_shrunk();
    }
}

#[test]
fn any_world_is_restored_from_any_chain_of_captures() {
    let begun = Instant::now();
    let played = play_all(|seed| {
        let mut life = Life::begin(Variant::of(seed), Random::new(seed));
        for _ in 0..WORLDS {
            life.go_on();
            life.hold_the_journal_against_the_world();
            life.restore();
        }
        life.end().0
    });
    let figures: Figures = played.into_iter().sum();
    tell(&format!("generated worlds: {figures:?} in {:?}", begun.elapsed()));
    if seeds().count() as u64 >= SEEDS {
        figures.fail_if_shrunk();
    }
}
