//! The code that keeps a replica on the machines that play, under every mishap that a seed draws.
//!
//! Each machine has a disk that may fail and lose what isn't synced, a clock, and processes that come and go: a
//! [`Shipper`](super::Shipper) with its recorder, and a game that writes as the real one does. They share one store. All of
//! it runs in one thread: within each request, and between two operations of a disk, the others go on for a while.
//! A [`Judge`](judge::Judge) holds what was acknowledged, claimed, fetched and given up against what was promised.
//!
//! It fails when a later claimant lacks what was reported as replicated, a machine lacks what was played there and the replica
//! doesn't have it, a file is read that never was, a slot is lost, a session is given up without a reason, or when, once
//! everything works, a machine is stuck, an owner that isn't silent loses its session, or what was released differs. How often
//! each of this is reached is counted, with a least.
//!
//! `cargo test -p bevy_session_journal --lib -- replica::machines` plays 400 schedules. `BEVY_SESSION_TORTURE=<count>` plays
//! so many, and `BEVY_SESSION_REPLICA_SEED=<seed>` one again.

mod desk;
mod ending;
mod game;
mod judge;
mod line;
mod machine;
mod mishaps;
mod news;
mod processes;
mod reader;
mod schedules;
mod world;

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use super::reach::drawn;
use crate::deep::tell;
use world::World;

/// Machines, the one included that takes over at the end.
const MACHINES: usize = 4;
/// The length of a lease.
const LEASE: Duration = Duration::from_secs(1);
/// Milliseconds in which mishaps happen, at least.
const LENGTH: u64 = 4_000;

/// Tells a step of the one seed that is played, if one is.
fn trace(step: impl FnOnce() -> String) {
    static IS_WANTED: LazyLock<bool> = LazyLock::new(|| schedules::only_seed().is_some());
    if *IS_WANTED {
        tell(&step());
    }
}

/// Plays a seed; what was reached, and what didn't hold.
fn play(seed: u64) -> (BTreeMap<&'static str, u64>, Option<String>) {
    drawn::from(Some(seed));
    let world = World::new(seed, MACHINES);
    let length = LENGTH + world.draw(|random| random.below(LENGTH * 2));
    world.state().machines[MACHINES - 1].never_starts();
    world.go_on(length);
    if !world.is_violated() {
        world.come_to_an_end();
    }
    drawn::from(None);
    let state = world.state();
    (state.judge.counts.clone(), state.judge.violation.clone())
}
