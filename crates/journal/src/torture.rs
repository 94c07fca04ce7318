//! Torture: proves that nothing acknowledged is lost by failures of power, disk and files.
//!
//! The store, the writer and recovery run as they are, on a [`SimulatedDisk`]. A [`Play`] is a game
//! without a world: it starts and continues sessions, captures deltas of a made-up [`World`], dies
//! and comes back, and keeps a [`History`] of what was reported as safe. Everything that the disk may
//! look like afterwards is then opened, and what is found there is held against the history.
//!
//! `BEVY_SESSION_TORTURE=<rounds>` goes deeper: it plays this number of seeded scenarios instead of the few of every
//! test run. A failure names the seed, and `BEVY_SESSION_TORTURE_SEED=<seed>` plays that one alone.
//!
//! [`SimulatedDisk`]: crate::disk::simulated_disk::SimulatedDisk

mod attachments;
mod backwards;
mod beside;
mod branches;
mod cleaning;
mod compound;
mod content;
mod copies;
mod crash_states;
mod damage;
mod debt;
mod deletion;
mod digests;
mod encoding;
mod erasing;
mod events;
mod exporting;
mod failed_seeds;
mod faults;
mod game;
mod gathering;
mod history;
mod hostile;
mod link;
mod load;
mod locks;
mod lost_lock;
mod many_runs;
mod opening;
mod play;
mod properties;
mod pruning;
mod records;
mod repairs;
mod reports;
mod round_trips;
mod script;
mod shelf;
mod terabyte;
mod unknown;
mod world;

use crate::deep::{Random, rounds, tell};
use game::Game;
use history::{Fact, History};
use opening::Opened;
use play::Play;
use script::{Action, Script};
use world::World;

/// The one seed to play, if there is one.
fn only_seed() -> Option<u64> {
    std::env::var("BEVY_SESSION_TORTURE_SEED").ok()?.parse().ok()
}
